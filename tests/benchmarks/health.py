# SPDX-License-Identifier: GPL-3.0-or-later
"""What health checks cost, and how soon a death is told: the agent beside what people use today.

    python -m tests.benchmarks.health [--seconds N] [--rounds N] [--write]

Beside ExaBGP's own `healthcheck`, one process a service, and anycast_healthchecker, a thread a service, which is
installed into .cache/anycast-healthchecker. Both only run commands, so they do the same requests with curl and bash.
All are measured one after another on the same machine; of the deaths all three are told at once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks import page
from tests.tools import tree

PACKAGE = tree.ROOT / "roles" / "exabgp_health" / "files"
OTHER = tree.CACHE / "anycast-healthchecker"
SERVICES = 200
GROWTH = (1, 100, 200, 500, 1000)
# So many of ExaBGP's processes are measured, and the sum is multiplied.
SAMPLE = 20
WARM_UP_S = 8.0
LEAST_MEMORY, LEAST_CPU = 30, 10
TICKS = os.sysconf("SC_CLK_TCK")

SERVER = """
import asyncio, sys
async def serve(reader, writer):
    try:
        await reader.readuntil(b"\\r\\n\\r\\n")
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
        await writer.drain()
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=4096, reuse_address=True)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@dataclass
class Cost:
    """Memory in bytes (PSS: shared pages are divided among their users), CPU as a share of one core."""

    memory: float
    cpu: float


