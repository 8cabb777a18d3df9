# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine must have before the lab touches anything."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from .console import say
from .errors import LabError
from .podman import Podman, run
from .topology import Topology

# Program or file -> the Debian package that brings it.
_PROGRAMS = {
    "podman": "podman",
    "conmon": "conmon",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "nsenter": "util-linux",
    "ssh-keygen": "openssh-client",
    "sysctl": "procps",
}
_HELPERS = {"netavark": "netavark", "aardvark-dns": "aardvark-dns"}
_HELPER_FOLDERS = ("/usr/lib/podman", "/usr/libexec/podman", "/usr/local/lib/podman", "/usr/local/libexec/podman")
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_INSTANCES = 1024
_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


def missing_packages() -> list[str]:
    """Return the Debian packages that have to be installed before the lab can work; empty when none."""
    path = os.environ.get("PATH", "") + ":" + _SYSTEM_PATH
    missing = {package for program, package in _PROGRAMS.items() if not shutil.which(program, path=path)}
    # crun cannot run on cgroup v1, so there runc is needed whatever else is installed.
    cgroup_v1 = not os.path.exists("/sys/fs/cgroup/cgroup.controllers")
    runtimes = ("runc",) if cgroup_v1 else ("crun", "runc")
    if not any(shutil.which(runtime, path=path) for runtime in runtimes):
        missing.add("runc")
    for helper, package in _HELPERS.items():
        if not any(os.access(f"{folder}/{helper}", os.X_OK) for folder in _HELPER_FOLDERS):
            missing.add(package)
    return sorted(missing)


def check_machine() -> None:
    """Raise LabError unless this is root on a machine with every program that the lab calls."""
    if os.geteuid() != 0:
        raise LabError("the lab moves links between network namespaces: run it as root (sudo)")
    if missing := missing_packages():
        raise LabError(f"install these Debian packages first: apt-get install {' '.join(missing)}")


def raise_inotify_limit() -> str | None:
    """Allow root enough inotify instances for the lab's systemds; return what was done, None when nothing.

    Each takes six, and Linux's default of 128 ends in containers that come up "degraded". It holds until the next boot.
    """
    try:
        if int(_INOTIFY.read_text(encoding="ascii")) >= _INOTIFY_INSTANCES:
            return None
        _INOTIFY.write_text(f"{_INOTIFY_INSTANCES}\n", encoding="ascii")
    except OSError as error:
        say(f"fs.inotify.max_user_instances stays as it is, two labs at once may not start: {error}")
        return None
    return f"fs.inotify.max_user_instances raised to {_INOTIFY_INSTANCES}"


def check_subnet(topology: Topology, podman: Podman) -> None:
    """Raise LabError if the management subnet already belongs to something that the lab did not make."""
    wanted = ipaddress.ip_network(topology.management_subnet)
    for network in json.loads(podman.call("network", "ls", "--format", "json").stdout or "[]"):
        for subnet in network.get("subnets") or ():
            if overlapping(wanted, [subnet["subnet"]]):
                raise LabError(
                    f"{wanted} is in use by the podman network {network['name']}: remove it, or change "
                    "management in lab/topology.yml and the addresses in lab/inventory"
                )
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "table", "all"]).stdout or "[]")
    used = overlapping(wanted, (route["dst"] for route in routes))
    if used:
        raise LabError(
            f"{wanted} is in use on this machine (route to {used}): the lab stops rather than take it; change "
            "management in lab/topology.yml and the addresses in lab/inventory"
        )


def overlapping(wanted: ipaddress.IPv4Network | ipaddress.IPv6Network, others: Iterable[str]) -> str | None:
    """Return the first of ``others`` that overlaps ``wanted``; a default route does not count."""
    for other in others:
        try:
            network = ipaddress.ip_network(other, strict=False)
        except ValueError:  # "default" and the like
            continue
        if network.prefixlen and network.version == wanted.version and network.overlaps(wanted):
            return other
    return None
