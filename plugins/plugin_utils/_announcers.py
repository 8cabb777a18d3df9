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
    planned, least = _services(plans, None)
    for host, plan in plans.items():
        for neighbor in plan["neighbors"]:
            for route in neighbor["routes"]:
                planned.setdefault(route["prefix"], set()).add(host)
    wanted = {
        prefix: max(minimum, least.get(prefix, 0))
        for prefix, hosts in planned.items()
        if len(hosts) > 1 or least.get(prefix, 1) > 1
    }
    return _short(answers, planned, set(batch), wanted)


def drain_refusals(
    answers: Mapping[str, Mapping[str, Any]],
    plans: Mapping[str, Mapping[str, Any]],
    batch: Iterable[str],
    services: Iterable[str],
    minimum: int | None = None,
) -> list[str]:
    """Say which services may not be drained on the hosts of a batch; for the parameters see :func:`refusals`.

    :param services: the names of the services that are about to be drained.
    :param minimum: how many other hosts must announce each prefix, instead of the service's C(minimum_announcers).
    """
    planned, least = _services(plans, set(services))
    wanted = least if minimum is None else dict.fromkeys(planned, minimum)
    return _short(answers, planned, set(batch), wanted)


def _services(
    plans: Mapping[str, Mapping[str, Any]], names: set[str] | None
) -> tuple[dict[str, set[str]], dict[str, int]]:
    """The hosts that are planned to announce each prefix of a service, and how many of them it must keep."""
    planned: dict[str, set[str]] = {}
    least: dict[str, int] = {}
    for host, plan in plans.items():
        for service in plan.get("services") or ():
            if names is None or service["name"] in names:
                for prefix in service["prefixes"]:
                    planned.setdefault(prefix, set()).add(host)
                    least[prefix] = max(least.get(prefix, 1), service["minimum_announcers"])
    return planned, least


def _short(
    answers: Mapping[str, Mapping[str, Any]],
    planned: Mapping[str, set[str]],
    leaving: set[str],
    wanted: Mapping[str, int],
) -> list[str]:
    """A sentence for each prefix of C(wanted) that would have fewer announcers than it says there."""
    announcing = {host: _announced(answer) for host, answer in answers.items() if host not in leaving}
    found = []
    for prefix, hosts in sorted(planned.items()):
        if prefix not in wanted or not hosts & leaving:
            continue
        healthy = sorted(host for host in hosts - leaving if prefix in announcing.get(host, ()))
        if len(healthy) < wanted[prefix]:
            there = ", ".join(healthy) or "none"
            silent = ", ".join(sorted(hosts - leaving - set(healthy))) or "none"
            found.append(
                f"{prefix}: without {', '.join(sorted(hosts & leaving))} it would be announced by {len(healthy)} hosts "
                f"({there}), and the minimum is {wanted[prefix]}; not announcing: {silent}"
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
