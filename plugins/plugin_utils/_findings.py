# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""What the plan has to say about an inventory: findings, and the one place that words them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

HOST = "host"  # the `where` of a finding about the host's own variables
_BARE = re.compile(r"[A-Za-z0-9._:/+-]+")
# An integer of thousands of digits is refused by str() itself.
PRINTABLE = 1 << 256
_SHOWN_CHARACTERS = 60
# Shorter ones occur by chance in any text, and hiding those would hide the reason with them.
_MASKED_CHARACTERS = 8


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or doubtful, in the inventory of one host.

    where: "host", "neighbor NAME" or "route PREFIX"; an entry without a readable name is "neighbor #2".
    field: the variable or option; empty when the finding is about the whole entry.
    rule: an id that stays the same when the wording changes.
    source: the document, or the measurement, that the rule rests on; empty for a rule of the inventory's own form.
    """

    host: str
    where: str
    field: str
    reason: str
    hint: str
    rule: str
    source: str

    @property
    def text(self) -> str:
        """The finding in one line, as an operator reads it."""
        places = [self.host, "" if self.where == HOST else self.where, self.field]
        line = ": ".join([*(place for place in places if place), self.reason])
        return f"{line} ({self.hint})" if self.hint else line

    @property
    def told(self) -> str:
        """The finding as an operator is shown it: in one line, with the rule and what it rests on."""
        return f"{self.text} [{self.rule}: {self.source}]" if self.source else self.text

    def __str__(self) -> str:
        return self.text


class Refusal(Exception):  # noqa: N818  (a verdict on a value, not a failure of the program)
    """A value that cannot stand. Raised by the readers, and turned into a Finding by the section that was read.

    `value`, when given, is shown before the reason; it is kept apart so that a secret can be masked in it.
    """

    NOT_SHOWN = object()

    def __init__(self, reason: str, hint: str = "", *, value: Any = NOT_SHOWN, rule: str, source: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.value = value
        self.rule = rule
        self.source = source


def kind(value: Any) -> str:
    """What an inventory's author calls the type of a value."""
    if value is None:
        return "empty"
    for types, name in (
        (bool, "true or false"),
        ((int, float), "a number"),
        (str, "text"),
        ((list, tuple), "a list"),
        (dict, "a mapping"),
    ):
        if isinstance(value, types):
            return name
    return "of an unknown type"


class Findings:
    """Collects the findings of one host, each once, and keeps key texts out of them."""

    def __init__(self, host: str, secrets: Iterable[str] = ()) -> None:
        self.host = host
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        self._seen: set[Finding] = set()
        self._secrets = [secret for secret in secrets if len(secret) >= _MASKED_CHARACTERS]

    def error(self, where: str, field: str, reason: str, *, hint: str = "", rule: str, source: str = "") -> None:
        """Record what makes the inventory impossible."""
        self._add(self.errors, where, field, reason, hint, rule, source)

    def warn(self, where: str, field: str, reason: str, *, hint: str = "", rule: str, source: str = "") -> None:
        """Record what may be meant, but probably is not."""
        self._add(self.warnings, where, field, reason, hint, rule, source)

    def refuse(self, where: str, field: str, refusal: Refusal) -> None:
        """Record a reader's refusal as an error."""
        reason = refusal.reason
        if refusal.value is not Refusal.NOT_SHOWN:
            reason = f"{self.shown(refusal.value)} {reason}"
        self.error(where, field, reason, hint=refusal.hint, rule=refusal.rule, source=refusal.source)

    def shown(self, value: Any) -> str:
        """A value of the inventory, short and on one line, without any key text."""
        if isinstance(value, bool) or value is None:
            return json.dumps(value)
        if isinstance(value, (int, float)):
            return str(value) if isinstance(value, float) or abs(value) < PRINTABLE else "a very large number"
        if not isinstance(value, str):
            return kind(value)
        text = self._masked(value)
        if len(text) > _SHOWN_CHARACTERS:
            text = text[:_SHOWN_CHARACTERS] + "..."
        return text if _BARE.fullmatch(text) else json.dumps(text)

    def hides(self, text: str) -> bool:
        """Tell whether a text holds one of the host's keys."""
        return any(secret in text for secret in self._secrets)

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _add(
        self, findings: list[Finding], where: str, field: str, reason: str, hint: str, rule: str, source: str
    ) -> None:
        masked = (self._masked(text) for text in (where, field, reason, hint, rule, source))
        finding = Finding(self.host, *masked)
        # The same fault is met again where several neighbors inherit one variable.
        if finding not in self._seen:
            self._seen.add(finding)
            findings.append(finding)
