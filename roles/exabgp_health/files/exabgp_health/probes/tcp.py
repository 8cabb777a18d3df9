# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP connection, with a text to send and an answer to expect where they are given."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from typing import Any

from ..machine import Result

MOST = 65536


async def probe(check: Mapping[str, Any]) -> Result:
    reader, writer = await asyncio.open_connection(check["host"], check["port"])
    try:
        if check["send"]:
            writer.write(check["send"].encode())
            await writer.drain()
        if not check["expect"]:
            return Result("up", "connected")
        seen = b""
        while len(seen) < MOST and (data := await reader.read(MOST)):
            seen += data
            if re.search(check["expect"], seen.decode("utf-8", "replace")):
                return Result("up", "the answer is as expected")
        return Result("down", "the answer is not as expected")
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
