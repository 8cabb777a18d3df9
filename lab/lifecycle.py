# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs that make, change and remove the lab. Each brings the machine to what topology and faults say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import access, fabric, images, nodes, preflight, routers, services
from .console import say
from .errors import LabError
from .podman import Container, Podman
from .state import Faults, State, check_key, new_key
from .topology import load

DEFAULT_TOPOLOGY = Path(__file__).parent / "topology.yml"


class Lab:
    """The lab of this checkout."""

    def __init__(self, topology: Path = DEFAULT_TOPOLOGY) -> None:
        """Read the topology; touch nothing. What the lab remembers lies in .state beside it."""
        self.topology = load(topology)
        self.state = State(topology.parent / ".state")
        self.podman = Podman(self.state.containers_conf, self.topology.management_network)

    def images(self) -> list[str]:
        """Build the images that are missing; return what was done."""
        preflight.check_machine()
        return images.ensure(self.podman)

    def up(self) -> list[str]:
        """Bring the whole lab up; return what was done."""
        preflight.check_machine()
        with self.state.locked():
            changes = images.ensure(self.podman)
            if limit := preflight.raise_inotify_limit():
                changes.append(limit)
            if reason := self.podman.configure(images.RECIPES["router"].reference):
                changes.append(f"containers.conf written ({reason})")
            changes += nodes.ensure_network(self.topology, self.podman)
            containers, made = nodes.ensure(self.topology, self.podman)
            changes += made
            pids = _pids(containers)
            faults = self.state.faults()
            changes += fabric.ensure(self.topology, pids, pids[nodes.FABRIC], faults.cut)
            changes += self.state.ensure_keys(self.topology)
            changes += access.ensure(self.topology, pids, self.state)
            changes += services.ensure(self.topology, pids)
            changes += self._configure_routers(pids, faults)
            changes += images.prune(self.podman)
        for fault in faults.words():
            say(f"  fault in force: {fault} (python -m lab heal undoes it)")
        return changes

    def down(self, *, keep_images: bool = False) -> list[str]:
        """Remove every trace of the lab; return what was done."""
        preflight.check_machine()
        changes, kept = nodes.remove(self.podman, keep_images=keep_images)
        if self.state.remove():
            changes.append("keys and state removed")
        if kept:
            raise LabError("not everything could be removed:\n  " + "\n  ".join([*kept, *changes]))
        return changes

    def cut(self, link: str) -> list[str]:
        """Set the fabric port of a host or router down."""
        return self._fault(lambda faults: _add(faults.cut, self._node(link)))

    def mend(self, link: str) -> list[str]:
        """Set the fabric port of a host or router up."""
        return self._fault(lambda faults: _drop(faults.cut, self._node(link)))

    def stop(self, router: str) -> list[str]:
        """Stop a router's routing daemon."""
        return self._fault(lambda faults: _add(faults.stopped, self._router(router)))

    def start(self, router: str) -> list[str]:
        """Start a router's routing daemon."""
        return self._fault(lambda faults: _drop(faults.stopped, self._router(router)))

    def key(self, session: str, key: str | None) -> list[str]:
        """Give the router another MD5 key for a session (a random one if ``key`` is None)."""
        self.topology.router_of(session)
        if not self.topology.sessions[session].md5:
            raise LabError(f"{session} has no MD5 key to change: lab/topology.yml gives it none")

        wrong = new_key() if key is None else check_key(key)

        def change(faults: Faults) -> None:
            faults.keys[session] = wrong

        return self._fault(change)

    def peer_as(self, session: str, number: int) -> list[str]:
        """Let the router expect another AS of the host."""
        self.topology.router_of(session)
        if not 0 < number < 2**32:
            raise LabError("an AS number lies between 1 and 4294967295")

        def change(faults: Faults) -> None:
            faults.peer_as[session] = number

        return self._fault(change)

    def heal(self) -> list[str]:
        """Undo every fault."""

        def change(faults: Faults) -> None:
            for values in (faults.cut, faults.stopped, faults.keys, faults.peer_as):
                values.clear()

        return self._fault(change)

    def container(self, name: str) -> str:
        """Return the podman name of a host, a router or the fabric. Raises LabError if there is none."""
        return self.running()[self._known(name)].name

    def running(self) -> dict[str, Container]:
        """Return the lab's containers; raises LabError unless all of them run."""
        preflight.check_machine()
        found = self.podman.containers()
        if not found:
            raise LabError("the lab is not up (python -m lab up)")
        expected = [nodes.FABRIC, *self.topology.nodes]
        missing = [name for name in expected if name not in found or not found[name].running]
        if missing:
            raise LabError(f"not running: {', '.join(missing)} (python -m lab up)")
        return found

    def _fault(self, change: Callable[[Faults], None]) -> list[str]:
        self.running()  # before the state folder is made
        with self.state.locked():
            pids = _pids(self.running())
            faults = self.state.faults()
            change(faults)
            # Remembered first: if applying is interrupted, the next call of any verb finishes it.
            self.state.save_faults(faults)
            changes = fabric.ensure(self.topology, pids, pids[nodes.FABRIC], faults.cut)
            return changes + self._configure_routers(pids, faults)

    def _configure_routers(self, pids: dict[str, int], faults: Faults) -> list[str]:
        keys = self.state.keys(self.topology)
        return routers.ensure(self.topology, pids, keys, faults)

    def _known(self, name: str) -> str:
        if name != nodes.FABRIC and name not in self.topology.nodes:
            raise LabError(f"nothing is called {name} (there are: {', '.join(self.topology.nodes)}, {nodes.FABRIC})")
        return name

    def _node(self, name: str) -> str:
        if name not in self.topology.nodes:
            raise LabError(f"no link is called {name} (there are: {', '.join(self.topology.nodes)})")
        return name

    def _router(self, name: str) -> str:
        if name not in self.topology.routers:
            raise LabError(f"no router is called {name} (there are: {', '.join(self.topology.routers)})")
        return name


def _pids(containers: dict[str, Container]) -> dict[str, int]:
    return {name: container.pid for name, container in containers.items()}


def _add(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def _drop(names: list[str], name: str) -> None:
    if name in names:
        names.remove(name)
