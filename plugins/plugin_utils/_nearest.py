# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Did you mean: the known name that is nearest to an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Comparing is slow, and nobody reads the hundredth suggestion.
_BUDGET = 100


class Nearest:
    """Suggests names out of a fixed set. Compares only when asked, each unknown name once, and not without end.

    A prefix that all names have is left out of the comparison, where it would make any two of them alike.
    """

    def __init__(self, names: Iterable[str], prefix: str = "") -> None:
        self._names = list(names)
        self._prefix = prefix
        self._answers: dict[str, str] = {}

    def hint(self, unknown: str) -> str:
        """Return "did you mean NAME", or an empty text when nothing is near."""
        if unknown not in self._answers:
            if len(self._answers) >= _BUDGET or len(unknown) > 80:
                return ""
            # Case first: difflib finds Peer_AS and peer_as far apart.
            folded = {self._folded(name): name for name in reversed(self._names)}
            found = difflib.get_close_matches(self._folded(unknown), folded, n=1, cutoff=0.6)
            self._answers[unknown] = f"did you mean {folded[found[0]]}" if found else ""
        return self._answers[unknown]

    def _folded(self, name: str) -> str:
        return name.lower().removeprefix(self._prefix)
