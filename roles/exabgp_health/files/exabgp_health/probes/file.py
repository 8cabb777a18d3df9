# SPDX-License-Identifier: GPL-3.0-or-later
"""Presence and age of a file."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from .. import threads
from ..machine import Result


async def probe(check: Mapping[str, Any]) -> Result:
    # In a thread: a file on a network file system can hang.
    return await threads.run(_look, check["path"], check["must"], check["max_age"])


def _look(path: str, must: str, max_age: float | None) -> Result:
    try:
        written = os.stat(path).st_mtime
    except FileNotFoundError:
        return Result("up" if must == "absent" else "down", f"{path} is absent")
    if must == "absent":
        return Result("down", f"{path} exists")
    # A file's time is of the wall clock.
    age = time.time() - written
    if max_age is not None and age > max_age:
        return Result("down", f"{path} is {age:.0f} s old")
    return Result("up", f"{path} exists")
