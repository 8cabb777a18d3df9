# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the controller side on every supported ansible-core: python -m tests.tools.cores [VERSION...].

Each release has a lock file tests/cores/VERSION.txt and gets an environment of its own in .cache/cores; the release
of .venv (requirements-dev.in) is run from there. A release for which no Python is at hand is named and left out.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from tests.tools import pythons, tree

LOCKS = tree.ROOT / "tests" / "cores"
ENVIRONMENTS = tree.CACHE / "cores"
INVENTORY = LOCKS / "inventory.yml"

# The Pythons a controller may run each release on, from ansible-core's own metadata, the preferred one first.
PYTHONS = {
    "2.17": ("3.11", "3.12", "3.10"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.21": ("3.13", "3.12", "3.14"),
}


def environment(core: str, python: str) -> Path:
    """Return the folder of the environment of `core`, laid anew when its lock file or `python` has changed."""
    folder = ENVIRONMENTS / core
    lock = LOCKS / f"{core}.txt"
    stamp = hashlib.sha256(f"{python} {folder}\n".encode() + lock.read_bytes()).hexdigest()
    mark = folder / ".stamp"
    if mark.exists() and mark.read_text(encoding="utf-8") == stamp:
        return folder
    uv = str(tree.ROOT / "tests" / "tools" / "uv")
    subprocess.run([uv, "venv", "--clear", "--python", python, str(folder)], check=True)
    interpreter = str(folder / "bin" / "python")
    subprocess.run([uv, "pip", "sync", "--python", interpreter, str(lock)], check=True)
    mark.write_text(stamp, encoding="utf-8")
    return folder


def commands(folder: Path) -> list[list[str]]:
    """Return what runs on one release, whose programs are in `folder`."""
    ansible = str(folder / "ansible-playbook")
    # The health agent knows nothing of Ansible.
    options = ["--quiet", "--numprocesses=auto", "--ignore=tests/unit/agent"]
    units = [str(folder / "python"), "-m", "pytest", *options, "tests/unit"]
    wanted = [units]
    if (tree.ROOT / "site.yml").exists():
        wanted.append([ansible, "--syntax-check", "--inventory", str(INVENTORY), "site.yml"])
    if (tree.ROOT / "playbooks" / "plan.yml").exists():
        wanted.append([ansible, "--inventory", str(INVENTORY), "playbooks/plan.yml"])
    return wanted


def run(core: str, folder: Path) -> list[str]:
    """Run everything on one release; return the commands that failed."""
    print(f"-- ansible-core {core}", flush=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "VIRTUAL_ENV"))}
    env.update(
        ANSIBLE_HOME=str(tree.CACHE / "ansible-home" / core),
        PATH=os.pathsep.join([str(folder), env["PATH"]]),
        PYTHONDONTWRITEBYTECODE="1",
    )
    failed = []
    for command in commands(folder):
        print("$", *command, flush=True)
        if subprocess.run(command, cwd=tree.ROOT, env=env, check=False).returncode:
            failed.append(f"{core}: {' '.join([Path(command[0]).name, *command[1:]])}")
    return failed


def main(names: list[str]) -> int:
    """Run the releases named, or all of them; return 1 when a command failed on one."""
    own = version("ansible-core")
    found: dict[str, Path] = {}
    absent: dict[str, str] = {}
    for core, versions in PYTHONS.items():
        python = pythons.find(*versions)
        if python:
            found[core] = environment(core, python) / "bin"
        else:
            absent[core] = f"no Python {' or '.join(versions)} at hand"
    found[".".join(own.split(".")[:2])] = Path(sys.executable).parent
    failed: list[str] = []
    ran: list[str] = []
    for core in sorted(found, key=lambda name: [int(part) for part in name.split(".")]):
        if names and core not in names:
            continue
        start = time.monotonic()
        failed += run(core, found[core])
        ran.append(f"{core} ({time.monotonic() - start:.0f} s)")
    print("\nansible-core run:", ", ".join(ran))
    for core, reason in absent.items():
        print(f"ansible-core {core} not run: {reason}")
    for line in failed:
        print("failed on", line)
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
