# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Hold what the daemon says against the plan of its host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import address, read_sessions
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _health_verdict as health_verdict
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdicts
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._table import aligned
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._verdict_routes import differences

_COLUMNS = ("HOST", "NEIGHBOR", "PEER", "AS", "STATE", "UP FOR", "ANNOUNCED")


def verdict(
    plan: Mapping[str, Any],
    answer: Mapping[str, Any],
    health: Mapping[str, Any] | None = None,
    cloud: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Judge one host.

    :param plan: the host's plan.
    :param answer: the result of the module exabgp_peering_info with C(include_routes), asked for the plan's neighbors.
    :param health: the result of the module exabgp_health_info, for a host with services.
    :param cloud: results of the modules that ask clouds, by module name; None when no cloud was asked.
    :param options: see _verdicts.judge.
    :return: C(ok) (bool), C(verdicts) (see _verdicts.judge), C(green) (bool: everything was seen at both ends and is as
        planned), C(table) (lines of a table, one session each), C(faults) (a sentence for each thing that is not as
        planned, with what to type next), C(notes) (a sentence for each service that its checks hold back).
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
    verdicts = _verdicts.judge(plan, answer, cloud, health, options=options)
    if cloud is not None:
        faults += [_verdicts.sentence(item) for item in verdicts if item["fatal"] and item["source"] == "cloud"]
    return {
        "ok": not faults,
        "green": not faults and _verdicts.green(verdicts),
        "table": aligned(rows),
        "faults": faults,
        "notes": [f"{host}: {note}" for note in notes],
        "verdicts": verdicts,
    }


def _faults(neighbor: Mapping[str, Any], peering: Mapping[str, Any], daemon: Mapping[str, Any]) -> list[str]:
    if peering["state"] != "established":
        reasons = "; ".join(peering["problems"]) or daemon["problem"] or "the host knows no reason"
        state = "unknown" if peering["state"] == "unknown" else f"down ({peering['state_raw'] or 'no state'})"
        return [
            f"state: the session with {neighbor['peer_address']} AS {neighbor['peer_as']} is {state}: {reasons} "
            f"(next: journalctl -u exabgp -n 50; ss -tni dst {neighbor['peer_address']})"
        ]
    return [difference.words for difference in differences(neighbor, peering)]


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
