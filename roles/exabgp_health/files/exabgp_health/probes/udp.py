# SPDX-License-Identifier: GPL-3.0-or-later
"""A UDP datagram and the answer to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from ..machine import Result


class _Answer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.data: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.data.done():
            self.data.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.data.done():
            self.data.set_exception(exc)


async def probe(check: Mapping[str, Any]) -> Result:
    loop = asyncio.get_running_loop()
    transport, answer = await loop.create_datagram_endpoint(_Answer, remote_addr=(check["host"], check["port"]))
    try:
        transport.sendto(check["send"].encode())
        data = await answer.data
    finally:
        transport.close()
    if re.search(check["expect"], data.decode("utf-8", "replace")):
        return Result("up", "the answer is as expected")
    return Result("down", "the answer is not as expected")
