# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Everything that a report says, as data. docs/report.schema.json describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import address, prefix
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_classes as classes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_join as join
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._changes import changes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._health_verdict import planned_prefixes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._verdicts import judge

VERSION = 1
_NOT_A_STATE = {
    join.NO_CLOUD: "no API",
    join.NOT_ASKED: "not asked",
    join.FAILED: "unknown",
    join.ABSENT: "absent",
    join.OTHER_ADDRESS: "absent",
}


def build(
    hosts: Mapping[str, Mapping[str, Any]],
    *,
    title: str,
    generated: str,
    cloud: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make the report's data.

    :param hosts: by name, each with C(plan), and what there is of C(daemon), C(health), C(counters), C(site).
    :param generated: the time of the report, ISO 8601.
    :param cloud: results of the modules that ask clouds, by module name; None when no cloud was asked.
    :param before: an older snapshot, the results of exabgp_peering_info by host; None when there is none.
    :param options: see _verdicts.judge; C(planned) and C(before) are filled in here.
    """
    planned = [list(join.ends(item)) for host in hosts.values() for item in host["plan"]["neighbors"]]
    chosen = {**(options or {}), "planned": planned}
    then = before or {}
    entries = [_host(name, hosts[name], cloud, {**chosen, "before": then.get(name)}) for name in sorted(hosts)]
    verdicts = [item for entry in entries for item in entry.pop("verdicts")]
    sessions = [session for entry in entries for session in entry["sessions"]]
    now = {name: host["daemon"] for name, host in hosts.items() if host.get("daemon")}
    return {
        "version": VERSION,
        "title": title,
        "generated": generated,
        "status": worst(verdicts) if verdicts else classes.UNKNOWN,
        "counts": {
            "hosts": len(entries),
            "sessions": len(sessions),
            **{
                state: sum(item["daemon"] == state for item in sessions) for state in ("established", "down", "unknown")
            },
            "verdicts": {name: sum(item["severity"] == name for item in verdicts) for name in classes.SEVERITIES},
            "fatal": sum(item["fatal"] for item in verdicts),
        },
        "sites": _sites(entries),
        "hosts": entries,
        "prefixes": [row for name in sorted(hosts) for row in _prefixes(name, hosts[name], cloud, planned)],
        "security": [row for name in sorted(hosts) for row in _security(name, hosts[name]["plan"], verdicts)],
        "as_plan": _as_plan(sessions),
        "changes": None if before is None else changes(before, now),
        "verdicts": verdicts,
    }


def worst(verdicts: Iterable[Mapping[str, Any]]) -> str:
    """The worst severity; ok when there is none."""
    return max((item["severity"] for item in verdicts), key=classes.SEVERITIES.index, default=classes.OK)


def _host(
    name: str, host: Mapping[str, Any], cloud: Mapping[str, Any] | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    plan, daemon, health = host["plan"], host.get("daemon"), host.get("health")
    verdicts = judge(plan, daemon, cloud, health, host.get("counters"), options)
    peerings = {join.ends(item): item for item in (daemon or {}).get("peerings") or ()}
    sessions = []
    for neighbor in plan["neighbors"]:
        peering = peerings.get(join.ends(neighbor), {})
        far = join.far_end(neighbor, cloud, options["planned"])
        own = [item for item in verdicts if item["neighbor"] == neighbor["name"]]
        sessions.append(
            {
                "host": name,
                "neighbor": neighbor["name"],
                "profile": neighbor["profile"],
                **{end: neighbor[end] for end in ("local_address", "local_as", "peer_address", "peer_as")},
                "daemon": peering.get("state") or "unknown",
                "cloud": (far.peering or {}).get("state") or "unknown"
                if far.how not in _NOT_A_STATE
                else _NOT_A_STATE[far.how],
                "uptime_s": peering.get("uptime_s"),
                "announced": peering.get("prefixes_advertised"),
                "planned": len(neighbor["routes"]) + len(planned_prefixes(plan, neighbor)),
                "status": worst(own) if own else classes.UNKNOWN,
            }
        )
    return {
        "name": name,
        "site": str(host.get("site") or (plan.get("health") or {}).get("site") or _cloud_of(plan)),
        "router_id": plan["router_id"],
        "status": worst(verdicts) if verdicts else classes.UNKNOWN,
        "sessions": sessions,
        "services": _services(plan, health),
        "verdicts": verdicts,
    }


def _cloud_of(plan: Mapping[str, Any]) -> str:
    for neighbor in plan["neighbors"]:
        cloud = neighbor["profile"].partition("_")[0]
        if cloud in ("aws", "azure", "gcp"):
            return str(cloud)
    return "other"


def _services(plan: Mapping[str, Any], health: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    found = []
    for service in plan.get("services") or ():
        told = ((health or {}).get("services") or {}).get(service["name"]) or {}
        found.append(
            {
                "name": service["name"],
                "prefixes": service["prefixes"],
                "neighbors": service["neighbors"],
                "state": told.get("state") or "unknown",
                "since": told.get("since"),
                "reason": told.get("reason"),
                "med": (told.get("attributes") or {}).get("med"),
            }
        )
    return found


def _sites(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = sorted({entry["site"] for entry in entries})
    return [{"name": name, "hosts": [item["name"] for item in entries if item["site"] == name]} for name in names]


def _prefixes(
    name: str, host: Mapping[str, Any], cloud: Mapping[str, Any] | None, planned: list[list[str]]
) -> list[dict[str, Any]]:
    plan = host["plan"]
    peerings = {join.ends(item): item for item in (host.get("daemon") or {}).get("peerings") or ()}
    rows = []
    for neighbor in plan["neighbors"]:
        peering = peerings.get(join.ends(neighbor), {})
        far = join.far_end(neighbor, cloud, planned)
        held = _held(peering, "routes_advertised", peering.get("state") == "established")
        learned = _held(far.peering or {}, "routes_received", far.how in (join.FOUND, join.OTHER_AS))
        expected = [
            (item["prefix"], item["med"], None) for item in neighbor["routes"] if item["family"].endswith("unicast")
        ]
        for service in plan.get("services") or ():
            for item in planned_prefixes({"services": [service]}, neighbor):
                expected.append((item, None, service["name"]))
        for item, med, service_name in expected:
            route = (held or {}).get(prefix(item))
            rows.append(
                {
                    "prefix": item,
                    "host": name,
                    "neighbor": neighbor["name"],
                    "profile": neighbor["profile"],
                    "service": service_name,
                    "med": route.get("med") if route else med,
                    "announced": None if held is None else route is not None,
                    "learned": None if learned is None else prefix(item) in learned,
                }
            )
    return sorted(
        rows, key=lambda row: (address(row["prefix"].partition("/")[0]), row["prefix"], row["host"], row["neighbor"])
    )


def _held(peering: Mapping[str, Any], field: str, known: bool) -> dict[str, Mapping[str, Any]] | None:
    """Routes by prefix; None when it is not known what there is."""
    if peering.get("state") == "down":
        return {} if field == "routes_advertised" else _by_prefix(peering.get(field))
    return _by_prefix(peering.get(field)) if known else None


def _by_prefix(routes: Any) -> dict[str, Mapping[str, Any]] | None:
    return None if routes is None else {prefix(route["prefix"]): route for route in routes}


def _security(name: str, plan: Mapping[str, Any], verdicts: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for neighbor in plan["neighbors"]:
        for control, state in sorted((neighbor.get("controls") or {}).items()):
            proofs = [
                item["class"]
                for item in verdicts
                if (item["host"], item["neighbor"], item["check"]) == (name, neighbor["name"], classes.HARDENING)
                and item["evidence"][0].startswith(f"{control} ")
            ]
            rows.append(
                {
                    "host": name,
                    "neighbor": neighbor["name"],
                    "profile": neighbor["profile"],
                    "control": control,
                    "on": bool(state["on"]),
                    "reason": str(state.get("reason") or ""),
                    "proof": proofs[0] if proofs else None,
                }
            )
    return rows


def _as_plan(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    numbers: dict[int, dict[str, set[str]]] = {}
    for item in sessions:
        own = numbers.setdefault(item["local_as"], {"hosts": set(), "profiles": set(), "addresses": set()})
        own["hosts"].add(item["host"])
        own["addresses"].add(item["local_address"])
        peer = numbers.setdefault(item["peer_as"], {"hosts": set(), "profiles": set(), "addresses": set()})
        peer["profiles"].add(item["profile"])
        peer["addresses"].add(item["peer_address"])
    return [
        {"as": number, **{name: sorted(values) for name, values in numbers[number].items()}}
        for number in sorted(numbers)
    ]
