# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Who announces which prefix, and who of them may be taken away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

GRACEFUL_SHUTDOWN = "65535:0"


def refusals(
    answers: Mapping[str, Mapping[str, Any]], plans: Mapping[str, Mapping[str, Any]], batch: Iterable[str], minimum: int
) -> list[str]:
    """Say which prefixes would be left with too few announcers without the hosts of a batch.

    :param answers: results of exabgp_peering_info with C(include_routes), by host. Without one, nothing.
    :param plans: the fleet's plans, by host.
    :param batch: the hosts that are about to be taken away.
    :param minimum: how many hosts must go on announcing a prefix that more than one host is planned to announce. A
        service with a higher C(minimum_announcers) keeps that, also where only one host is planned.
    :return: a sentence for each prefix; empty when the batch may go.
    """
    leaving = set(batch)
    planned: dict[str, set[str]] = {}
    least: dict[str, int] = {}
    for host, plan in plans.items():
        for service in plan.get("services") or ():
            for prefix in service["prefixes"]:
                planned.setdefault(prefix, set()).add(host)
                least[prefix] = max(least.get(prefix, 1), service["minimum_announcers"])
        for neighbor in plan["neighbors"]:
            for route in neighbor["routes"]:
                planned.setdefault(route["prefix"], set()).add(host)
    announcing = {host: _announced(answer) for host, answer in answers.items() if host not in leaving}
    found = []
    for prefix, hosts in sorted(planned.items()):
        wanted = max(minimum, least.get(prefix, 0))
        if not hosts & leaving or (len(hosts) == 1 and least.get(prefix, 1) == 1):
            continue
        healthy = sorted(host for host in hosts - leaving if prefix in announcing.get(host, ()))
        if len(healthy) < wanted:
            there = ", ".join(healthy) or "none"
            silent = ", ".join(sorted(hosts - leaving - set(healthy))) or "none"
            found.append(
                f"{prefix}: without {', '.join(sorted(hosts & leaving))} it would be announced by {len(healthy)} hosts "
                f"({there}), and the minimum is {wanted}; not announcing: {silent}"
            )
    return found


def _announced(answer: Mapping[str, Any]) -> set[str]:
    """The prefixes that a host announces on at least one Established session, and does not ask to avoid."""
    return {
        route["prefix"]
        for peering in answer.get("peerings", ())
        if peering["state"] == "established"
        for route in peering.get("routes_advertised", ())
        if GRACEFUL_SHUTDOWN not in route.get("communities", ())
    }
