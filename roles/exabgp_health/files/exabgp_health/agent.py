# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent: checks in, announcements out, one loop for all of it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import config as config_
from . import drains as drains_
from . import threads
from .announcer import Announcer
from .config import Config, ConfigError
from .control import Control, ControlError
from .journal import Journal
from .machine import Decision, Drain, View
from .machine import Service as Machine
from .scheduler import Runner
from .watchdog import Watchdog

TICK = 0.5  # the longest turn of the loop, in seconds: how soon a removed address is seen
KEPT = "/var/lib/exabgp-health"  # where the role puts the drains
COPY = "config.json"
SILENT = 60.0  # seconds without an answer of ExaBGP after which the watchdog is fed no more
LONGEST_DRAIN = 3600.0


@dataclass
class _Served:
    """A service while the agent runs."""

    config: config_.Service
    machine: Machine
    decision: Decision = field(default_factory=lambda: Decision(None, "unknown", "no verdict yet"))
    since: float = 0.0
    missing: tuple[str, ...] = ()


class Agent:
    """One run of the agent. `write` gives one line to ExaBGP."""

    def __init__(self, path: Path, config: Config, write: Callable[[str], None], config_error: str = "") -> None:
        self._path, self._config = path, config
        self._loop = asyncio.get_running_loop()
        self._journal = Journal()
        self._watchdog = Watchdog()
        self._announcer = Announcer(write)
        self._runners: dict[str, Runner] = {}
        self._served: dict[str, _Served] = {}
        self._users: dict[str, set[str]] = {}
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._started, self._lag = time.time(), 0.0
        self._next_look = 0.0
        self._config_error = config_error
        if config_error:
            self._journal.write(f"refused, the last good configuration is used: {config_error}", "config", "error")
        self.ended: asyncio.Future[str] = self._loop.create_future()
        """Set when the agent is to end, with the reason."""
        self._loop.set_exception_handler(self._failed)
        self._take(config)
        for name, drain in drains_.load(Path(config.drains), self._loop.time()).items():
            if name in self._served:
                self._served[name].machine.drain = drain

    # -- configuration ------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the configuration again. One that is wrong is refused, and the old one stays."""
        try:
            config = config_.load(self._path)
        except ConfigError as error:
            self._config_error = str(error)
            self._journal.write(f"refused, the old configuration stays: {error}", "config", "error")
            return
        self._config_error = ""
        self._take(config)
        keep(self._path, config)
        self._journal.write(f"{len(config.services)} services, {len(config.checks)} checks", "config")

    def say_again(self) -> None:
        """Say all announcements and withdrawals again: a reload of ExaBGP may have taken routes of the same prefix."""
        self._announcer.again()
        self._wake.set()

    def _take(self, config: Config) -> None:
        now = self._loop.time()
        for name, runner in list(self._runners.items()):
            if runner.check != config.checks.get(name):
                runner.stop()
                del self._runners[name]
        for name, check in config.checks.items():
            if name not in self._runners:
                self._runners[name] = Runner(name, check, self._changed, now)
        served: dict[str, _Served] = {}
        self._users = {}
        for name, service in config.services.items():
            old = self._served.get(name)
            if old:
                old.config, old.machine.when, old.machine.policy = service, service.when, service.policy
            served[name] = old or _Served(service, Machine(service.when, service.policy), since=now)
            for used in service.checks():
                self._users.setdefault(used, set()).add(name)
        self._config, self._served = config, served
        self._announcer.configure(config)
        # Without a service there is nothing that a silent agent could keep announced.
        self._watchdog.arm(config.watchdog if served else 0.0)
        self._next_look = 0.0
        self._dirty.update(served)
        self._wake.set()

    # -- the loop -----------------------------------------------------------------------------------------------------

    async def run(self) -> str:
        """Turn until the end; return its reason."""
        while not self.ended.done():
            now = self._loop.time()
            self._wake.clear()
            again = self._turn(now)
            if self._announcer.silent_for(now) < SILENT:
                self._watchdog.feed(now)
            limit = min(TICK, self._watchdog.interval or TICK)
            pause = limit if again is None else min(limit, max(0.0, again - now))
            before = self._loop.time()
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except asyncio.TimeoutError:
                self._lag = max(0.0, self._loop.time() - before - pause)
        return self.ended.result()

    def _turn(self, now: float) -> float | None:
        self._look(now)
        for name, served in self._served.items():
            again = served.decision.again_at
            if name in self._dirty or (again is not None and again <= now):
                self._decide(name, served, now)
        self._dirty.clear()
        times = [x.decision.again_at for x in self._served.values() if x.decision.again_at is not None]
        retry = self._announcer.turn(now)
        return min([*times, *([retry] if retry else [])], default=None)

    def _look(self, now: float) -> None:
        """See which addresses of services this host has. One reading serves all of them."""
        if now < self._next_look or not any(x.config.addresses for x in self._served.values()):
            return
        self._next_look = now + TICK
        from .probes.network import addresses

        try:
            here = addresses()
        except OSError as error:  # not to be seen counts as missing
            self._journal.write(f"the addresses of this host cannot be read: {error}", "address", "error")
            here = {}
        for name, served in self._served.items():
            missing = tuple(item for item in served.config.addresses if item not in here)
            if missing != served.missing:
                served.missing = missing
                self._dirty.add(name)

    def _decide(self, name: str, served: _Served, now: float) -> None:
        view = View(self._status, self._level, served.missing)
        drained = served.machine.drain
        new, old = served.machine.decide(view, now), served.decision
        served.decision = new
        if drained and served.machine.drain is None:
            self._save_drains()
            self._journal.write(f"{name}: the drain has ended by itself", "restore", service=name, run=drained.run)
        if (new.state, new.attributes) != (old.state, old.attributes):
            served.since = now
            self._tell(name, served, new)
        if new.settled:
            for route in served.config.routes:
                self._announcer.want(route, new.attributes)

    def _tell(self, name: str, served: _Served, new: Decision) -> None:
        if not new.settled:
            return
        event = "withdraw" if new.attributes is None else "announce"
        how = "withdrawn" if new.attributes is None else f"announced with {dict(new.attributes)}"
        prefixes = " ".join(served.config.prefixes)
        message = f"{name}: {prefixes} {how}: {new.reason}"
        run = served.machine.drain.run if served.machine.drain else ""
        self._journal.write(message, event, service=name, prefix=prefixes, reason=new.reason, run=run)

    def _changed(self, check: str) -> None:
        self._dirty.update(self._users.get(check, ()))
        self._wake.set()

    def _status(self, check: str) -> str:
        return self._runners[check].state.status

    def _level(self, check: str) -> float | None:
        return self._runners[check].state.level

    # -- ExaBGP -------------------------------------------------------------------------------------------------------

    def heard(self, line: str) -> None:
        """Take one line from ExaBGP."""
        words = line.split()
        if words[:1] == ["neighbor"] and words[2:3] == ["up"]:
            # A neighbor that a reload has made anew has nothing of what was announced to the old one.
            self._announcer.again(words[1])
            self._wake.set()
        elif self._announcer.answer(line, self._loop.time()):
            if line.strip() == "error":
                self._journal.write("ExaBGP refused a command", "refused", "warning")
            self._wake.set()

    def end(self, reason: str) -> None:
        """End the agent. Nothing is withdrawn: ExaBGP either ends too, or starts the agent again at once."""
        if not self.ended.done():
            self.ended.set_result(reason)
        self._wake.set()

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        task = context.get("task")
        message = f"{context['message']}: {context.get('exception')!r}"
        self._journal.write(message, "agent", "error")
        if task is not None and task in [runner._task for runner in self._runners.values()]:
            self.end(message)

    # -- the command line ---------------------------------------------------------------------------------------------

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one request of the command line. Raises ControlError for one that cannot be served."""
        verb = request.get("verb")
        if verb == "status":
            return self.status()
        if verb == "drain":
            return self._drain(request)
        if verb == "restore":
            return self._restore(request)
        if verb == "reload":
            self.reload()
            if self._config_error:
                raise ControlError(f"refused, the old configuration stays:\n{self._config_error}")
            return self._after([], [])
        if verb == "restart":
            self._loop.call_later(0.1, self.end, "restart")
            return self.status()
        if verb == "withdraw":
            self._take(dataclasses.replace(self._config, services={}, checks={}))
            self._journal.write("everything is withdrawn, until the next reload", "withdraw")
            return self._after([], [])
        raise ControlError(f"there is no verb {verb!r}")

    def _named(self, request: Mapping[str, Any]) -> list[str]:
        name = request.get("name")
        if name is None:
            return list(self._served)
        if name not in self._served:
            known = ", ".join(self._served) or "none"
            raise ControlError(f"there is no service {name!r} on this host; there are: {known}")
        return [name]

    def _drain(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        now, names = self._loop.time(), self._named(request)
        limit = float(request.get("for", LONGEST_DRAIN))
        run = str(request.get("run") or "")[:128]
        changed = []
        for name in names:
            served = self._served[name]
            mode = request.get("mode") or served.config.policy["drain"]["mode"]
            if mode not in ("community", "med", "withdraw"):
                raise ControlError(f"there is no way to drain {mode!r}; there are: community, med, withdraw")
            old = served.machine.drain
            if old is None or old.mode != mode:
                changed.append(name)
            since = old.since if old else now
            served.machine.drain = Drain(since, now + limit if limit > 0 else None, mode, run)
            self._journal.write(f"{name}: drained by {mode}", "drain", service=name, run=run)
        return self._after(names, changed)

    def _restore(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        names = self._named(request)
        changed = [name for name in names if self._served[name].machine.drain]
        for name in changed:
            self._served[name].machine.drain = None
            run = str(request.get("run") or "")[:128]
            self._journal.write(f"{name}: restored", "restore", service=name, run=run)
        return self._after(names, changed)

    def _after(self, names: list[str], changed: list[str]) -> Mapping[str, Any]:
        self._dirty.update(names)
        self._turn(self._loop.time())
        problem = self._save_drains()
        return {"changed": changed, "problem": problem, **self.status()}

    def _save_drains(self) -> str:
        found = {name: x.machine.drain for name, x in self._served.items() if x.machine.drain}
        return drains_.save(Path(self._config.drains), found, self._loop.time())

    def status(self) -> dict[str, Any]:
        """What the agent sees and does, as plain data. Times are in ISO 8601, UTC."""
        return {
            "host": self._config.host,
            "pid": os.getpid(),
            "started": _iso(self._started),
            "loop_lag_s": round(self._lag, 3),
            "config_error": self._config_error,
            "exabgp_silent_s": round(self._announcer.silent_for(self._loop.time()), 1),
            "settled": self._announcer.settled(),
            "services": {name: self._service_status(served) for name, served in self._served.items()},
            "checks": {name: self._check_status(runner) for name, runner in self._runners.items()},
            "refused": [f"{route}: {reason}" for route, reason in self._announcer.refused.items()],
        }

    def serve_metrics(self, address: str, port: int) -> None:
        """Serve the status to Prometheus. A port that is taken is told, and no reason to end."""
        from . import metrics

        async def status() -> dict[str, Any]:
            return self.status()

        def ask() -> dict[str, Any]:
            return asyncio.run_coroutine_threadsafe(status(), self._loop).result(5)

        try:
            metrics.serve(address, port, ask)
        except OSError as error:
            self._journal.write(f"no metrics at {address} port {port}: {error.strerror}", "config", "error")

    def _service_status(self, served: _Served) -> dict[str, Any]:
        decision, drain = served.decision, served.machine.drain
        return {
            "state": decision.state,
            "announced": decision.attributes is not None,
            "since": self._wall(served.since),
            "reason": decision.reason,
            "attributes": decision.attributes,
            "prefixes": list(served.config.prefixes),
            "neighbors": sorted({route.neighbor for route in served.config.routes}),
            "checks": sorted(served.config.checks()),
            "again_at": self._wall(decision.again_at),
            "drain": None
            if drain is None
            else {
                "mode": drain.mode,
                "since": self._wall(drain.since),
                "until": self._wall(drain.until),
                "run": drain.run,
            },
        }

    def _check_status(self, runner: Runner) -> dict[str, Any]:
        state = runner.state
        return {
            "type": runner.check["type"],
            "state": state.status,
            "since": self._wall(state.since),
            "last": self._wall(runner.last),
            "detail": state.detail,
            "level": state.level,
        }

    def _wall(self, moment: float | None) -> str | None:
        return None if moment is None else _iso(time.time() + moment - self._loop.time())


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


async def serve(path: Path) -> int:
    """Run as ExaBGP's API process: commands on standard output, answers on standard input. Return the exit code."""
    loop = asyncio.get_running_loop()
    # Names are resolved in the loop's own pool: ones that hang must not keep others waiting.
    loop.set_default_executor(ThreadPoolExecutor(threads.RESOLVERS, "resolver"))
    config, error = _first(path)
    transport, _protocol = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(os.dup(1), "wb", 0))
    sys.stdout = sys.stderr  # nothing else may speak to ExaBGP
    agent = Agent(path, config, lambda line: transport.write(line.encode() + b"\n"), error)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    listening = asyncio.create_task(_listen(reader, agent))
    loop.add_signal_handler(signal.SIGHUP, agent.reload)
    loop.add_signal_handler(signal.SIGUSR1, agent.say_again)
    loop.add_signal_handler(signal.SIGTERM, agent.end, "SIGTERM")
    async with Control(config.socket, agent.answer):
        if config.metrics:
            agent.serve_metrics(config.metrics["address"], config.metrics["port"])
        await agent.run()
    listening.cancel()
    return 0


def _first(path: Path) -> tuple[Config, str]:
    """The configuration to start with, and what is wrong with the one that was to be.

    An agent that ended here would be started again and again, until ExaBGP gives up and all sessions with it. So the
    last good configuration is used, and without one nothing is announced.
    """
    try:
        config = config_.load(path)
    except ConfigError as error:
        with contextlib.suppress(ConfigError):
            return config_.load(Path(KEPT) / COPY), str(error)
        empty = {"version": config_.VERSION, "host": "unknown", "allowed_prefixes": ["0.0.0.0/32"], "neighbors": {}}
        return config_.read(empty), str(error)
    keep(path, config)
    return config, ""


def keep(path: Path, config: Config) -> None:
    """Keep a copy of a good configuration beside the drains; a disk that is full is no reason not to run."""
    copy = Path(config.drains).with_name(COPY)
    with contextlib.suppress(OSError):
        temporary = copy.with_suffix(".new")
        temporary.write_bytes(path.read_bytes())
        os.replace(temporary, copy)


async def _listen(reader: asyncio.StreamReader, agent: Agent) -> None:
    while line := await reader.readline():
        agent.heard(line.decode("utf-8", "replace"))
    agent.end("ExaBGP has closed the standard input")
