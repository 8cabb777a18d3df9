# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""exabgp_routes: what is announced always, and to which neighbors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _communities as communities
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _route_fields as route_fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import Address, Prefix, PrefixSet
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._capabilities import sends_paths
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import MAX_U32, Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor, Route, together
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._policy import Policy
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._recipients import Recipients

T = TypeVar("T")

VARIABLE = "exabgp_routes"
OPTIONS = (
    "prefix",
    "next_hop",
    "med",
    "local_preference",
    "origin",
    "as_path",
    "communities",
    "large_communities",
    "extended_communities",
    "neighbors",
    *route_fields.OPTIONS,
)
SELF = "self"
ORIGINS = ("igp", "egp", "incomplete")
_ADVICE = {
    "local_pref": "did you mean local_preference",
    "metric": "did you mean med",
    "community": "did you mean communities",
    "large_community": "did you mean large_communities",
    "extended_community": "did you mean extended_communities",
    "neighbor": "did you mean neighbors",
    "network": "did you mean prefix",
    **route_fields.ADVICE,
}
_LOOKS_LIKE_A_PREFIX = re.compile(r"[0-9A-Fa-f.:/]{1,50}")
# RFC 4271 section 4.3: the length of an AS path segment is one byte.
_MAX_AS_PATH = 255

_med = fields.integer(0, MAX_U32)
_origin = fields.one_of(ORIGINS)


def read_routes(findings: Findings, host: Section, neighbors: list[Neighbor]) -> PrefixSet | None:
    """Read all routes of a host and hang each on the neighbors that it is announced to.

    Returns the allow-list; None when there is none to hold prefixes against.
    """
    policy = Policy(findings, host, neighbors)
    reader = _RouteReader(findings, neighbors, policy)
    for number, entry in enumerate(host.read_list(VARIABLE, lambda entry: entry), start=1):
        if isinstance(entry, dict):
            reader.read(number, entry)
        else:
            findings.error(f"route #{number}", "", f"must be a mapping, but is {kind(entry)}", rule="route.form")
    return policy.allowed


