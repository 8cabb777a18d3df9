# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""exabgp_neighbors: what each neighbor says of itself, filled up from the host, and what holds for all kinds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _capabilities as capabilities
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _groups as groups
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _peering as peering
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _policy as policy
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _profiles as profiles
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _raw as raw
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import Address
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._families import FAMILIES
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Control, Neighbor, together
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._own_profiles import Catalog, read_profiles
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._profile_form import MOST_PREFIXES

VARIABLE = "exabgp_neighbors"
OPTIONS = (
    "name",
    "profile",
    "peer_address",
    "peer_as",
    "local_address",
    "local_as",
    "router_id",
    "description",
    "hold_time",
    "passive",
    "port",
    "families",
    "md5",
    "ttl_security",
    "multihop",
    "prefix_limit",
    "scope",
    "default_route",
    "group",
    "raw",
    *capabilities.OPTIONS,
)
BGP_PORT = 179
MAX_TTL = 255
_KEY_ADVICE = "keys belong in exabgp_md5_keys, and the neighbor says md5: true"
_ADVICE = {
    "password": _KEY_ADVICE,
    "md5_password": _KEY_ADVICE,
    "md5_key": _KEY_ADVICE,
    "key": _KEY_ADVICE,
    "asn": "did you mean peer_as",
    "remote_as": "did you mean peer_as",
    "neighbor": "did you mean peer_address",
    "address": "did you mean peer_address",
    "gtsm": "did you mean ttl_security",
    "ebgp_multihop": "did you mean multihop",
    "max_prefixes": "did you mean prefix_limit",
    "groups": "did you mean group",
    "graceful_restart": "did you mean capabilities.graceful_restart",
    "add_path": "did you mean capabilities.add_path",
    "route_refresh": "did you mean capabilities.route_refresh",
    "routes": "routes are given in exabgp_routes, with neighbors: [NAME]",
}
# What a neighbor takes over from its host: option -> (variable, reader).
_FROM_HOST: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "local_as": ("exabgp_local_as", fields.as_number),
    "local_address": ("exabgp_local_address", fields.address),
    "router_id": ("exabgp_router_id", fields.router_id),
}


def read_neighbors(findings: Findings, host: Section) -> list[Neighbor]:
    """Read all neighbors of a host and check each by itself and against the others. Routes come later."""
    raw_only = raw.holds_neighbors(host)
    if not raw_only:
        host.require(VARIABLE, "a list of the host's BGP neighbors")
    entries = host.read_list(VARIABLE, lambda entry: entry)
    if not entries and not host.failed(VARIABLE) and not raw_only:
        host.refuse(VARIABLE, Refusal("has no neighbor, and ExaBGP does not start without one", rule="neighbors.none"))
    defaults = {option: host.read(variable, reader) for option, (variable, reader) in _FROM_HOST.items()}
    nearest, catalog = Nearest(OPTIONS), read_profiles(findings, host)
    shared = groups.Groups(host, OPTIONS, _ADVICE)
    neighbors = []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            findings.error(f"neighbor #{number}", "", f"must be a mapping, but is {kind(entry)}", rule="neighbor.form")
            continue
        where = f"neighbor #{number}"
        with contextlib.suppress(Refusal):  # reported later, where the name is read for good
            where = f"neighbor {fields.name(entry.get('name'))}"
        member = shared.member(findings, where, entry)
        neighbors.append(_read(findings, member, defaults, nearest, catalog))
    _require_from_host(host, neighbors)
    _unique_names(findings, neighbors)
    _unique_sessions(findings, neighbors)
    _one_ttl_per_listener(findings, neighbors)
    return neighbors


def _read(
    findings: Findings,
    section: Section,
    defaults: dict[str, Any],
    nearest: Nearest,
    catalog: Catalog,
) -> Neighbor:
    neighbor = Neighbor(where=section.where, section=section)
    section.refuse_unknown(OPTIONS, nearest, _ADVICE)
    section.require("name", "every neighbor has a name of its own")
    neighbor.name = section.read("name", fields.name)
    profile = section.read("profile", catalog.read) if section.has("profile") else profiles.DEFAULT
    neighbor.profile = catalog.get(profile) if profile else None
    section.require("peer_address", "the address of the BGP speaker at the other end")
    neighbor.peer_address = section.read("peer_address", fields.address)
    neighbor.peer_as = section.read("peer_as", fields.as_number)
    for option, (_variable, reader) in _FROM_HOST.items():
        if section.has(option):
            setattr(neighbor, option, section.read(option, reader))
        else:
            setattr(neighbor, option, defaults[option])
            neighbor.inherited.add(option)
    neighbor.description = section.read("description", _description_without_key(findings)) or ""
    neighbor.hold_time = section.read("hold_time", fields.hold_time)
    neighbor.passive = bool(section.read("passive", fields.boolean))
    neighbor.port = section.read("port", fields.integer(1, fields.MAX_U16)) if section.has("port") else BGP_PORT
    neighbor.families = _families(section)
    neighbor.md5 = _switch(section, "md5", fields.md5_switch)
    neighbor.ttl_security = _switch(section, "ttl_security", fields.boolean)
    neighbor.multihop = section.read("multihop", fields.integer(1, MAX_TTL))
    neighbor.prefix_limit = section.read("prefix_limit", fields.integer(1, MOST_PREFIXES))
    policy.read_scope(section, neighbor)
    capabilities.read(findings, neighbor)
    _check_alone(findings, neighbor)
    peering.check_neighbor(findings, neighbor)
    capabilities.check_families(neighbor)
    policy.check_scope(findings, neighbor)
    if section.failed("group") and not section.has("families"):
        neighbor.families = None
    if neighbor.peer_as is None and neighbor.profile:
        section.require("peer_as", "the AS number of the other end")
    return neighbor


