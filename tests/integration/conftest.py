# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab for the tests: started once, healed after each test, removed at the end unless it was up before."""

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

ROOT = Path(__file__).parents[2]
HOSTS = ("aws-1", "azure-1", "gcp-1", "onprem-1")
PLAYBOOK_LIMIT_S = 600


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

    root: Path = ROOT

    def call(self, *arguments: str, check: bool = True, stdin: str | None = None) -> Run:
        """Run a verb of the lab."""
        return self._run([sys.executable, "-m", "lab", *arguments], check=check, stdin=stdin)

    def shell(self, name: str, command: str, check: bool = True) -> str:
        """Run a shell command as root in a container; return what it printed."""
        return self.call("exec", name, "--", "sh", "-c", command, check=check).out

    def status(self) -> list[dict[str, Any]]:
        """The sessions as the routers have them."""
        sessions: list[dict[str, Any]] = json.loads(self.call("status", "--json").out)
        return sessions

    def play(self, playbook: str, *arguments: str, check: bool = True, **environment: str) -> Run:
        """Run a playbook against the lab."""
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "lab/inventory", playbook, *arguments]
        return self._run(command, check=check, **environment)

    def keys(self) -> list[str]:
        """The MD5 keys in use."""
        by_host = yaml.safe_load((self.root / "lab/.state/keys.yml").read_text(encoding="utf-8"))
        return [key for keys in by_host.values() for key in keys.values()]

    def _run(self, command: list[str], check: bool, stdin: str | None = None, **environment: str) -> Run:
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", **environment},
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PLAYBOOK_LIMIT_S,
            check=False,
        )
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return Run(done.returncode, done.stdout)


@pytest.fixture(scope="session")
def fresh_lab() -> Iterator[Lab]:
    """A lab whose hosts have never been deployed to."""
    lab = Lab()
    was_up = (lab.root / "lab/.state/keys.yml").exists()
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
    """The deployed lab; what a test broke is healed and deployed again."""
    yield deployed_lab
    deployed_lab.call("heal")
    for host in HOSTS:
        deployed_lab.shell(
            host, "pkill -CONT -u exabgp; systemctl is-active -q exabgp || systemctl restart exabgp", check=False
        )
    deployed_lab.play("site.yml")