class _RouteReader:
    """Reads the routes of one host. What many routes share is read once and remembered."""

    def __init__(self, findings: Findings, neighbors: list[Neighbor], policy: Policy) -> None:
        self._findings = findings
        self._neighbors = neighbors
        self._recipients = Recipients(neighbors, "route", "prefix")
        self._policy = policy
        self._announced: dict[tuple[Any, ...], list[Neighbor]] = {}
        self._options = Nearest(OPTIONS)
        self._next_hop = _remembered(next_hop_of)
        self._as_number = _remembered(fields.as_number)
        self._standard = _remembered(communities.standard)
        self._large = _remembered(communities.large)
        self._extended = _remembered(communities.extended)

    def read(self, number: int, entry: dict[Any, Any]) -> None:
        section = Section(self._findings, _where(number, entry), entry)
        section.refuse_unknown(OPTIONS, self._options, _ADVICE)
        section.require("prefix", "every route has one")
        prefix = section.read("prefix", fields.prefix)
        next_hop = section.read("next_hop", self._next_hop) if section.has("next_hop") else SELF
        local_preference = section.read("local_preference", _med)
        as_path = section.read_list("as_path", self._as_number)
        if len(as_path) > _MAX_AS_PATH:
            refusal = Refusal(f"has more than {_MAX_AS_PATH} AS numbers", rule="as_path.length", source="RFC 4271")
            section.refuse("as_path", refusal)
        route: Route = {
            "prefix": prefix.text if prefix else None,
            "family": None,
            "next_hop": next_hop.text if isinstance(next_hop, Address) else next_hop,
            "origin": section.read("origin", _origin),
            "med": section.read("med", _med),
            "local_preference": local_preference,
            "as_path": as_path,
            "communities": _once_each(section.read_list("communities", self._standard)),
            "large_communities": _once_each(section.read_list("large_communities", self._large)),
            "extended_communities": _once_each(section.read_list("extended_communities", self._extended)),
        }
        route.update(route_fields.read(section, entry, prefix))
        family = route["family"]
        named = self._recipients.named(section)
        if prefix is None:
            return
        carriers = self._recipients.carriers(section, family, named)
        pieces = route_fields.pieces(section, prefix)
        # One piece stands for all: they have one length, and lie inside the prefix that is held as well.
        self._policy.check(section, prefix, as_path, carriers)
        if len(pieces) > 1 and not section.failed("prefix"):
            self._policy.check(section, pieces[0], as_path, carriers)
        if next_hop is not None:
            self._check_next_hop(section, prefix, next_hop, carriers)
        self._check_ebgp(section, as_path, local_preference, carriers)
        self._check_paths(section, route, carriers)
        for piece in pieces:
            planned = route if len(pieces) == 1 else {**route, "prefix": piece.text}
            self._check_once(section, planned, carriers)
            for neighbor in carriers:
                neighbor.routes.append(planned)

    def _check_next_hop(
        self, section: Section, prefix: Prefix, next_hop: Address | str, carriers: list[Neighbor]
    ) -> None:
        if isinstance(next_hop, Address):
            if next_hop.version != prefix.version:
                reason = f"{next_hop.text} is IPv{next_hop.version}, but the prefix is IPv{prefix.version}"
                section.refuse("next_hop", Refusal(reason, rule="next_hop.family"))
                return
            self._policy.check_next_hop(section, next_hop, carriers)
            return
        version = prefix.version
        # Only where it is certain that the neighbor carries the prefix: its families may be what is wrong.
        others = [n for n in carriers if n.families and n.local_address and n.local_address.version != version]
        if others:
            reason = f"self is not possible: {together(others, 'has', 'have')} no IPv{version} local_address"
            section.refuse(
                "next_hop",
                Refusal(
                    reason,
                    f"give an IPv{version} next_hop, or name other neighbors",
                    rule="next_hop.self",
                    source="ExaBGP 4.2.25 and 5.0.15, measured",
                ),
            )

    def _check_ebgp(
        self, section: Section, as_path: list[int], local_preference: int | None, carriers: list[Neighbor]
    ) -> None:
        """What ExaBGP does with two attributes towards another AS, and an operator may not expect."""
        if as_path:
            foreign = [n for n in carriers if n.external and n.local_as != as_path[0]]
            if foreign:
                self._findings.warn(
                    section.where,
                    "as_path",
                    f"does not begin with the local AS, and {together(foreign, 'may', 'may')} refuse it",
                    hint="ExaBGP sends it as it is written",
                    rule="as_path.first",
                    source="RFC 4271 section 6.3",
                )
        if local_preference is not None and carriers and all(n.external for n in carriers):
            self._findings.warn(
                section.where,
                "local_preference",
                "has no effect: it is not sent to another AS",
                hint="use med, or a community",
                rule="local_preference.ebgp",
                source="RFC 4271 section 5.1.5",
            )

    def _check_paths(self, section: Section, route: Route, carriers: list[Neighbor]) -> None:
        if route["path_information"] is None:
            return
        deaf = [neighbor for neighbor in carriers if not sends_paths(neighbor, route["family"])]
        if deaf:
            section.refuse(
                "path_information",
                Refusal(
                    f"{together(deaf, 'does', 'do')} not send several paths of {route['family']}",
                    "set capabilities.add_path: send for the neighbor, or leave path_information out",
                    rule="path_information.add_path",
                    source="RFC 7911 section 5",
                ),
            )

    def _check_once(self, section: Section, route: Route, carriers: list[Neighbor]) -> None:
        key = (route["prefix"], route["family"], route["rd"], route["path_information"])
        announced = self._announced.get(key)
        if announced is None:
            self._announced[key] = carriers
            return
        already = set(map(id, announced))
        twice = [neighbor for neighbor in carriers if id(neighbor) in already]
        if twice:
            section.refuse(
                "prefix",
                Refusal(f"{together(twice, 'has', 'have')} it already", "each prefix once", rule="route.twice"),
            )
        self._announced[key] = announced + carriers


def _where(number: int, entry: dict[Any, Any]) -> str:
    text = entry.get("prefix")
    if isinstance(text, str) and _LOOKS_LIKE_A_PREFIX.fullmatch(text.strip()):
        return f"route {text.strip()}"
    return f"route #{number}"


def next_hop_of(value: Any) -> Address | str:
    """A next hop: an address, or the word self."""
    if isinstance(value, str) and value.strip().lower() == SELF:
        return SELF
    return fields.address(value)


def _once_each(items: list[T]) -> list[T]:
    return list(dict.fromkeys(items)) if len(items) > 1 else items


def _remembered(reader: Callable[[Any], T]) -> Callable[[Any], T]:
    """The same reader, which reads each text once."""
    known: dict[str, T] = {}

    def read(value: Any) -> T:
        if not isinstance(value, str):
            return reader(value)
        if value not in known:
            known[value] = reader(value)
        return known[value]

    return read
