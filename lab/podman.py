# SPDX-License-Identifier: GPL-3.0-or-later
"""Running podman and other programs, with plain defaults wherever the machine's podman works with them."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import LabError

IMAGE_LABEL = "cloudbgp.lab.image=1"
RECIPE_LABEL = "cloudbgp.lab.recipe"

_CAP_SYS_RESOURCE = 24
# What systemd, its unit sandboxes, nftables and the routing daemons need; no power over the machine's clock,
# modules or devices, so not --privileged.
_CAPABILITIES = (
    "AUDIT_WRITE",
    "IPC_LOCK",
    "MKNOD",
    "NET_ADMIN",
    "NET_BROADCAST",
    "NET_RAW",
    "SYS_ADMIN",
    "SYS_NICE",
    "SYS_PTRACE",
)


def run(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program and return its result as text.

    Raises LabError with the program's own words when ``check`` is set and it fails, or when it is not there.
    """
    try:
        result = subprocess.run(
            list(command),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            env=None if env is None else dict(env),
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{command[0]} did not end within {timeout:.0f} s") from error
    if check and result.returncode != 0:
        words = (result.stderr.strip() or result.stdout.strip()).splitlines()
        shown = " ".join(command[:3])
        raise LabError(f"{shown} failed ({result.returncode}): " + "\n  ".join(words[-8:]))
    return result


@dataclass(frozen=True)
class Container:
    """A container of the lab as podman sees it."""

    name: str
    image: str
    pid: int
    running: bool
    recipe: str


class Podman:
    """The podman command, limited to what carries the lab's label."""

    def __init__(self, configuration: Path, name: str) -> None:
        """Use ``configuration`` as containers.conf if that file exists; ``name`` tells this lab from another one."""
        self._configuration = configuration
        self.prefix = f"{name}-"
        self.label = f"cloudbgp.lab={name}"

    def environment(self) -> dict[str, str]:
        """Return the environment of every podman call."""
        env = dict(os.environ)
        if self._configuration.exists():
            env["CONTAINERS_CONF"] = str(self._configuration)
        return env

    def call(
        self, *arguments: str, check: bool = True, timeout: float | None = None, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``podman ARGUMENTS``."""
        return run(["podman", *arguments], check=check, timeout=timeout, env=self.environment(), stdin=stdin)

    def images(self) -> set[str]:
        """Return the references of the lab's images."""
        text = self.call("images", "--filter", f"label={IMAGE_LABEL}", "--format", "{{.Repository}}:{{.Tag}}").stdout
        return set(text.split())

    def containers(self) -> dict[str, Container]:
        """Return the lab's containers by their short name (without the prefix)."""
        listed = self.call("ps", "--all", "--filter", f"label={self.label}", "--format", "{{.Names}}")
        names = listed.stdout.split()
        if not names:
            return {}
        found: list[dict[str, Any]] = json.loads(self.call("container", "inspect", *names).stdout)
        return {
            item["Name"].removeprefix(self.prefix): Container(
                name=item["Name"],
                image=item["ImageName"],
                pid=int(item["State"]["Pid"]),
                running=item["State"]["Status"] == "running" and _alive(int(item["State"]["Pid"])),
                recipe=item["Config"]["Labels"][RECIPE_LABEL],
            )
            for item in found
        }

    def network_exists(self, name: str) -> bool:
        """Tell whether a network of that name exists, whoever made it."""
        return self.call("network", "exists", name, check=False).returncode == 0

    def container_options(self) -> list[str]:
        """Return the options that every systemd container of the lab is run with."""
        capabilities = list(_CAPABILITIES)
        if has_capability(_CAP_SYS_RESOURCE):
            capabilities.append("SYS_RESOURCE")
        return [
            "--systemd=always",
            f"--cap-add={','.join(capabilities)}",
            "--security-opt=seccomp=unconfined",
            "--security-opt=apparmor=unconfined",
            "--security-opt=label=disable",
            f"--label={self.label}",
        ]

    def configure(self, probe_image: str) -> str | None:
        """Write a containers.conf if podman's defaults cannot work here; return why, or None if they do."""
        if self._configuration.exists():
            return None
        reason = _why_defaults_fail()
        if reason is None:
            reason = self._probe(probe_image)
        if reason is None:
            return None
        self._configuration.write_text(containers_conf(), encoding="utf-8")
        second = self._probe(probe_image)
        if second is not None:
            self._configuration.unlink()
            raise LabError(f"podman cannot run a container here: {second}")
        return reason

    def _probe(self, image: str) -> str | None:
        result = self.call(
            "run", "--rm", "--network=none", f"--label={self.label}", image, "true", check=False, timeout=60
        )
        return None if result.returncode == 0 else result.stderr.strip().splitlines()[-1]


def _alive(pid: int) -> bool:
    return pid > 0 and Path(f"/proc/{pid}/ns/net").exists()


def has_capability(number: int) -> bool:
    """Tell whether this process has a capability, by its number in <linux/capability.h>."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def _why_defaults_fail() -> str | None:
    """Name what makes podman's defaults fail on this machine, as far as it shows without trying."""
    if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return "cgroup v1"
    if not has_capability(_CAP_SYS_RESOURCE):
        return "no CAP_SYS_RESOURCE"
    return None


def containers_conf() -> str:
    """Return a containers.conf for a machine where podman's own limits or runtime cannot be used."""
    lines = [
        "# Written by the lab: podman's defaults do not work on this machine.",
        "[engine]",
        'runtime = "runc"',
        "[containers]",
    ]
    if not has_capability(_CAP_SYS_RESOURCE):
        # Without the capability a limit can only be lowered, and podman asks for more than such a machine has.
        # Values near the machine's own limit on processes were refused by runc 1.1; 4096 is plenty.
        files = min(_hard_limit(resource.RLIMIT_NOFILE), 1_048_576)
        processes = min(_hard_limit(resource.RLIMIT_NPROC), 4096)
        lines.append(f'default_ulimits = ["nofile={min(1024, files)}:{files}", "nproc={processes}:{processes}"]')
    return "\n".join(lines) + "\n"


def _hard_limit(kind: int) -> int:
    hard = resource.getrlimit(kind)[1]
    return 2**31 if hard == resource.RLIM_INFINITY else hard
