# SPDX-License-Identifier: GPL-3.0-or-later
"""Load of the host in percent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import psutil

from ..machine import Result


async def probe(check: Mapping[str, Any]) -> Result:
    what = check["what"]
    if what == "cpu":
        level = _cpu(id(check))
    elif what == "memory":
        level = psutil.virtual_memory().percent
    else:
        average = os.getloadavg()[("load1", "load5", "load15").index(what)]
        level = 100 * average / (os.cpu_count() or 1)
    over = check["max"] is not None and level > check["max"]
    return Result("down" if over else "up", f"{what} at {level:.0f}%", round(level, 1))


_before: dict[int, tuple[float, float]] = {}


def _cpu(key: int) -> float:
    """Busy share of all cores since the last call for the same check; the first call says 0."""
    times = psutil.cpu_times()
    idle, total = times.idle + getattr(times, "iowait", 0.0), sum(times[:8])
    old_idle, old_total = _before.get(key, (idle, total))
    _before[key] = (idle, total)
    return 100 * (1 - (idle - old_idle) / (total - old_total)) if total > old_total else 0.0
