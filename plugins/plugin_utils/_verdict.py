# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Hold what the daemon says against the plan of its host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import address, read_sessions
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._identity import Rule, missing, rule
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._identity import route as identity
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _health_verdict as health_verdict

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
_COLUMNS = ("HOST", "NEIGHBOR", "PEER", "AS", "STATE", "UP FOR", "ANNOUNCED")


def verdict(
    plan: Mapping[str, Any], answer: Mapping[str, Any], health: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Judge one host.

    :param plan: the host's plan.
    :param answer: the result of the module exabgp_peering_info with C(include_routes), asked for the plan's neighbors.
    :param health: the result of the module exabgp_health_info, for a host with services.
    :return: C(ok) (bool), C(table) (lines of a table, one session each), C(faults) (a sentence for each thing that is
        not as planned, with what to type next), C(notes) (a sentence for each service that its checks hold back).
    """
    host = plan["host"]
    peerings = {(address(item["local_address"]), address(item["peer_address"])): item for item in answer["peerings"]}
    rows: list[tuple[str, ...]] = [_COLUMNS]
    faults = []
    for neighbor in plan["neighbors"]:
        ends = (address(neighbor["local_address"]), address(neighbor["peer_address"]))
        peering = peerings.pop(ends)
        rows.append(_row(host, neighbor, peering, health_verdict.planned_prefixes(plan, neighbor)))
        faults += [
            f"{host}: neighbor {neighbor['name']}: {fault}" for fault in _faults(neighbor, peering, answer["daemon"])
        ]
    raw = read_sessions((plan.get("raw") or {}).get("text", ""))
    for ends, peering in peerings.items():
        name = peering["peer_address"]
        rows.append(_row(host, {"name": name, "routes": []}, peering))
        if ends in raw:
            continue
        faults.append(
            f"{host}: neighbor {name}: the daemon has this session and the plan does not (run site.yml to remove it)"
        )
    of_services, notes = health_verdict.judge(plan, answer, health)
    faults += [f"{host}: {fault}" for fault in of_services]
    return {"ok": not faults, "table": _table(rows), "faults": faults, "notes": [f"{host}: {note}" for note in notes]}


def _faults(neighbor: Mapping[str, Any], peering: Mapping[str, Any], daemon: Mapping[str, Any]) -> list[str]:
    if peering["state"] != "established":
        reasons = "; ".join(peering["problems"]) or daemon["problem"] or "the host knows no reason"
        state = "unknown" if peering["state"] == "unknown" else f"down ({peering['state_raw'] or 'no state'})"
        return [
            f"state: the session with {neighbor['peer_address']} AS {neighbor['peer_as']} is {state}: {reasons} "
            f"(next: journalctl -u exabgp -n 50; ss -tni dst {neighbor['peer_address']})"
        ]
    held = {_identity(route): route for route in peering["routes_advertised"]}
    faults = []
    for route in neighbor["routes"]:
        found = held.get(_identity(route))
        if found is None:
            if route.get("watchdog"):  # a helper says when it is announced
                continue
            faults.append(f"route {route['prefix']}: planned and not announced (run site.yml to announce it)")
            continue
        for name in _ATTRIBUTES:
            wanted = _wanted(name, route, neighbor)
            if wanted is not None and wanted != _normal(name, found.get(name)):
                faults.append(f"route {route['prefix']}: {name}: announced with {found[name]}, planned is {wanted}")
    return faults + _flow_faults(neighbor, peering)


def _flow_faults(neighbor: Mapping[str, Any], peering: Mapping[str, Any]) -> list[str]:
    """Rules are compared by what they match; what ExaBGP prints of their actions differs from line to line."""
    held = [Rule(item["rule"][0], tuple(item["rule"][1])) for item in peering.get("flows_advertised", [])]
    planned = {rule(flow["match"], flow["rd"]): flow["name"] for flow in neighbor.get("flows", [])}
    return [
        f"flow {planned[item]}: planned and not announced (run site.yml to announce it)"
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


def _row(
    host: str, neighbor: Mapping[str, Any], peering: Mapping[str, Any], driven: Sequence[str] = ()
) -> tuple[str, ...]:
    up_for = "-" if peering["uptime_s"] is None else _duration(peering["uptime_s"])
    advertised = "-" if peering["prefixes_advertised"] is None else str(peering["prefixes_advertised"])
    return (
        host,
        neighbor["name"],
        str(peering["peer_address"]),
        str(peering["peer_as"]),
        str(peering["state"]),
        up_for,
        f"{advertised}/{len(neighbor['routes']) + len(driven)}",
    )


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    days, hours = divmod(hours, 24)
    clock = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return f"{days}d {clock}" if days else clock


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
