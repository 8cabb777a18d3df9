# SPDX-License-Identifier: GPL-3.0-or-later
"""A program and its exit code. What it prints is thrown away; it is ended with all of its children."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from typing import Any

from ..machine import Result


async def probe(check: Mapping[str, Any]) -> Result:
    process = await asyncio.create_subprocess_exec(
        *check["argv"],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.returncode is None:
            await process.wait()
    return Result("up" if code in check["exit"] else "down", f"exit code {code}")