def _description_without_key(findings: Findings) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = fields.description(value)
        if findings.hides(text):
            raise Refusal("holds a key of exabgp_md5_keys", rule="description.key")
        return text

    return read


def _families(section: Section) -> list[str] | None:
    if not section.has("families"):
        return None
    families = section.read_list("families", fields.one_of(FAMILIES))
    if section.failed("families"):
        return None
    if not families:
        section.refuse("families", Refusal("is an empty list", "leave it out for the default", rule="families"))
        return None
    if len(set(families)) < len(families):
        section.refuse("families", Refusal("names a family twice", rule="families"))
        return None
    return families


def _switch(section: Section, option: str, reader: Callable[[Any], bool]) -> Control | None:
    """The setting that the inventory makes. None when it makes none, or a wrong one."""
    on = section.read(option, reader)
    if on is None:
        return None
    return Control(on, "asked for" if on else f"turned off in the inventory with {option}: false")


def _check_alone(findings: Findings, neighbor: Neighbor) -> None:
    """What holds for a neighbor of any profile."""
    local, peer = neighbor.local_address, neighbor.peer_address
    where = neighbor.where
    if local and peer and local == peer and not _loopback(peer):
        findings.error(where, "peer_address", f"{peer.text} is also the local address", rule="session.self")
    elif local and peer and local.version != peer.version:
        findings.error(
            where,
            "peer_address",
            f"{peer.text} is IPv{peer.version}, but the local address {local.text} is IPv{local.version}",
            hint=f"give the neighbor an IPv{peer.version} local_address",
            rule="session.family",
        )
    if neighbor.ttl_security and neighbor.ttl_security.on and neighbor.given("multihop"):
        findings.error(
            where,
            "ttl_security",
            "excludes multihop: it sends, and insists on, TTL 255",
            hint="leave one of the two out",
            rule="ttl_security.multihop",
            source="RFC 5082",
        )
    if neighbor.passive and neighbor.given("port"):
        findings.warn(
            where,
            "port",
            "has no effect: a passive neighbor is never connected to",
            hint="leave it out",
            rule="port.passive",
        )


def _loopback(address: Address) -> bool:
    """Two speakers on one machine, with other ports, may well have the same address."""
    return address.text == "::1" or (address.version == 4 and address.value >> 24 == 127)


def _require_from_host(host: Section, neighbors: list[Neighbor]) -> None:
    """What the host has to give: always a router id, the rest where a neighbor has none of its own."""
    if not neighbors and raw.holds_neighbors(host):
        return
    host.require("exabgp_router_id", "an IPv4 address that no other BGP speaker uses as its id")
    for option in ("local_as", "local_address"):
        variable = _FROM_HOST[option][0]
        lacking = [neighbor for neighbor in neighbors if option in neighbor.inherited]
        if lacking and not host.has(variable):
            reason = f"is missing, and {together(lacking, 'has', 'have')} no {option}"
            host.refuse(variable, Refusal(reason, f"set {variable} for the host", rule="missing"))


def _unique_names(findings: Findings, neighbors: list[Neighbor]) -> None:
    seen: set[str] = set()
    for neighbor in neighbors:
        if neighbor.name in seen:
            findings.error(neighbor.where, "name", "is the name of two neighbors", rule="neighbor.name.twice")
        elif neighbor.name:
            seen.add(neighbor.name)


def _unique_sessions(findings: Findings, neighbors: list[Neighbor]) -> None:
    seen: dict[tuple[str, str], Neighbor] = {}
    for neighbor in neighbors:
        if not neighbor.local_address or not neighbor.peer_address:
            continue
        ends = (neighbor.local_address.text, neighbor.peer_address.text)
        first = seen.setdefault(ends, neighbor)
        if first is not neighbor:
            findings.error(
                neighbor.where,
                "peer_address",
                f"the session from {ends[0]} to {ends[1]} is already that of {first.where}",
                rule="session.twice",
                source="ExaBGP 4.2.25 and 5.0.15, measured: duplicate peer definition",
            )


def _one_ttl_per_listener(findings: Findings, neighbors: list[Neighbor]) -> None:
    """Passive neighbors of one local address share a listening socket, and its minimum TTL."""
    guarded = {n.local_address: n for n in neighbors if n.listens and n.ttl_security and n.ttl_security.on}
    for neighbor in neighbors:
        if not neighbor.listens or not neighbor.ttl_security or neighbor.ttl_security.on:
            continue
        other = guarded.get(neighbor.local_address) if neighbor.local_address else None
        if other and neighbor.local_address:
            findings.error(
                neighbor.where,
                "ttl_security",
                f"has to be on: {other.where} has it, and both wait for connections to {neighbor.local_address.text}",
                hint="turn it on for both, or give one of them a local_address of its own",
                rule="ttl_security.listener",
                source="ExaBGP 5.0.15, measured",
            )
