# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers: one per host and router, and the fabric between them."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from . import inside
from .console import say, step
from .errors import LabError
from .images import RECIPES
from .podman import RECIPE_LABEL, Container, Podman
from .preflight import check_subnet
from .topology import Topology

FABRIC = "fabric"


@dataclass(frozen=True)
class Wanted:
    """A container as it should be: the arguments of ``podman run`` and a hash of them."""

    name: str
    image: str
    options: tuple[str, ...]
    command: tuple[str, ...] = ()

    @property
    def recipe(self) -> str:
        """A hash of all that the container is made from; another hash means another container."""
        text = json.dumps([self.image, self.options, self.command])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def wanted(topology: Topology, label: str, options: tuple[str, ...]) -> dict[str, Wanted]:
    """Return every container of the lab by name. ``options`` are those of all systemd containers."""
    router = RECIPES["router"].reference
    result = {
        # The fabric is only a network namespace to hold bridges, and a place to run tcpdump in.
        FABRIC: Wanted(
            FABRIC,
            router,
            ("--network=none", "--cap-add=NET_ADMIN,NET_RAW", "--stop-signal=SIGKILL", f"--label={label}"),
            ("sleep", "infinity"),
        )
    }
    for name, host in topology.hosts.items():
        network = (
            f"--network={topology.management_network}",
            f"--network-alias={name}",
            f"--ip={host.management_address}",
            f"--mac-address={mac_address(host.management_address)}",
        )
        result[name] = Wanted(name, RECIPES[host.image].reference, (*options, *network))
    for name in topology.routers:
        result[name] = Wanted(name, router, (*options, "--network=none"))
    return result


def mac_address(address: str) -> str:
    """Return the MAC address for an IPv4 address: always the same, so that no neighbor remembers an old one."""
    return "02:63:" + ":".join(f"{byte:02x}" for byte in ipaddress.IPv4Address(address).packed)


def ensure_network(topology: Topology, podman: Podman) -> list[str]:
    """Make the management network if it is missing. Raises LabError if its name or subnet is taken."""
    name = topology.management_network
    if podman.network_exists(name):
        labels = podman.call(
            "network", "ls", "--filter", f"label={podman.label}", "--format", "{{.Name}}"
        ).stdout.split()
        if name not in labels:
            raise LabError(f"the podman network {name} exists and was not made by the lab")
        return []
    check_subnet(topology, podman)
    podman.call("network", "create", f"--label={podman.label}", f"--subnet={topology.management_subnet}", name)
    return [f"network {name} {topology.management_subnet} made"]


def ensure(topology: Topology, podman: Podman) -> tuple[dict[str, Container], list[str]]:
    """Make, remake or start the containers; return all of them, running, and what was done."""
    present = podman.containers()
    containers = wanted(topology, podman.label, tuple(podman.container_options()))
    changes: list[str] = []
    for name in set(present) - set(containers):
        podman.call("rm", "--force", "--time=0", present[name].name)
        changes.append(f"{name} removed")
    todo = [
        item
        for name, item in containers.items()
        if not (name in present and present[name].running and present[name].recipe == item.recipe)
    ]
    if not todo:
        return {name: present[name] for name in containers}, changes
    with step(f"containers {', '.join(item.name for item in todo)}"):
        with ThreadPoolExecutor(max_workers=4) as pool:
            changes += pool.map(lambda item: _make(podman, item, present.get(item.name)), todo)
        found = podman.containers()
        _wait_booted({item.name: found[item.name] for item in todo if item.name != FABRIC})
    return {name: found[name] for name in containers}, changes


def _make(podman: Podman, item: Wanted, old: Container | None) -> str:
    name = podman.prefix + item.name
    if old is not None:
        # A container that lost its processes without podman seeing it does not start; then it is made anew.
        if old.recipe == item.recipe and podman.call("start", name, check=False).returncode == 0:
            return f"{item.name} started"
        podman.call("rm", "--force", "--time=0", name)
    podman.call(
        "run",
        "--detach",
        f"--name={name}",
        f"--hostname={item.name}",
        f"--label={RECIPE_LABEL}={item.recipe}",
        *item.options,
        item.image,
        *item.command,
        timeout=120,
    )
    return f"{item.name} made"


def _wait_booted(containers: Mapping[str, Container]) -> None:
    with ThreadPoolExecutor(max_workers=max(1, len(containers))) as pool:
        verdicts = pool.map(lambda item: inside.wait_booted(item.pid), containers.values())
        for name, verdict in zip(containers, verdicts, strict=True):
            if verdict != "running":
                say(f"  {name}: systemd says {verdict} (python -m lab exec {name} -- systemctl --failed)")


def remove(podman: Podman, *, keep_images: bool) -> tuple[list[str], list[str]]:
    """Remove the lab's containers, networks and images; return what was done, and what could not be removed and why.

    What somebody else's container uses is left: it is not the lab's to take away.
    """
    done: list[str] = []
    kept: list[str] = []
    if containers := podman.containers():
        podman.call("rm", "--force", "--time=0", *(item.name for item in containers.values()))
        done.append(f"{len(containers)} containers removed")
    networks = podman.call("network", "ls", "--filter", f"label={podman.label}", "--format", "{{.Name}}").stdout.split()
    removals: list[tuple[str, tuple[str, ...]]] = [(f"network {name}", ("network", "rm", name)) for name in networks]
    if not keep_images:
        removals += [(f"image {name}", ("rmi", name)) for name in sorted(podman.images())]
    for what, command in removals:
        result = podman.call(*command, check=False)
        if result.returncode == 0:
            done.append(f"{what} removed")
        else:
            kept.append(f"{what}: {result.stderr.strip()}")
    return done, kept