@contextlib.contextmanager
def server(port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A small HTTP server in a process of its own."""
    with subprocess.Popen([sys.executable, "-c", SERVER, str(port)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
        process.kill()


def family(pid: int) -> list[int]:
    """A process and all of its descendants."""
    found = [pid]
    for number in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{number}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, with that of the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def memory(pid: int) -> float:
    """PSS of a process in bytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("the kernel tells no PSS")


def measured(pids: list[int], seconds: float) -> Cost:
    """The cost of processes that run already."""
    time.sleep(WARM_UP_S)
    before, start = sum(map(cpu_seconds, pids)), time.monotonic()
    time.sleep(seconds)
    used = sum(map(cpu_seconds, pids)) - before
    return Cost(sum(map(memory, pids)), used / (time.monotonic() - start))


class Agent:
    """The agent with some services, and a thread that plays ExaBGP."""

    def __init__(self, folder: Path, checks: dict[str, Any]) -> None:
        self.told: dict[str, float] = {}
        prefixes = {name: f"10.{n // 65536}.{n // 256 % 256}.{n % 256}/32" for n, name in enumerate(checks)}
        self.names = {prefix: name for name, prefix in prefixes.items()}
        config = folder / "health.json"
        neighbor = {"peer_address": "10.0.1.4", "local_address": "10.0.2.10", "families": ["ipv4 unicast"]}
        services = {name: {"prefixes": [prefixes[name]], "neighbors": ["n"], "when": name} for name in checks}
        data = {
            "version": 1,
            "host": "benchmark",
            "socket": str(folder / "socket"),
            "drains": str(folder / "drains.json"),
            "allowed_prefixes": ["10.0.0.0/8"],
            "neighbors": {"n": neighbor},
            "checks": checks,
            "services": services,
        }
        config.write_text(json.dumps(data), encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "exabgp_health", "--config", str(config), "run"],
            env={**os.environ, "PYTHONPATH": str(PACKAGE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self.process.stdout:
                _n, _peer, _ip, _local, verb, _route, prefix = line.decode().split()[:7]
                if verb == "withdraw":
                    self.told[self.names[prefix]] = time.monotonic()
                self.process.stdin.write(b"done\n")
                self.process.stdin.flush()


def agent_cost(folder: Path, port: int, count: int, seconds: float) -> Cost:
    """The agent with half HTTP and half TCP checks."""
    common = {"interval": 1, "timeout": 0.5, "rise": 2, "fall": 2}
    http = {"type": "http", "url": f"http://127.0.0.1:{port}/", **common}
    tcp = {"type": "tcp", "port": port, **common}
    agent = Agent(folder, {f"s{n}": http if n % 2 else tcp for n in range(count)})
    try:
        return measured([agent.process.pid], seconds)
    finally:
        agent.process.kill()
        agent.process.wait()


def exabgp_healthcheck(command: str, prefix: str) -> list[str]:
    """The command line of ExaBGP's own healthcheck, with the same settings."""
    own = [sys.executable, "-m", "exabgp", "healthcheck", "--cmd", command, "--ip", prefix, "--no-ip-setup"]
    timing = ["--interval", "1", "--fast-interval", "1", "--rise", "2", "--fall", "2", "--timeout", "1"]
    return [*own, *timing, "--no-ack", "--no-syslog", "--withdraw-on-down"]


def request(port: int, number: int) -> str:
    """The command that does what a check of the agent does: HTTP for odd numbers, TCP for even ones."""
    if number % 2:
        return f"/usr/bin/curl --silent --fail --output /dev/null http://127.0.0.1:{port}/"
    return f"/bin/bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'"


def exabgp_cost(port: int, seconds: float) -> Cost:
    """So many of ExaBGP's processes as services, from a sample."""
    processes = [
        subprocess.Popen(
            exabgp_healthcheck(request(port, n), f"203.0.113.{n}/32"),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for n in range(SAMPLE)
    ]
    try:
        one = measured([process.pid for process in processes], seconds)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return Cost(one.memory * SERVICES / SAMPLE, one.cpu * SERVICES / SAMPLE)


@contextlib.contextmanager
def anycast_healthchecker(folder: Path, commands: dict[str, str]) -> Iterator[tuple[int, Path]]:
    """anycast_healthchecker with a check for each prefix; yields its process and the file that BIRD would read."""
    program = OTHER / "bin" / "anycast-healthchecker"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(OTHER)], check=True)
        pip = [str(OTHER / "bin" / "pip"), "--quiet", "install", "anycast-healthchecker==0.9.10"]
        subprocess.run(pip, check=True)
    prefixes = folder / "prefixes.conf"
    prefixes.write_text("define ACAST_PS_ADVERTISE =\n    [\n        10.189.200.255/32\n    ];\n", encoding="utf-8")
    services = folder / "services"
    services.mkdir()
    for number, (prefix, command) in enumerate(commands.items()):
        text = (
            f"[s{number}]\ncheck_cmd = {command}\ncheck_interval = 1\ncheck_timeout = 1\n"
            f"check_rise = 2\ncheck_fail = 2\ncheck_disabled = false\non_disabled = withdraw\n"
            f"ip_check_disabled = true\nip_prefix = {prefix}\n"
        )
        (services / f"s{number}.conf").write_text(text, encoding="utf-8")
    settings = folder / "daemon.conf"
    settings.write_text(
        f"[DEFAULT]\ninterface = lo\n[daemon]\npidfile = {folder}/pid\nipv4 = true\nbird_conf = {prefixes}\n"
        f"bird_reconfigure_cmd = /bin/true\nloglevel = error\nlog_file = {folder}/log\nstderr_file = {folder}/err\n",
        encoding="utf-8",
    )
    with subprocess.Popen(
        [str(program), "--file", str(settings), "--dir", str(services)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield process.pid, prefixes
        process.kill()


def other_cost(folder: Path, port: int, seconds: float) -> Cost:
    """One anycast_healthchecker with so many services."""
    commands = {f"203.0.{113 + n // 250}.{n % 250 + 1}/32": request(port, n) for n in range(SERVICES)}
    with anycast_healthchecker(folder, commands) as (pid, prefixes):
        cost = measured([pid], seconds)
        if prefixes.read_text().count("/32") < SERVICES:
            raise SystemExit("anycast_healthchecker did not announce all of its services")
        return cost


def until(holds: Callable[[], bool], limit: float = 60.0) -> float:
    """Wait; return the time at which it held."""
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("the benchmark waited in vain")
        time.sleep(0.005)
    return time.monotonic()


def death(folder: Path, number: int) -> dict[str, float]:
    """Seconds from a signal to a server until each of the three tells of its death, all watching the same server.

    STOP leaves the port open and never answers, as a process that hangs; KILL closes it.
    """
    with server() as (process, port):
        probe = request(port, 1)
        check = {"type": "http", "url": f"http://127.0.0.1:{port}/"}
        agent = Agent(folder, {"web": {**check, "interval": 1, "timeout": 1, "rise": 2, "fall": 2}})
        output = folder / "exabgp.out"
        with output.open("wb") as stream:
            exabgp = subprocess.Popen(
                exabgp_healthcheck(probe, "203.0.113.1/32"),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.DEVNULL,
            )
        try:
            with anycast_healthchecker(folder, {"203.0.113.1/32": probe}) as (_pid, prefixes):
                until(lambda: "203.0.113.1/32" in prefixes.read_text() and b"announce" in output.read_bytes())
                time.sleep(3 + number * 0.37 % 1)  # another phase of everybody's interval in each round
                agent.told.clear()
                output.write_bytes(b"")
                start = time.monotonic()
                process.send_signal(signal.SIGKILL if number % 2 else signal.SIGSTOP)
                found: dict[str, float] = {}
                marks: dict[str, Callable[[], bool]] = {
                    "agent": lambda: "web" in agent.told,
                    "exabgp": lambda: b"withdraw" in output.read_bytes(),
                    "other": lambda: "203.0.113.1/32" not in prefixes.read_text(),
                }
                while len(found) < len(marks):
                    for name, holds in marks.items():
                        if name not in found and holds():
                            found[name] = time.monotonic() - start
                    if time.monotonic() > start + 60:
                        raise SystemExit(f"not all have told of the death: {found}")
                    time.sleep(0.002)
                found["agent"] = agent.told["web"] - start
                return found
        finally:
            for victim in (agent.process, exabgp):
                victim.kill()
                victim.wait()


def mib(size: float) -> str:
    return f"{size / 2**20:.0f} MiB"


def section(costs: dict[str, Cost], growth: dict[int, Cost], deaths: list[dict[str, float]], seconds: float) -> str:
    """What stands in docs/benchmarks.md."""
    ours = costs["agent"]
    names = {"agent": "the agent", "exabgp": "ExaBGP's healthcheck", "other": "anycast_healthchecker"}
    lines = [
        f"Python {platform.python_version()}, ExaBGP {version('exabgp')}, anycast_healthchecker 0.9.10, "
        f"{os.cpu_count()} cores, {seconds:g} s each. Of ExaBGP's processes {SAMPLE} are measured and multiplied.",
        "",
        f"| {SERVICES} services, 1 s interval | memory | CPU of one core | memory, ratio | CPU, ratio |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, cost in costs.items():
        ratios = f"{cost.memory / ours.memory:.1f} | {cost.cpu / ours.cpu:.1f}"
        lines.append(f"| {names[name]} | {mib(cost.memory)} | {100 * cost.cpu:.1f}% | {ratios} |")
    lines += ["", "| services of the agent | memory | CPU of one core | CPU of a service |", "|---:|---:|---:|---:|"]
    for count, cost in growth.items():
        each = f"{1e6 * cost.cpu / count:.0f} µs a second"
        lines.append(f"| {count} | {mib(cost.memory)} | {100 * cost.cpu:.1f}% | {each} |")
    lines += [
        "",
        "Seconds from the death of an HTTP server to its withdrawal; interval 1 s, timeout 1 s, two failures:",
        "",
        "| | killed: median | killed: latest | hanging: median | hanging: latest |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, words in names.items():
        cells = []
        for part in (deaths[1::2], deaths[0::2]):
            times = [found[name] for found in part]
            cells += [f"{statistics.median(times):.2f}", f"{max(times):.2f}"]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=10, help="deaths, in turns by SIGSTOP and SIGKILL")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, server() as (_process, port):

        def folder(part: str) -> Path:
            path = Path(name, part)
            path.mkdir()
            return path

        growth = {n: agent_cost(folder(f"agent-{n}"), port, n, options.seconds) for n in GROWTH}
        costs = {
            "agent": growth[SERVICES],
            "exabgp": exabgp_cost(port, options.seconds),
            "other": other_cost(folder("other"), port, options.seconds),
        }
        deaths = [death(folder(f"death-{n}"), n) for n in range(options.rounds)]
    text = section(costs, growth, deaths, options.seconds)
    print(text)
    if options.write:
        introduction = (
            "Made by `python -m tests.benchmarks.health --write`: one agent for all services, next to ExaBGP's own\n"
            "`healthcheck` (a process a service) and anycast_healthchecker (a thread a service). Half of the checks\n"
            "are HTTP requests, half TCP connections; the other two do them with `curl` and `bash`."
        )
        page.write("health", "Health checks", introduction, text)
    ours = costs["agent"]
    missed = []
    if costs["exabgp"].memory < LEAST_MEMORY * ours.memory or costs["exabgp"].cpu < LEAST_CPU * ours.cpu:
        missed.append(f"not {LEAST_MEMORY} times less memory and {LEAST_CPU} times less CPU than ExaBGP's healthcheck")
    if costs["other"].memory < ours.memory or costs["other"].cpu < ours.cpu:
        missed.append("not less of both than anycast_healthchecker")
    for other in ("exabgp", "other"):
        late = statistics.median(found["agent"] - found[other] for found in deaths)
        if late > 0:
            missed.append(f"later than {other} by {late:.2f} s")
    for line in missed:
        print(line, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
