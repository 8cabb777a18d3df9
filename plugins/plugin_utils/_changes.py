# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""What changed in the network between two snapshots of what daemons, or clouds, said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import prefix
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_join as join

_ATTRIBUTES = ("next_hop", "med", "local_preference", "as_path", "communities", "large_communities")
_DIRECTIONS = {"routes_advertised": ("announced", "withdrawn"), "routes_received": ("learned", "lost")}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Compare two snapshots; each is the result of a module of the peering contract, by host.

    :return: changes sorted by host, neighbor and prefix. Each has C(host), C(neighbor), C(prefix) (null where it is of
        none), C(what), C(before), C(after) and C(summary). A host without an answer in one of them is told of.
    """
    found: list[dict[str, Any]] = []
    for host in sorted({*before, *after}):
        then, now = (side.get(host) or {} for side in (before, after))
        if "peerings" not in then or "peerings" not in now:
            which = "before" if "peerings" not in then else "after"
            words = f"{host}: not compared, the snapshot {which} has no answer of it"
            found.append(_change(host, None, None, "not_compared", None, None, words))
            continue
        old = {join.ends(item): item for item in then["peerings"]}
        new = {join.ends(item): item for item in now["peerings"]}
        for ends in sorted({*old, *new}):
            found += _of_session(host, old.get(ends), new.get(ends))
    return sorted(
        found, key=lambda item: tuple(str(item[name] or "") for name in ("host", "neighbor", "prefix", "what"))
    )


def _of_session(host: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    name = str((new or old or {}).get("name"))
    states = ((old or {}).get("state", "absent"), (new or {}).get("state", "absent"))
    found = []
    if states[0] != states[1]:
        words = f"{host}: neighbor {name}: the session was {states[0]} and is {states[1]}"
        found.append(_change(host, name, None, "session", *states, words))
    for direction, (came, went) in _DIRECTIONS.items():
        # What a session that is not known to be up carries is not known either.
        if "unknown" in states or any(item is not None and direction not in item for item in (old, new)):
            continue
        then, now = _routes(old, direction), _routes(new, direction)
        for key in sorted({*then, *now}):
            before, after = then.get(key), now.get(key)
            if before == after:
                continue
            what = came if before is None else went if after is None else "attributes"
            words = f"{host}: neighbor {name}: {key}: {_words(what, before, after)}"
            found.append(_change(host, name, key.split(" ")[0], what, before, after, words))
    return found


def _routes(item: Mapping[str, Any] | None, direction: str) -> dict[str, dict[str, Any]]:
    if item is None or item["state"] != "established":
        return {}
    found = {}
    for route in item[direction] or ():
        labels = [str(route[name]) for name in ("rd", "path_information") if route.get(name)]
        attributes = {name: route[name] for name in _ATTRIBUTES if route.get(name) not in (None, [])}
        for name in ("communities", "large_communities"):
            if name in attributes:
                attributes[name] = sorted(map(str, attributes[name]))
        found[" ".join([prefix(route["prefix"]), *labels])] = attributes
    return found


def _words(what: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    if before is None or after is None:
        return what
    names = [name for name in _ATTRIBUTES if before.get(name) != after.get(name)]
    return "; ".join(f"{name} was {before.get(name, 'not set')} and is {after.get(name, 'not set')}" for name in names)


def _change(
    host: str, neighbor: str | None, item: str | None, what: str, before: Any, after: Any, words: str
) -> dict[str, Any]:
    return {
        "host": host,
        "neighbor": neighbor,
        "prefix": item,
        "what": what,
        "before": before,
        "after": after,
        "summary": words,
    }
