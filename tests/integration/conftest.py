# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab for the tests: started once, healed after each test, removed at the end unless it was up before.

With ``--numprocesses=2 --no-loadscope-reorder`` each process has a lab of its own, and takes file after file of tests.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from xdist.scheduler import LoadFileScheduling, LoadScopeScheduling

ROOT = Path(__file__).parents[2]
HOSTS = ("aws-1", "azure-1", "gcp-1", "onprem-1")
PLAYBOOK_LIMIT_S = 600
FIRST_COPY = 200


@dataclasses.dataclass(frozen=True)
class Run:
    """What one command printed and how it ended."""

    code: int
    out: str

    def recap(self) -> dict[str, dict[str, int]]:
        """The counts of PLAY RECAP by host."""
        found = {}
        for line in self.out.rpartition("PLAY RECAP")[2].splitlines():
            match = re.match(r"^(\S+)\s+: (ok=.*)$", line.strip())
            if match:
                found[match[1]] = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", match[2])}
        return found


@dataclasses.dataclass(frozen=True)
class Lab:
    """The lab's verbs and plays against it."""

    folder: Path = ROOT / "lab"
    """Where its topology, its inventory and its state are."""
    touched: set[str] = dataclasses.field(default_factory=set)
    """Hosts that a test deployed to or broke."""

    def call(self, *arguments: str, check: bool = True, stdin: str | None = None) -> Run:
        """Run a verb of the lab."""
        topology = str(self.folder / "topology.yml")
        return self._run([sys.executable, "-m", "lab", "--topology", topology, *arguments], check=check, stdin=stdin)

    def shell(self, name: str, command: str, check: bool = True) -> str:
        """Run a shell command as root in a container; return what it printed."""
        self.touched.add(name)
        return self.call("exec", name, "--", "sh", "-c", command, check=check).out

    def status(self) -> list[dict[str, Any]]:
        """The sessions as the routers have them."""
        sessions: list[dict[str, Any]] = json.loads(self.call("status", "--json").out)
        return sessions

    def play(self, playbook: str, *arguments: str, check: bool = True, **environment: str) -> Run:
        """Run a playbook against the lab."""
        limit = arguments[arguments.index("--limit") + 1].split(",") if "--limit" in arguments else HOSTS
        self.touched.update(limit)
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        return self._run([program, "-i", str(self.inventory), playbook, *arguments], check=check, **environment)

    def md5_keys(self) -> list[str]:
        """The MD5 keys in use."""
        return [key for keys in self.keys().values() for key in keys.values()]

    def keys(self) -> dict[str, dict[str, str]]:
        """The MD5 keys in use, by host and neighbor."""
        by_host: dict[str, dict[str, str]] = yaml.safe_load((self.state / "keys.yml").read_text(encoding="utf-8"))
        return by_host

    @property
    def inventory(self) -> Path:
        """The inventory of its hosts."""
        return self.folder / "inventory"

    @property
    def state(self) -> Path:
        """What it remembers while it is up."""
        return self.folder / ".state"

    def _run(self, command: list[str], check: bool, stdin: str | None = None, **environment: str) -> Run:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", **environment},
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PLAYBOOK_LIMIT_S,
            check=False,
        )
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return Run(done.returncode, done.stdout)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """All tests of a file go to one process (https://pytest-xdist.readthedocs.io, hooks)."""
    return LoadFileScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First the tests of hosts that have never been deployed to, then those of the first deployment."""
    items.sort(key=lambda item: [name in item.fixturenames for name in ("lab", "deployed_lab")])  # type: ignore[attr-defined]


def lab_of(process: str) -> Lab:
    """The lab of a process of pytest-xdist: the default one for the first, a copy on another subnet for each other."""
    number = int(process.removeprefix("gw")) if process.startswith("gw") else 0
    if number == 0:
        return Lab()
    folder = ROOT / "tests" / "output" / "labs" / process
    for source in (ROOT / "lab" / "topology.yml", *(ROOT / "lab" / "inventory").rglob("*.yml")):
        target = folder / source.relative_to(ROOT / "lab")
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8")
        text = re.sub(r"\b10\.89\.\d+\.", f"10.89.{FIRST_COPY + number}.", text)
        text = re.sub(r"(?m)^  network: (\S+)$", rf"  network: \1-{process}", text)
        target.write_text(text, encoding="utf-8")
    return Lab(folder)


@pytest.fixture(scope="session")
def fresh_lab(worker_id: str) -> Iterator[Lab]:
    """A lab whose hosts have never been deployed to."""
    lab = lab_of(worker_id)
    was_up = (lab.state / "keys.yml").exists()
    lab.call("down", "--keep-images")
    lab.call("up")
    yield lab
    if not was_up:
        lab.call("down", "--keep-images")


@pytest.fixture(scope="session")
def deployed_lab(fresh_lab: Lab) -> Lab:
    """The lab after a first run of site.yml."""
    fresh_lab.play("site.yml")
    return fresh_lab


@pytest.fixture
def lab(deployed_lab: Lab) -> Iterator[Lab]:
    """The deployed lab; the hosts that a test touched are mended and deployed again."""
    deployed_lab.touched.clear()
    yield deployed_lab
    deployed_lab.call("heal")
    hosts = sorted(deployed_lab.touched.intersection(HOSTS))
    for host in hosts:
        deployed_lab.shell(host, "systemctl kill --kill-who=all -s CONT exabgp; true")
    if hosts:
        deployed_lab.play("site.yml", "--limit", ",".join(hosts))
