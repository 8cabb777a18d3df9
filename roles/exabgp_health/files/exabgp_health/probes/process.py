# SPDX-License-Identifier: GPL-3.0-or-later
"""Running processes by the name of their program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psutil

from .. import threads
from ..machine import Result


async def probe(check: Mapping[str, Any]) -> Result:
    count = await threads.run(_count, check["name"])
    return Result("up" if count >= check["min"] else "down", f"{count} of {check['name']}")


def _count(name: str) -> int:
    return sum(
        process.info["name"] == name and process.info["status"] != psutil.STATUS_ZOMBIE
        for process in psutil.process_iter(["name", "status"])
    )
