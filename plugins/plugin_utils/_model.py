# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""A neighbor while it is planned, and the form that it has in the finished plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import Address
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._profiles import Profile

GTSM_TTL = 255
Route = dict[str, Any]


@dataclass
class Control:
    """A way to harden the session: whether it is on, and why."""

    on: bool
    reason: str


_NO_CONTROL = Control(False, "unknown")


@dataclass
class Neighbor:
    """One entry of exabgp_neighbors as far as it could be read.

    None stands for what is missing or wrong and already reported, so that no fault is reported twice.
    """

    where: str
    section: Section
    name: str | None = None
    profile: Profile | None = None
    description: str = ""
    local_address: Address | None = None
    local_as: int | None = None
    peer_address: Address | None = None
    peer_as: int | None = None
    router_id: str | None = None
    hold_time: int | None = None
    passive: bool = False
    port: int | None = None
    families: list[str] | None = None
    md5: Control | None = None
    ttl_security: Control | None = None
    multihop: int | None = None
    prefix_limit: int | None = None
    scope: str | None = None
    default_route: bool = False
    host_name: str | None = None
    domain_name: str | None = None
    source_interface: str | None = None
    listen_port: int | None = None
    capabilities: dict[str, Any] = field(default_factory=dict)
    raw: str | None = None
    inherited: set[str] = field(default_factory=set)
    routes: list[Route] = field(default_factory=list)
    flows: list[Route] = field(default_factory=list)
    services: dict[str, list[str]] = field(default_factory=dict)
    """The services that the health agent announces to it, with their prefixes."""

    def given(self, option: str) -> bool:
        """Tell whether the neighbor itself has the option, rightly or wrongly."""
        return self.section.has(option)

    @property
    def external(self) -> bool:
        """Tell whether the session is known to be with another AS."""
        return None not in (self.local_as, self.peer_as) and self.local_as != self.peer_as

    @property
    def listens(self) -> bool:
        """Tell whether the other end can open the session."""
        return self.passive or self.listen_port is not None

    def carries(self, family: str) -> bool:
        """Tell whether prefixes of the family can be announced to it. What is not known is not refused."""
        return self.families is None or family in self.families

    def as_plan(self) -> dict[str, Any]:
        """The neighbor in the finished plan. Only for one in which nothing is wrong."""
        md5, ttl_security = self.md5 or _NO_CONTROL, self.ttl_security or _NO_CONTROL
        sessions = self.profile.facts.get("sessions") if self.profile else None
        return {
            "name": self.name,
            "profile": self.profile.name if self.profile else None,
            "module": self.profile.module if self.profile else None,
            "scope": self.scope,
            "description": self.description,
            "local_address": self.local_address.text if self.local_address else None,
            "local_as": self.local_as,
            "peer_address": self.peer_address.text if self.peer_address else None,
            "peer_as": self.peer_as,
            "router_id": self.router_id,
            "hold_time": self.hold_time,
            "passive": self.passive,
            "port": self.port,
            "listen_port": self.listen_port,
            "source_interface": self.source_interface,
            "host_name": self.host_name,
            "domain_name": self.domain_name,
            "families": self.families,
            "capabilities": self.capabilities,
            "ttl": {
                "outgoing": GTSM_TTL if ttl_security.on else self.multihop,
                "incoming": GTSM_TTL if ttl_security.on else None,
            },
            "md5": md5.on,
            "controls": {
                "md5": {"on": md5.on, "reason": md5.reason},
                "ttl_security": {"on": ttl_security.on, "reason": ttl_security.reason},
            },
            "prefix_limit": self.prefix_limit,
            "sessions_wanted": sessions.value["wanted"] if sessions else 1,
            "routes": self.routes,
            "flows": self.flows,
            "services": list(self.services),
            "raw": as_raw(self.raw),
        }


def as_raw(text: str | None) -> dict[str, Any] | None:
    """Configuration text that the plan has not judged, marked as such; None where there is none."""
    return None if text is None else {"raw": True, "text": text}


def by_name(neighbors: Iterable[Neighbor]) -> dict[str, Neighbor]:
    """The neighbors by their names, in their order; of two with one name, the first."""
    named: dict[str, Neighbor] = {}
    for neighbor in neighbors:
        if neighbor.name is not None:
            named.setdefault(neighbor.name, neighbor)
    return named


def together(neighbors: Sequence[Neighbor], singular: str, plural: str) -> str:
    """Neighbors as the subject of a sentence, with the verb that fits their number."""
    names = [neighbor.where.removeprefix("neighbor ") for neighbor in neighbors]
    if len(names) == 1:
        return f"neighbor {names[0]} {singular}"
    return f"neighbors {listing(names)} {plural}"


def listing(names: Sequence[str], word: str = "and", shown: int = 3) -> str:
    """Names in a sentence: all of them, or the first few and how many more."""
    if len(names) == 1:
        return names[0]
    if len(names) <= shown + 1:
        return f"{', '.join(names[:-1])} {word} {names[-1]}"
    return f"{', '.join(names[:shown])} {word} {len(names) - shown} more"
