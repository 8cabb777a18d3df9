# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Which neighbors a route or a FlowSpec rule goes to: those that it names, or all that carry its family."""

from __future__ import annotations

from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Refusal
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor, by_name, together
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest


class Recipients:
    """The neighbors of one host, for one kind of entry.

    Args:
        kind: "route" or "flow", the beginning of the rules' names.
        field: The field that is refused when no neighbor carries the family.
    """

    def __init__(self, neighbors: list[Neighbor], kind: str, field: str) -> None:
        self._neighbors = neighbors
        self._by_name = by_name(neighbors)
        self._names = Nearest(self._by_name)
        self._kind = kind
        self._field = field

    def named(self, section: Section) -> list[Neighbor] | None:
        """The neighbors that the entry names. None when it names none, and so means all that carry it."""
        if not section.has("neighbors"):
            return None
        names = section.read_list("neighbors", self._known_name)
        if not names and not section.failed("neighbors"):
            refusal = Refusal("is an empty list", "leave it out for all", rule=f"{self._kind}.neighbors")
            section.refuse("neighbors", refusal)
        return [self._by_name[name] for name in dict.fromkeys(names)]

    def carriers(self, section: Section, family: str, named: list[Neighbor] | None) -> list[Neighbor]:
        """The neighbors that the entry goes to; reported when a named one, or no one at all, can carry it."""
        asked = self._neighbors if named is None else named
        carriers = [neighbor for neighbor in asked if neighbor.carries(family)]
        rule = f"{self._kind}.family"
        if named is None and not carriers and self._neighbors:
            refusal = Refusal(f"no neighbor carries {family}", "add it to a neighbor's families", rule=rule)
            section.refuse(self._field, refusal)
        elif named is not None and len(carriers) < len(asked):
            without = [neighbor for neighbor in asked if not neighbor.carries(family)]
            reason = f"{together(without, 'does', 'do')} not carry {family}"
            section.refuse("neighbors", Refusal(reason, "add it to the families, or leave the neighbor out", rule=rule))
        return carriers

    def _known_name(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self._by_name:
            hint = self._names.hint(value) if isinstance(value, str) else ""
            raise Refusal("is no neighbor of this host", hint, value=value, rule=f"{self._kind}.neighbors")
        return value
