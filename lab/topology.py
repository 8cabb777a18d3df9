# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's topology: topology.yml as typed data, checked once when it is read."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from .errors import LabError

FAMILIES = (
    "ipv4 unicast",
    "ipv6 unicast",
    "ipv4 multicast",
    "ipv4 nlri-mpls",
    "ipv6 nlri-mpls",
    "ipv4 mpls-vpn",
    "ipv6 mpls-vpn",
    "ipv4 flow",
    "ipv6 flow",
    "ipv4 flow-vpn",
    "ipv6 flow-vpn",
)
SOFTWARE = ("frr", "bird", "gobgp")
# A node's name is also the name of its port in the fabric, and Linux allows 15 bytes for that.
_LONGEST_NAME = 15

T = TypeVar("T")


@dataclass(frozen=True)
class Route:
    """A static route of a node, e.g. to the subnet of the other end."""

    to: str
    via: str


@dataclass(frozen=True)
class Session:
    """One BGP session from the router's side: ``local`` is the router, ``peer`` the ExaBGP host. Times in seconds."""

    name: str
    host: str
    local_address: str
    local_as: int
    peer_address: str
    peer_as: int
    families: tuple[str, ...]
    keepalive: int
    hold_time: int
    multihop: int | None = None
    passive: bool = False
    md5: bool = False
    ttl_security: bool = False
    add_path: bool = False
    """Whether the router takes several paths of a prefix."""

    @property
    def version(self) -> int:
        """The IP version that carries the session: 4 or 6."""
        return ipaddress.ip_address(self.peer_address).version


@dataclass(frozen=True, kw_only=True)
class Node:
    """A container with one port in the fabric."""

    name: str
    site: str
    network: str
    addresses: tuple[str, ...]
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Host(Node):
    """A machine that ExaBGP is installed on."""

    image: str
    management_address: str


@dataclass(frozen=True, kw_only=True)
class Router(Node):
    """A router of a cloud or of the data center."""

    software: str
    router_id: str
    sessions: tuple[Session, ...]


@dataclass(frozen=True)
class Topology:
    """The whole lab."""

    management_network: str
    management_subnet: str
    networks: Mapping[str, tuple[str, ...]]
    """Each network of the fabric with the fabric's own addresses in it."""
    hosts: Mapping[str, Host]
    routers: Mapping[str, Router]
    _by_session: Mapping[str, Router] = field(default_factory=dict, repr=False)

    @property
    def nodes(self) -> dict[str, Node]:
        """Hosts and routers by name, hosts first."""
        return {**self.hosts, **self.routers}

    def router_of(self, session: str) -> Router:
        """Return the router that a session belongs to; raises LabError for a name that is none."""
        try:
            return self._by_session[session]
        except KeyError:
            raise LabError(f"no session is called {session} (there are: {', '.join(self._by_session)})") from None

    @property
    def sessions(self) -> dict[str, Session]:
        """Every session by name, in the order of the file."""
        return {session.name: session for router in self.routers.values() for session in router.sessions}


def load(path: Path) -> Topology:
    """Read and check a topology file. Raises LabError with the place of what is wrong in it."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise LabError(f"{path.name}: {error}") from error
    return parse(data)


def parse(data: Any) -> Topology:
    """Make a Topology from plain data. Raises LabError with the place of what is wrong in it."""
    top = _mapping(data, "topology", {"management", "networks", "hosts", "routers"})
    management = _mapping(top.get("management"), "management", {"network", "subnet"})
    networks: dict[str, tuple[str, ...]] = {}
    for name, value in _mapping(top.get("networks"), "networks").items():
        entry = _mapping(value, f"networks.{name}", {"gateways"})
        networks[name] = tuple(entry.get("gateways", ()))
    hosts = {
        name: _build(Host, {"name": name, **_node(value, f"hosts.{name}")}, f"hosts.{name}")
        for name, value in _mapping(top.get("hosts"), "hosts").items()
    }
    routers: dict[str, Router] = {}
    for name, value in _mapping(top.get("routers"), "routers").items():
        where = f"routers.{name}"
        entry = _node(value, where)
        entry["sessions"] = tuple(
            _build(Session, {**item, "families": tuple(item.get("families", ()))}, f"{where}.sessions[{number}]")
            for number, item in enumerate(entry.get("sessions", ()))
        )
        routers[name] = _build(Router, {"name": name, **entry}, where)
    by_session = {session.name: router for router in routers.values() for session in router.sessions}
    topology = Topology(
        management_network=management["network"],
        management_subnet=management["subnet"],
        networks=networks,
        hosts=hosts,
        routers=routers,
        _by_session=by_session,
    )
    _check(topology)
    return topology


def _mapping(value: Any, where: str, known: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise LabError(f"{where}: a mapping is wanted")
    if known is not None and (unknown := set(value) - known):
        raise LabError(f"{where}: unknown key {sorted(unknown)[0]}")
    return dict(value)


def _node(value: Any, where: str) -> dict[str, Any]:
    entry = _mapping(value, where)
    entry["addresses"] = tuple(entry.get("addresses", ()))
    entry["routes"] = tuple(_build(Route, item, f"{where}.routes") for item in entry.get("routes", ()))
    return entry


def _build(kind: Callable[..., T], values: Mapping[str, Any], where: str) -> T:
    fields = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := set(values) - set(fields):
        raise LabError(f"{where}: unknown key {sorted(unknown)[0]}")
    for name, item in fields.items():
        if name not in values and item.default is dataclasses.MISSING:
            raise LabError(f"{where}: {name} is missing")
    return kind(**values)


def _check(topology: Topology) -> None:
    subnet = ipaddress.ip_network(topology.management_subnet)
    for name, node in topology.nodes.items():
        if len(name) > _LONGEST_NAME:
            raise LabError(f"{name}: a name has at most {_LONGEST_NAME} characters")
        if node.network not in topology.networks:
            raise LabError(f"{name}: network {node.network} does not exist")
        for address in node.addresses:
            ipaddress.ip_interface(address)
    for host in topology.hosts.values():
        if ipaddress.ip_address(host.management_address) not in subnet:
            raise LabError(f"{host.name}: management_address is outside {subnet}")
    names: set[str] = set()
    for router in topology.routers.values():
        if router.software not in SOFTWARE:
            raise LabError(f"{router.name}: software is one of {', '.join(SOFTWARE)}")
        for session in router.sessions:
            _check_session(topology, router, session)
            if session.name in names:
                raise LabError(f"{session.name}: two sessions have this name")
            names.add(session.name)


def _check_session(topology: Topology, router: Router, session: Session) -> None:
    if session.host not in topology.hosts:
        raise LabError(f"{session.name}: host {session.host} does not exist")
    if not session.families or not set(session.families) <= set(FAMILIES):
        raise LabError(f"{session.name}: families are some of {', '.join(FAMILIES)}")
    if session.multihop and session.ttl_security:
        raise LabError(f"{session.name}: multihop and ttl_security exclude each other")
    ends = ((router, session.local_address), (topology.hosts[session.host], session.peer_address))
    for node, address in ends:
        if address not in {str(ipaddress.ip_interface(item).ip) for item in node.addresses}:
            raise LabError(f"{session.name}: {node.name} does not have the address {address}")
