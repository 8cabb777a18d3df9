# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""Previous configurations, kept beside the current one where only root can read them."""

from __future__ import annotations

import datetime
import os

PREVIOUS = "previous"


class NoGenerationError(Exception):
    """There is no such generation. The text names those that there are."""


class Generations:
    """The directory C(generations/) beside a configuration.

    :param path: the configuration.
    :param count: how many generations are kept, at least one.
    """

    def __init__(self, path: str, count: int) -> None:
        self._directory = os.path.join(os.path.dirname(path), "generations")
        self._prefix = os.path.basename(path) + "."
        self._count = max(1, count)

    def names(self) -> list[str]:
        """The names of the generations, oldest first."""
        try:
            return sorted(name for name in os.listdir(self._directory) if name.startswith(self._prefix))
        except FileNotFoundError:
            return []

    def store(self, text: str) -> str:
        """Keep a configuration and forget the oldest ones. Returns the file that keeps it."""
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
        kept = os.path.join(self._directory, self._prefix + stamp)
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        for name in self.names()[: -self._count]:
            os.unlink(os.path.join(self._directory, name))
        return kept

    def read(self, name: str) -> str:
        """The text of a generation, by its file name or C(previous) for the newest one.

        :raises NoGenerationError: there is no such generation.
        """
        names = self.names()
        if name == PREVIOUS and names:
            name = names[-1]
        if name not in names:
            there = f"there are: {', '.join(names)}" if names else f"{self._directory} has none"
            raise NoGenerationError(f"there is no generation {name} ({there})")
        with open(os.path.join(self._directory, name), encoding="utf-8") as stream:
            return stream.read()
