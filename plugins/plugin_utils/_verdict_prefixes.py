# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""What a cloud has learned, held against what the daemon announces to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import address, prefix
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._verdict_session import HIGH, LOW, MEDIUM


class Learned(NamedTuple):
    """What is to be said of one prefix, or of all of them when prefix is None."""

    kind: str
    prefix: str | None
    confidence: str
    evidence: list[str]


def announced(peering: Mapping[str, Any]) -> dict[str, Mapping[str, Any]] | None:
    """The unicast routes that the daemon sends, by prefix; None when that was not asked."""
    if "routes_advertised" not in peering:
        return None
    if peering.get("state") != "established":
        return {}
    return {
        prefix(route["prefix"]): route
        for route in peering["routes_advertised"]
        if str(route.get("family") or "unicast").endswith("unicast")
    }


def received(
    neighbor: Mapping[str, Any], sent: Mapping[str, Mapping[str, Any]], far: Mapping[str, Any]
) -> list[Learned]:
    """Judge the prefixes of a session that both ends call Established."""
    routes = far.get("routes_received")
    count, limit = far.get("prefixes_received"), neighbor.get("prefix_limit")
    if routes is None:
        return [_by_count(len(sent), count, limit)]
    there: dict[str, list[Mapping[str, Any]]] = {}
    for route in routes:
        there.setdefault(prefix(route["prefix"]), []).append(route)
    found = []
    for item, route in sorted(sent.items()):
        if item in there:
            found.append(_installed(item, there[item]))
        else:
            found.append(_missing(neighbor, item, route, len(there), limit))
    return found


def stale(sent: Mapping[str, Any], far: Mapping[str, Any]) -> list[Learned] | None:
    """Prefixes that the cloud holds and the daemon does not announce; None when the cloud tells no prefixes."""
    if far.get("routes_received") is None:
        return None
    held = sorted({prefix(route["prefix"]) for route in far["routes_received"]} - set(sent))
    return [
        Learned("stale_route", item, HIGH, ["the cloud holds it, the daemon does not announce it"]) for item in held
    ]


def _by_count(sent: int, count: int | None, limit: int | None) -> Learned:
    if count is None:
        return Learned("not_told", None, HIGH, ["the cloud tells neither prefixes nor their number"])
    words = [f"the cloud counts {count} prefixes, the daemon sends {sent}"]
    if count >= sent:
        return Learned("as_planned", None, MEDIUM, words)
    if limit is not None and count >= limit:
        return Learned("prefix_limit", None, MEDIUM, [*words, f"the limit is {limit}"])
    return Learned("not_learned", None, MEDIUM, words)


def _installed(item: str, routes: list[Mapping[str, Any]]) -> Learned:
    told = [route.get("installed") for route in routes]
    if told and all(value is False for value in told):
        why = [str(route["reason"]) for route in routes if route.get("reason")]
        return Learned("not_installed", item, HIGH, ["the cloud has learned it and does not use it", *why])
    words = "and uses it" if any(told) else "(whether it uses it is not told)"
    return Learned("as_planned", item, HIGH if any(told) else MEDIUM, [f"the cloud has learned it {words}"])


def _missing(neighbor: Mapping[str, Any], item: str, route: Mapping[str, Any], held: int, limit: int | None) -> Learned:
    words = [f"the session is up and the cloud has learned {held} prefixes of it, not this one"]
    path = [int(number) for number in route.get("as_path") or () if str(number).isdigit()]
    if neighbor.get("peer_as") in path:
        return Learned("own_as_in_path", item, HIGH, [*words, f"its path {path} has AS {neighbor['peer_as']}"])
    if limit is not None and held >= limit:
        return Learned("prefix_limit", item, HIGH, [*words, f"the limit is {limit}"])
    hop = route.get("next_hop")
    if hop and hop != "self" and address(hop) != address(neighbor["local_address"]):
        return Learned("next_hop", item, MEDIUM, [*words, f"its next hop is {hop}, not {neighbor['local_address']}"])
    return Learned("not_learned", item, LOW if limit is None else MEDIUM, words)
