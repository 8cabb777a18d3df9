# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs and files inside a running container, reached by its process id.

nsenter takes some milliseconds where ``podman exec`` takes some tenths of a second, and leaves nothing behind.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .podman import run

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class File:
    """A file that a container is given."""

    path: str
    content: str
    owner: str = "root:root"
    mode: str = "0644"


def enter(
    pid: int, *command: str, stdin: str | None = None, check: bool = True, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a program as root in all namespaces of a container. Raises LabError if it fails and ``check`` is set."""
    return run(
        ["nsenter", f"--target={pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--", *command],
        stdin=stdin,
        check=check,
        timeout=timeout,
        env=_ENVIRONMENT,
    )


def network(pid: int, *command: str, stdin: str | None = None) -> str:
    """Run one of the machine's programs in a container's network namespace only, and return what it prints."""
    return run(["nsenter", f"--target={pid}", "--net", "--", *command], stdin=stdin, timeout=60).stdout


def ip_json(pid: int, *arguments: str) -> list[dict[str, Any]]:
    """Return what ``ip -json ARGUMENTS`` says in a container's network namespace."""
    parsed: list[dict[str, Any]] = json.loads(network(pid, "ip", "-json", *arguments) or "[]")
    return parsed


def read(pid: int, path: str) -> str | None:
    """Return a file's text, or None if it is not there."""
    result = enter(pid, "cat", path, check=False)
    return result.stdout if result.returncode == 0 else None


def write(pid: int, file: File) -> bool:
    """Put a file in place if it is missing or differs; tell whether it did.

    The content goes through standard input, so it never shows in a process list.
    """
    if read(pid, file.path) == file.content:
        return False
    script = (
        'set -eu; umask 077; mkdir -p "$(dirname "$1")"; cat > "$1.lab-new"; '
        'chown "$2" "$1.lab-new"; chmod "$3" "$1.lab-new"; mv "$1.lab-new" "$1"'
    )
    enter(pid, "sh", "-c", script, "sh", file.path, file.owner, file.mode, stdin=file.content)
    return True


def write_all(pid: int, files: Iterable[File]) -> bool:
    """Put every file in place that is missing or differs; tell whether any did."""
    changed = False
    for file in files:
        changed |= write(pid, file)
    return changed


def wait_booted(pid: int, timeout: float = 60) -> str:
    """Wait until systemd has finished starting and return its verdict (``running`` when all is well)."""
    # The bus appears some tenths of a second after init, and systemctl gives up at once without it.
    script = "until systemctl is-system-running --wait 2>/dev/null | grep -E '^[a-z]+$'; do sleep 0.1; done"
    return enter(pid, "sh", "-c", script, timeout=timeout).stdout.strip()
