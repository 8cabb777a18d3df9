# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The services of a fleet as a table of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._table import aligned

_TITLES = ("HOST", "SERVICE", "STATE", "SINCE", "PREFIXES", "REASON")


def drained(answers: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is drained, in the order host, service.

    :param answers: results of exabgp_health_info by host.
    :return: C(host), C(service), C(mode), C(since), C(until) (null: until it is restored) and C(run) of each.
    """
    return [
        {"host": host, "service": name, **service["drain"]}
        for host, answer in sorted(answers.items())
        for name, service in sorted((answer.get("services") or {}).items())
        if service["drain"]
    ]


def table(answers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The services of each host, and what is drained, as lines.

    :param answers: results of exabgp_health_info by host; a host that did not answer has another result, or none.
    """
    rows: list[Sequence[str]] = [_TITLES]
    for host, answer in sorted(answers.items()):
        if answer.get("state") != "running":
            problem = answer.get("problem") or answer.get("msg") or "it was not asked"
            rows.append((host, "-", answer.get("state", "unknown"), "-", "-", _line(problem)))
        for name, service in sorted((answer.get("services") or {}).items()):
            state = service["state"] + (
                " (announced)" if service["announced"] and service["state"] != "announced" else ""
            )
            prefixes = " ".join(service["prefixes"])
            rows.append((host, name, state, service["since"] or "-", prefixes, _line(service["reason"])))
    return [*aligned(rows), *map(_sentence, drained(answers))]


def _sentence(item: Mapping[str, Any]) -> str:
    until = f"until {item['until']}" if item["until"] else "until it is restored"
    who = f" by {item['run']}" if item["run"] else ""
    return (
        f"{item['service']} on {item['host']} is drained{who} since {item['since']}, {until} "
        f"(to end it: playbooks/restore.yml --limit {item['host']} -e exabgp_drain_services={item['service']})"
    )


def _line(text: Any) -> str:
    return " ".join(str(text).split())
