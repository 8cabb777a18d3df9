# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""What systemd says of the daemon's unit, and what its journal holds."""

from __future__ import annotations

import os
import time
import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "MainPID",
    "NRestarts",
    "NeedDaemonReload",
    "ActiveEnterTimestampMonotonic",
    "FragmentPath",
    "DropInPaths",
)


@dataclass(frozen=True)
class ServiceState:
    """The state of a unit (systemd.unit(5), D-Bus interface of the manager)."""

    loaded: bool
    active_state: str
    sub_state: str
    result: str
    main_pid: int
    restarts: int
    needs_daemon_reload: bool
    active_since: float
    """Seconds of the monotonic clock at which it became active; 0 when it never did."""
    files: tuple[str, ...]
    """The unit's file and its drop-ins."""

    @property
    def running(self) -> bool:
        return self.active_state in ("active", "reloading") and self.main_pid > 0

    @property
    def changed_since_start(self) -> bool:
        """Whether the unit's file or a drop-in is newer than the running service."""
        started = time.time() - (time.monotonic() - self.active_since)
        return self.active_since > 0 and any(
            os.path.exists(path) and os.stat(path).st_mtime > started for path in self.files
        )

    def describe(self, name: str) -> str:
        """One phrase for an operator."""
        if not self.loaded:
            return f"the unit {name} does not exist"
        if self.running:
            return f"{name} runs"
        return f"{name} is {self.active_state} ({self.sub_state}, result {self.result}, {self.restarts} restarts)"


def state(module: AnsibleModule, name: str) -> ServiceState:
    """Ask systemd for the state of a unit. A unit that does not exist is no error."""
    _rc, out, _err = module.run_command(["systemctl", "show", name, "--property=" + ",".join(_PROPERTIES)])
    values = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def number(key: str) -> int:
        value = values.get(key, "")
        return int(value) if value.isdigit() else 0

    return ServiceState(
        loaded=values.get("LoadState") == "loaded",
        active_state=values.get("ActiveState", "unknown"),
        sub_state=values.get("SubState", "unknown"),
        result=values.get("Result", "unknown"),
        main_pid=number("MainPID"),
        restarts=number("NRestarts"),
        needs_daemon_reload=values.get("NeedDaemonReload") == "yes",
        active_since=number("ActiveEnterTimestampMonotonic") / 1e6,
        files=tuple(filter(None, [values.get("FragmentPath", ""), *values.get("DropInPaths", "").split()])),
    )


def journal(module: AnsibleModule, name: str, lines: int = 20, since: str | None = None) -> list[str]:
    """The newest lines of a unit's journal, oldest first.

    :param since: a time as journalctl takes it, e.g. C(-10min).
    """
    command = ["journalctl", "--unit", name, "--lines", str(lines), "--output", "cat", "--no-pager", "--quiet"]
    if since is not None:
        command += ["--since", since]
    rc, out, _err = module.run_command(command)
    return out.splitlines() if rc == 0 else []
