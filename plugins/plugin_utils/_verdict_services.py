# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""What the health agent says of the services, by class; and the sessions that no plan has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import read_sessions
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _health_verdict as health_verdict

_STATES = {"announced": "as_planned", "drained": "drained", "unknown": "health_unknown"}


class OfService(NamedTuple):
    """A class of _verdict_classes, and why; service is None for the agent itself."""

    kind: str
    service: str | None
    evidence: list[str]


def judge(plan: Mapping[str, Any], daemon: Mapping[str, Any], health: Mapping[str, Any] | None) -> list[OfService]:
    """Judge each service of the plan."""
    planned = plan.get("services") or []
    if not planned:
        return []
    names = [item["name"] for item in planned]
    if health is None or "state" not in health or health["state"] == "unknown":
        why = (health or {}).get("problem") or "the health agent was not asked"
        return [OfService("health_unknown", name, [str(why)]) for name in names]
    if health["state"] != "running":
        return [
            OfService("agent_down", name, [f"the agent is {health['state']}: {health['problem']}"]) for name in names
        ]
    found = [OfService("agent_down", None, [fault]) for fault in _of_agent(plan, daemon, health)]
    for name in names:
        service = health["services"].get(name)
        if service is None:  # told by _of_agent
            continue
        words = f"{service['state']} since {service.get('since')}: {service.get('reason')}"
        checks = [
            f"check {check}: {state.get('state')} since {state.get('since')}: {state.get('detail')}"
            for check, state in sorted((health.get("checks") or {}).items())
            if check in (service.get("checks") or ()) and state.get("state") != "up"
        ]
        found.append(OfService(_STATES.get(service["state"], "health_down"), name, [words, *checks]))
    return found


def unplanned(plan: Mapping[str, Any], peerings: Mapping[Any, Mapping[str, Any]], planned: Iterable[Any]) -> list[str]:
    """The peers of sessions that the daemon has, and neither the plan nor its raw text."""
    known = {*planned, *read_sessions((plan.get("raw") or {}).get("text", ""))}
    return sorted(str(item.get("peer_address")) for ends, item in peerings.items() if ends not in known)


def _of_agent(plan: Mapping[str, Any], daemon: Mapping[str, Any], health: Mapping[str, Any]) -> list[str]:
    return health_verdict.judge(plan, daemon, health)[0]
