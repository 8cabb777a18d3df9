# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""The peering contract: what every module that asks about peerings returns, and how it waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

ESTABLISHED, DOWN, UNKNOWN = "established", "down", "unknown"

WAIT_FOR_SPEC: dict[str, Any] = {
    "type": "dict",
    "options": {
        "state": {"type": "str", "default": ESTABLISHED, "choices": [ESTABLISHED, DOWN]},
        "count": {"type": "int"},
        "timeout": {"type": "float", "default": 60},
        "max_sleep": {"type": "float", "default": 5},
    },
}

_FIELDS: dict[str, Any] = {
    "name": None,
    "cloud": None,
    "profile": None,
    "resource_id": None,
    "local_address": None,
    "local_as": None,
    "peer_address": None,
    "peer_as": None,
    "state": UNKNOWN,
    "state_raw": None,
    "uptime_s": None,
    "prefixes_received": None,
    "prefixes_advertised": None,
    "md5": None,
    "bfd": None,
}


def peering(**fields: Any) -> dict[str, Any]:
    """A peering with every field of the contract; those not given are null, the state unknown.

    :raises KeyError: for a field that the contract does not have.
    """
    optional = {"routes_received", "routes_advertised", "flows_advertised", "problems"}
    unknown = fields.keys() - _FIELDS.keys() - optional
    if unknown:
        raise KeyError(f"not in the peering contract: {', '.join(sorted(unknown))}")
    whole = {name: fields.get(name, default) for name, default in _FIELDS.items()}
    for name in ("routes_received", "routes_advertised", "flows_advertised"):
        if name in fields:
            whole[name] = fields[name]
    whole["problems"] = list(fields.get("problems", ()))
    return whole


def summary(peerings: list[dict[str, Any]]) -> dict[str, int]:
    """Counts by state."""
    counts = {"total": len(peerings), ESTABLISHED: 0, DOWN: 0, UNKNOWN: 0}
    for item in peerings:
        counts[item["state"]] += 1
    return counts


def wait(
    ask: Callable[[], list[dict[str, Any]]], wait_for: Mapping[str, Any] | None
) -> tuple[list[dict[str, Any]], bool]:
    """Ask until enough peerings have the wanted state, or the time is up.

    The pause between two questions grows from 0.2 s to C(max_sleep); the last one is cut so
    that the timeout is never passed by a pause.

    :param ask: returns the peerings; asked at least once.
    :param wait_for: C(state), C(count) (None for all of them), C(timeout) and C(max_sleep) in seconds; None asks once.
    :return: the newest peerings, and whether they are as wanted (true when nothing was wanted).
    """
    peerings = ask()
    if wait_for is None:
        return peerings, True
    deadline = time.monotonic() + wait_for["timeout"]
    pause = 0.2
    while not _reached(peerings, wait_for):
        left = deadline - time.monotonic()
        if left <= 0:
            return peerings, False
        time.sleep(min(pause, wait_for["max_sleep"], left))
        pause *= 1.5
        peerings = ask()
    return peerings, True


def _reached(peerings: list[dict[str, Any]], wait_for: Mapping[str, Any]) -> bool:
    count = len(peerings) if wait_for["count"] is None else wait_for["count"]
    return bool(sum(item["state"] == wait_for["state"] for item in peerings) >= count)
