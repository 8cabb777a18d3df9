# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads for what blocks: SDKs of clouds, and files that may hang. Names are resolved in a pool of the loop's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
RESOLVERS = 64
_pool = ThreadPoolExecutor(64, "probe")


async def run(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a thread. One that never returns keeps its thread, not the loop."""
    return await asyncio.get_running_loop().run_in_executor(_pool, function, *arguments)
