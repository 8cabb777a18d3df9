# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the probes, each check in a task of its own, so that one that hangs delays no other."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import random
import sys
from collections.abc import Callable, Mapping
from typing import Any

from . import probes
from .machine import Check, Result

# Wrong only when a probe fails to end at its cancellation, which would hold up its own check and no other.
_PATIENCE = 1.0


class Runner:
    """One check: its settled state, and the task that probes. `changed` is called with its name."""

    def __init__(self, name: str, check: Mapping[str, Any], changed: Callable[[str], None], now: float) -> None:
        self.name, self.check = name, check
        self.state = Check(check["rise"], check["fall"], check["start"], now)
        self.last: float | None = None
        self._changed = changed
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=f"check {name}")
        self._task.add_done_callback(_ended)

    def stop(self) -> None:
        """End the task."""
        self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        interval, timeout = self.check["interval"], self.check["timeout"]
        # Not all checks of a host at once after a start.
        await asyncio.sleep(random.uniform(0, min(interval, 1.0) * self.check["jitter"]))  # noqa: S311
        unwatch: Callable[[], None] | None = None
        try:
            while True:
                started = loop.time()
                self._wake.clear()
                if unwatch is None:
                    unwatch = await self._watch()
                self._take(await self._probe(timeout), loop.time())
                # While the newest results differ from the settled state, the next probe comes sooner.
                wait = min(interval / 2, timeout) if self.state.pending else interval * self._jitter()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), max(0.0, started + wait - loop.time()))
        finally:
            if unwatch:
                unwatch()

    def _jitter(self) -> float:
        return float(1 - self.check["jitter"] * random.random())  # noqa: S311

    def _take(self, result: Result, now: float) -> None:
        self.last = now
        if self.state.observe(result, now):
            self._changed(self.name)

    async def _watch(self) -> Callable[[], None] | None:
        """Let the check be told of changes where its kind can be; None where not, or not now."""
        with contextlib.suppress(ImportError):  # the probe that follows says it
            probes.find(self.check["type"])  # imports the module, which else the first probe would
        watch = getattr(sys.modules.get(f"{probes.__name__}.{self.check['type']}"), "watch", None)
        if watch is None:
            return None
        try:
            found: Callable[[], None] = await asyncio.wait_for(watch(self.check, self._wake.set), self.check["timeout"])
            return found
        except Exception:  # the probe that follows fails for the same reason, and says it
            return None

    async def _probe(self, timeout: float) -> Result:
        return await probe_once(self.check, timeout)


async def probe_once(check: Mapping[str, Any], timeout: float) -> Result:
    """Run one probe. Whatever it raises is a result: down where the service is at fault, else unknown."""
    try:
        probe = probes.find(check["type"])
        found = probe(check)
        if not inspect.isawaitable(found):
            raise TypeError(f"{check['type']} is no coroutine")
        return await asyncio.wait_for(found, timeout)
    except asyncio.TimeoutError:
        return Result(_blame(check), f"no answer within {timeout:g} s")
    except ImportError as error:
        return Result("unknown", f"a library is missing: {error}")
    except OSError as error:
        return Result(_blame(check), _words(error))
    except Exception as error:  # of any library, and never the end of the agent
        return Result(_blame(check), f"{type(error).__name__}: {error}"[:300])


def _words(error: OSError) -> str:
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)  # asyncio's own words hold the address
    return error.strerror or str(error) or type(error).__name__


_TELLERS = ("systemd", "aws_route53", "aws_target_group", "azure_load_balancer", "gcp_backend_service")


def _blame(check: Mapping[str, Any]) -> str:
    """A service that does not answer is down. One that somebody else tells of is unknown when that one is silent."""
    return "unknown" if check["type"] in _TELLERS else "down"


def _ended(task: asyncio.Task[None]) -> None:
    """A task that ends by itself is a fault of the agent: the loop is told, and the agent ends."""
    if not task.cancelled() and (error := task.exception()):
        task.get_loop().call_exception_handler(
            {"message": f"{task.get_name()} ended", "exception": error, "task": task}
        )
