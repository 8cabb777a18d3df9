# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Routes and FlowSpec rules of the plan in ExaBGP's spelling, one statement each and on one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._announce import extended
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._flow_names import KEYWORDS
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._families import MULTICAST


def is_static(route: Mapping[str, Any]) -> bool:
    """Tell whether the route is written in the section static; the family of the others cannot be told there."""
    return not str(route["family"]).endswith(MULTICAST)


def route_statement(route: Mapping[str, Any]) -> str:
    """One route as a statement of the section static, or of announce, without the semicolon."""
    words = [f"{'route' if is_static(route) else 'multicast'} {route['prefix']} next-hop {route['next_hop']}"]
    if route["path_information"] is not None:
        words.append(f"path-information {route['path_information']}")
    if route["label"] is not None:
        words.append(f"label {route['label']}")
    if route["rd"]:
        words.append(f"rd {route['rd']}")
    for keyword, key in (("origin", "origin"), ("med", "med"), ("local-preference", "local_preference")):
        if route[key] is not None:
            words.append(f"{keyword} {route[key]}")
    for keyword, items in (
        ("as-path", route["as_path"]),
        ("community", route["communities"]),
        ("large-community", route["large_communities"]),
        ("extended-community", [extended(item) for item in route["extended_communities"]]),
        ("cluster-list", route["cluster_list"]),
    ):
        if items:
            words.append(f"{keyword} [ {' '.join(map(str, items))} ]")
    if route["originator_id"]:
        words.append(f"originator-id {route['originator_id']}")
    if route["atomic_aggregate"]:
        words.append("atomic-aggregate")
    if route["aggregator"]:
        words.append(f"aggregator ( {route['aggregator']} )")
    if route["watchdog"]:
        words.append(f"watchdog {route['watchdog']}")
    if route["withdraw"]:
        words.append("withdraw")
    return " ".join(words)


def flow_statement(flow: Mapping[str, Any]) -> str:
    """One FlowSpec rule as a section of flow. On one line, so that it can be taken back as it was written."""
    match = []
    for name, value in flow["match"].items():
        match.append(f"{KEYWORDS[name]} {value if isinstance(value, str) else _listed(value)};")
    rd = f"rd {flow['rd']}; " if flow["rd"] else ""
    return f"route {flow['name']} {{ {rd}match {{ {' '.join(match)} }} then {{ {' '.join(_then(flow['action']))} }} }}"


def _then(action: Mapping[str, Any]) -> Iterable[str]:
    if action["accept"]:
        yield "accept;"
    if action["discard"]:
        yield "discard;"
    if action["rate_limit"] is not None:
        yield f"rate-limit {action['rate_limit']};"
    if action["rate_limit_packets"] is not None:
        yield f"rate-limit {action['rate_limit_packets']} packets;"
    for keyword in ("redirect", "copy", "mark"):
        if action[keyword] is not None:
            yield f"{keyword} {action[keyword]};"
    if action["sample"] or action["terminal"]:
        yield f"action {'-'.join(word for word in ('sample', 'terminal') if action[word])};"
    for keyword, items in (
        ("community", action["communities"]),
        ("large-community", action["large_communities"]),
        ("extended-community", [extended(item) for item in action["extended_communities"]]),
    ):
        if items:
            yield f"{keyword} [ {' '.join(items)} ];"


def _listed(items: Iterable[Any]) -> str:
    words = [str(item) for item in items]
    return words[0] if len(words) == 1 else f"[ {' '.join(words)} ]"
