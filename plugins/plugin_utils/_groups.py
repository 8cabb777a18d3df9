# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""exabgp_neighbor_groups: what several neighbors share, written once.

    exabgp_neighbor_groups:
      edge: {hold_time: 30, md5: true}
    exabgp_neighbors:
      - {name: core-1, group: edge, peer_address: 10.0.2.1, peer_as: 65020}

What the neighbor says itself wins over its groups, and a later group over an earlier one. A value that cannot be read
is reported where it stands: once, at the group.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest

VARIABLE = "exabgp_neighbor_groups"
# What makes a neighbor the one that it is cannot be shared.
_OWN = ("name", "group", "peer_address")


class MemberSection(Section):
    """A neighbor with what its groups give it."""

    def __init__(
        self, findings: Findings, where: str, data: Mapping[Any, Any], origin: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(findings, where, data)
        self._origin = origin or {}

    def refuse(self, field: str, refusal: Refusal) -> None:
        self._failed.add(field)
        self.findings.refuse(self._where(field), field, refusal)

    def refuse_inner(self, field: str, inner: str, refusal: Refusal) -> None:
        self._failed.add(field)
        self.findings.refuse(self._where(field), f"{field}.{inner}", refusal)

    def unknown(self, field: str) -> None:
        """Count a field as wrong that is reported already."""
        self._failed.add(field)

    def _where(self, field: str) -> str:
        return f"group {self._origin[field]}" if field in self._origin else self.where


class Groups:
    """The groups of one host."""

    def __init__(self, host: Section, options: Collection[str], advice: Mapping[str, str]) -> None:
        """Read the variable; every fault of a group that no neighbor uses is reported too, save wrong values."""
        self._groups: dict[str, dict[Any, Any]] = {}
        value = host.raw(VARIABLE)
        if value is not None and not isinstance(value, dict):
            reason = f"must be a mapping from group names to options, but is {kind(value)}"
            host.refuse(VARIABLE, Refusal(reason, rule="group.form"))
        nearest = Nearest(options)
        for name, group in value.items() if isinstance(value, dict) else ():
            self._read(host, name, group, options, nearest, advice)
        self._failed = host.failed(VARIABLE)
        self._nearest = Nearest(self._groups)

    def _read(
        self,
        host: Section,
        name: Any,
        group: Any,
        options: Collection[str],
        nearest: Nearest,
        advice: Mapping[str, str],
    ) -> None:
        try:
            where = f"group {fields.name(name)}"
        except Refusal as refusal:
            host.refuse(VARIABLE, refusal)
            return
        if not isinstance(group, dict):
            host.findings.error(where, "", f"must be a mapping, but is {kind(group)}", rule="group.form")
            group = {}
        section = Section(host.findings, where, group)
        section.refuse_unknown((*options, *_OWN), nearest, advice)
        for option in _OWN:
            if section.has(option):
                section.refuse(option, Refusal("belongs to one neighbor alone", rule="group.own"))
        self._groups[name] = {key: item for key, item in group.items() if key in options and key not in _OWN}

    def member(self, findings: Findings, where: str, entry: dict[Any, Any]) -> MemberSection:
        """The section of a neighbor, filled up from its groups."""
        section = MemberSection(findings, where, entry)
        if "group" not in entry:
            return section
        if self._failed:
            section.unknown("group")
            return section
        value = entry["group"]
        if isinstance(value, list):
            names = section.read_list("group", self._known())
        else:
            found = section.read("group", self._known())
            names = [] if found is None else [found]
        merged: dict[Any, Any] = {}
        origin: dict[str, str] = {}
        for name in names:
            merged.update(self._groups[name])
            origin.update(dict.fromkeys(self._groups[name], name))
        merged.update(entry)
        origin = {key: name for key, name in origin.items() if key not in entry}
        member = MemberSection(findings, where, merged, origin)
        if section.failed("group"):
            member.unknown("group")
        return member

    def _known(self) -> Callable[[Any], str]:
        def read(value: Any) -> str:
            if isinstance(value, str) and value in self._groups:
                return value
            hint = self._nearest.hint(value) if isinstance(value, str) else ""
            raise Refusal(f"is no group of {VARIABLE}", hint, value=value, rule="group.unknown")

        return read
