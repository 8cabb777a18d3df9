# SPDX-License-Identifier: GPL-3.0-or-later
"""What planning costs, beside what ExaBGP needs to validate the same configuration.

    python -m tests.benchmarks.plan [--exabgp PATH] [--rounds N] [--write]

Both run alternately on the same machine, and the medians are compared. ExaBGP's time is that of `exabgp validate -n -r`
with and without the start of its process. With --write the table goes into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import functools
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import page
from tests.tools import tree

sys.path.insert(0, str(tree.ROOT / "collections"))

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render

INTRODUCTION = (
    "Made by `python -m tests.benchmarks.plan --write`: the plan and its rendering, next to what ExaBGP's own\n"
    "`validate -n -r` takes for the same file. The goal: at most a tenth."
)
GOAL = 0.1
SIZES = (125, 250, 500, 1000)
HOSTS, NEIGHBORS_OF_HOST = 200, 10
ROUTES_PER_NEIGHBOR = 10
# Of many like hosts, ExaBGP validates one in so many.
SAMPLE = 10


@dataclass
class Row:
    """One line of the table; times in seconds."""

    what: str
    prefixes: int
    plan: float
    render: float
    validate: float
    start: float

    @property
    def ratio(self) -> float:
        return (self.plan + self.render) / self.validate

    @property
    def ratio_without_start(self) -> float:
        return (self.plan + self.render) / (self.validate - self.start)


def inventory(neighbors: int, prefixes: int) -> dict[str, Any]:
    """A host with so many neighbors, a tenth of them signed, and so many prefixes, each for one of them."""
    entries = [
        {"name": f"n{n}", "peer_address": f"10.1.{n // 250}.{n % 250 + 1}", "peer_as": 65020, "md5": n % 10 == 0}
        for n in range(neighbors)
    ]
    routes = [
        {
            "prefix": f"10.{128 + n // 65536}.{n // 256 % 256}.{n % 256}/32",
            "med": n % 7,
            "communities": [f"65010:{n % 100}"],
            "neighbors": [f"n{n % neighbors}"],
        }
        for n in range(prefixes)
    ]
    return {
        "exabgp_local_as": 65010,
        "exabgp_router_id": "10.0.0.10",
        "exabgp_local_address": "10.0.0.10",
        "exabgp_neighbors": entries,
        "exabgp_routes": routes,
        "exabgp_allowed_prefixes": ["10.128.0.0/9"],
        "exabgp_md5_keys": {f"n{n}": f"Xq7v2Lr9Tz4-{n}" for n in range(0, neighbors, 10)},
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds the work takes, and its result."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def planned(host: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Return the plan of a host in which nothing may be wrong."""
    plan = plan_host(host, variables).plan
    if plan is None:
        raise SystemExit("the benchmark's own inventory is refused")
    return plan


def _rendered(plans: list[dict[str, Any]]) -> list[str]:
    return [render(plan) for plan in plans]


def validated(exabgp: str, folder: Path, text: str) -> float:
    """Return how many seconds ExaBGP takes to validate a configuration."""
    path = folder / "exabgp.conf"
    path.write_text(text, encoding="utf-8")
    command = [exabgp, "validate", "-n", "-r", str(path)]
    seconds, done = timed(lambda: subprocess.run(command, check=False, capture_output=True, text=True))
    if done.returncode:
        raise SystemExit(f"ExaBGP refuses the configuration:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds


def measure(what: str, hosts: list[dict[str, Any]], exabgp: str, folder: Path, rounds: int) -> Row:
    """Plan, render and validate all hosts `rounds` times, and return the medians."""
    times: list[tuple[float, float, float, float]] = []
    plans: list[dict[str, Any]] = []
    start_text = render(planned("start", inventory(1, 0)))
    sample = hosts[:: SAMPLE if len(hosts) > SAMPLE else 1]
    for _round in range(rounds):
        plan_seconds, plans = timed(lambda: [planned(f"host-{n}", host) for n, host in enumerate(hosts)])
        render_seconds, texts = timed(functools.partial(_rendered, plans))
        chosen = texts[:: SAMPLE if len(hosts) > SAMPLE else 1]
        scale = len(hosts) / len(sample)
        validate_seconds = scale * sum(validated(exabgp, folder, text) for text in chosen)
        start_seconds = scale * sum(validated(exabgp, folder, start_text) for _text in chosen)
        times.append((plan_seconds, render_seconds, validate_seconds, start_seconds))
    routes = sum(len(neighbor["routes"]) for plan in plans for neighbor in plan["neighbors"])
    return Row(what, routes, *(statistics.median(column) for column in zip(*times, strict=True)))


def table(rows: list[Row]) -> list[str]:
    """Return the rows as a table in Markdown."""
    lines = [
        "| what | prefixes | plan | render | ExaBGP validates | of that its start | ratio | ratio without its start |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = [f"{seconds:.3f} s" for seconds in (row.plan, row.render, row.validate, row.start)]
        ratios = [f"1 : {1 / row.ratio:.1f}", f"1 : {1 / row.ratio_without_start:.1f}"]
        lines.append(f"| {row.what} | {row.prefixes} | {' | '.join([*cells, *ratios])} |")
    return lines


def growth(rows: list[Row]) -> str:
    """Tell how the cost of one neighbor changes from the smallest host to the largest."""
    per_prefix = [(row.plan + row.render) / row.prefixes * 1e6 for row in rows]
    spelled = ", ".join(f"{microseconds:.1f}" for microseconds in per_prefix)
    return f"Plan and render together cost {spelled} µs for each prefix, from the smallest host to the largest."


def section(rows: list[Row], linear: list[Row], exabgp: str, rounds: int) -> str:
    """Return what stands in docs/benchmarks.md."""
    version = subprocess.run([exabgp, "version"], check=False, capture_output=True, text=True).stdout
    found = re.search(r"\d+\.\d+\.\d+", version)
    about = (
        f"Python {platform.python_version()}, ExaBGP {found[0] if found else 'unknown'}, median of {rounds} rounds in "
        f"which both sides take turns. Of {HOSTS} hosts, ExaBGP validates every {SAMPLE}th, and the time is multiplied."
    )
    return "\n".join([about, "", *table(rows), "", growth(linear)])


def main() -> int:
    """Measure, print, and return 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--exabgp", default=str(Path(sys.executable).with_name("exabgp")))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    planned("warm-up", inventory(10, 10))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        linear = []
        for size in SIZES:
            hosts = [inventory(size, size * ROUTES_PER_NEIGHBOR)]
            linear.append(measure(f"1 host, {size} neighbors", hosts, options.exabgp, folder, options.rounds))
        hosts = [inventory(NEIGHBORS_OF_HOST, NEIGHBORS_OF_HOST * ROUTES_PER_NEIGHBOR) for _number in range(HOSTS)]
        what = f"{HOSTS} hosts, {NEIGHBORS_OF_HOST} neighbors each"
        many = measure(what, hosts, options.exabgp, folder, options.rounds)
    rows = [*linear, many]
    text = section(rows, linear, options.exabgp, options.rounds)
    print(text)
    if options.write:
        page.write("plan", "Planning", INTRODUCTION, text)
    missed = [row.what for row in (linear[-1], many) if row.ratio > GOAL]
    if missed:
        print(f"slower than a tenth of ExaBGP: {'; '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
