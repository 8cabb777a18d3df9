# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""How the routes and rules that a daemon holds for a neighbor differ from the planned ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import address
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._identity import Rule, missing, rule
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._identity import route as identity

_ATTRIBUTES = (
    "next_hop",
    "origin",
    "med",
    "local_preference",
    "as_path",
    "communities",
    "large_communities",
    "extended_communities",
    "label",
    "originator_id",
    "cluster_list",
    "aggregator",
)


class Difference(NamedTuple):
    """One difference; kind is a class of _verdict_classes, what a prefix or a rule's name, words the sentence."""

    kind: str
    what: str
    words: str


def differences(neighbor: Mapping[str, Any], peering: Mapping[str, Any]) -> list[Difference]:
    """What a session that is Established announces in another way than planned."""
    held = {_identity(route): route for route in peering["routes_advertised"]}
    found = []
    for route in neighbor["routes"]:
        there = held.get(_identity(route))
        prefix = route["prefix"]
        if there is None:
            if route.get("watchdog"):  # a helper says when it is announced
                continue
            words = f"route {prefix}: planned and not announced (run site.yml to announce it)"
            found.append(Difference("not_announced", prefix, words))
            continue
        for name in _ATTRIBUTES:
            wanted = _wanted(name, route, neighbor)
            if wanted is not None and wanted != _normal(name, there.get(name)):
                words = f"route {prefix}: {name}: announced with {there[name]}, planned is {wanted}"
                found.append(Difference("attribute_differs", prefix, words))
    return found + _flows(neighbor, peering)


def _flows(neighbor: Mapping[str, Any], peering: Mapping[str, Any]) -> list[Difference]:
    """Rules are compared by what they match; what ExaBGP prints of their actions differs from line to line."""
    held = [Rule(item["rule"][0], tuple(item["rule"][1])) for item in peering.get("flows_advertised", [])]
    planned = {rule(flow["match"], flow["rd"]): flow["name"] for flow in neighbor.get("flows", [])}
    return [
        Difference(
            "not_announced",
            planned[item],
            f"flow {planned[item]}: planned and not announced (run site.yml to announce it)",
        )
        for item in missing(planned, held)
    ]


def _identity(route: Mapping[str, Any]) -> str:
    kind = str(route.get("family") or "").partition(" ")[2] or "unicast"
    return identity(route["prefix"], kind, route.get("rd"), route.get("path_information"))


def _wanted(name: str, route: Mapping[str, Any], neighbor: Mapping[str, Any]) -> Any:
    """A planned attribute as the daemon would show it; None where the plan leaves it open."""
    value = route.get(name)
    if name == "next_hop" and value == "self":
        local = address(neighbor["local_address"])
        return local if ("ipv6" in route["family"]) == (":" in local) else None
    if value is None or value == []:
        return None
    return _normal(name, value)


def _normal(name: str, value: Any) -> Any:
    if name == "next_hop":
        return address(value)
    if name in ("communities", "large_communities", "extended_communities"):
        return sorted(str(item).lower() for item in value)
    return value
