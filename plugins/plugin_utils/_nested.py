# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""A mapping inside an entry: its fields are named with the option that holds them, as in capabilities.asn4."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest


class Nested(Section):
    """The section of an option of another section."""

    def __init__(self, findings: Findings, outer: Section, option: str, data: Mapping[Any, Any]) -> None:
        super().__init__(findings, outer.where, data)
        self._outer = outer
        self._option = option

    @property
    def broken(self) -> bool:
        """Tell whether anything in the mapping is already reported as wrong."""
        return self._outer.failed(self._option)

    def path(self, field: str) -> str:
        return f"{self._option}.{field}"

    def refuse(self, field: str, refusal: Refusal) -> None:
        self._failed.add(field)
        self._outer.refuse_inner(self._option, field, refusal)

    def refuse_unknown(self, known: Collection[str], nearest: Nearest, advice: Mapping[str, str]) -> None:
        for field in self._data:
            if field not in known:
                word = field if isinstance(field, str) else ""
                hint = advice.get(word) or nearest.hint(word)
                shown = self.findings.shown(field)
                self._outer.refuse_inner(
                    self._option, shown, Refusal("there is no such option", hint, rule="option.unknown")
                )


def nested(section: Section, option: str, example: str) -> Nested | None:
    """The mapping that an option holds. None when it was not written, or is none and that is reported."""
    value = section.raw(option)
    if value is None:
        return None
    if not isinstance(value, dict):
        reason = f"must be a mapping like {example}, but is {kind(value)}"
        section.refuse(option, Refusal(reason, rule="mapping"))
        return None
    return Nested(section.findings, section, option, value)
