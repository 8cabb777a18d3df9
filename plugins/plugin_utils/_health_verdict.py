# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Hold what the daemon announces for services against what the health agent says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import address, prefix

_ANNOUNCED = "announced"


def judge(
    plan: Mapping[str, Any], answer: Mapping[str, Any], health: Mapping[str, Any] | None
) -> tuple[list[str], list[str]]:
    """Judge the services of one host.

    :param plan: the host's plan.
    :param answer: the result of exabgp_peering_info with C(include_routes).
    :param health: the result of exabgp_health_info; None when the agent was not asked.
    :return: what is not as it should be, and what is right but not announced as usual; a sentence each.
    """
    services = plan.get("services") or []
    if not services or health is None:
        return [], []
    faults, notes = [], []
    if health["state"] != "running":
        return [
            f"health: the agent is {health['state']}: {health['problem']} (next: systemctl status exabgp; "
            f"journalctl -t exabgp-health -n 50)"
        ], []
    if health["problem"]:
        faults.append(f"health: the agent runs with an older configuration: {health['problem']} (run site.yml)")
    faults += [f"health: {line} (next: exabgp-health status)" for line in health["refused"]]
    held = _held(answer)
    for service in services:
        name, found = service["name"], health["services"].get(service["name"])
        if found is None:
            faults.append(f"service {name}: planned and unknown to the agent (run site.yml)")
            continue
        if found["state"] != _ANNOUNCED:
            how = "announced" if found["announced"] else "withdrawn"
            notes.append(f"service {name}: health {found['state']}, {how} since {found['since']}: {found['reason']}")
        faults += _differences(plan, service, found, held)
    return faults, notes


def planned_prefixes(plan: Mapping[str, Any], neighbor: Mapping[str, Any]) -> list[str]:
    """The prefixes of services that a neighbor may be told of."""
    return [
        prefix
        for service in plan.get("services") or ()
        if neighbor["name"] in service["neighbors"]
        for prefix in service["prefixes"]
        if _family(prefix) in neighbor.get("families", (_family(prefix),))
    ]


def _differences(
    plan: Mapping[str, Any], service: Mapping[str, Any], found: Mapping[str, Any], held: Mapping[Any, set[str]]
) -> list[str]:
    faults = []
    for neighbor in plan["neighbors"]:
        ends = (address(neighbor["local_address"]), address(neighbor["peer_address"]))
        if ends not in held:  # its session is down, which is told already
            continue
        for item in planned_prefixes({"services": [service]}, neighbor):
            there = prefix(item) in held[ends]
            where = f"neighbor {neighbor['name']}: service {service['name']}: {item}:"
            if found["announced"] and not there:
                faults.append(
                    f"{where} the agent announces it and the daemon does not hold it "
                    f"(next: exabgp-health explain {service['name']})"
                )
            elif there and not found["announced"] and found["state"] != "unknown":
                faults.append(f"{where} the agent has withdrawn it and the daemon still holds it: {found['reason']}")
    return faults


def _held(answer: Mapping[str, Any]) -> dict[tuple[str, str], set[str]]:
    """The unicast prefixes that the daemon holds for each session that is Established."""
    return {
        (address(item["local_address"]), address(item["peer_address"])): {
            prefix(route["prefix"])
            for route in item.get("routes_advertised", ())
            if str(route.get("family", "unicast")).endswith("unicast")
        }
        for item in answer["peerings"]
        if item["state"] == "established"
    }


def _family(text: str) -> str:
    return "ipv6 unicast" if ":" in text else "ipv4 unicast"
