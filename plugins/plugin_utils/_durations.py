# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Durations as operators write them, "500ms", "10s", "5m", "1h", or a number of seconds."""

from __future__ import annotations

import math
import re
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Reader
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Refusal

DAY = 86400
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": DAY}


def duration(low: float, high: float) -> Reader[float]:
    """A reader of durations from `low` to `high` seconds, both included. Returns seconds, whole ones as int."""

    def read(value: Any) -> float:
        seconds = _seconds(value)
        if seconds is None:
            raise Refusal(
                "is not a duration", "as in 500ms, 10s, 5m, or a number of seconds", value=value, rule="duration"
            )
        if not low <= seconds <= high:
            reason = f"is not a duration from {spelled(low)} to {spelled(high)}"
            raise Refusal(reason, value=value, rule="duration")
        return int(seconds) if seconds == int(seconds) else seconds

    return read


def spelled(seconds: float) -> str:
    """Seconds as an operator would write them."""
    if 0 < seconds < 1:
        return f"{seconds * 1000:g}ms"
    for unit in ("d", "h", "m"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:g}{unit}"
    return f"{seconds:g}s"


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value if abs(value) < 1e12 and math.isfinite(value) else None
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return round(float(found[1]) * _UNITS[found[2] or "s"], 6) if found else None
