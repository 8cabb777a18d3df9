# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that BGP runs on: bridges and veth pairs inside the containers' own network namespaces.

Nothing of it can be seen or reached from the machine's network, so it may use addresses that the user's LAN uses too.
One container, ``fabric``, holds the bridges; each node's ``eth1`` is the other end of a port there.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Collection, Mapping
from typing import Any

from . import inside
from .topology import Node, Topology

INTERFACE = "eth1"


def bridge_name(network: str) -> str:
    """Return the name of a network's bridge in the fabric."""
    return f"br-{network}"


def mac_address(node: str) -> str:
    """Return the MAC address of a node's ``eth1``: always the same, so that no neighbor remembers an old one."""
    return "06:" + ":".join(f"{byte:02x}" for byte in hashlib.sha256(node.encode()).digest()[:5])


def ensure(topology: Topology, pids: Mapping[str, int], fabric_pid: int, cut: Collection[str]) -> list[str]:
    """Make what is missing of bridges, links, addresses and routes; return what was done.

    ``pids`` are the nodes' process ids; the ports of the nodes in ``cut`` are down, all others up.
    """
    changes = _ensure_bridges(topology, fabric_pid)
    ports = {link["ifname"]: link for link in inside.ip_json(fabric_pid, "link", "show")}
    for name, node in topology.nodes.items():
        changes += _ensure_link(node, pids[name], fabric_pid, ports.get(name), up=name not in cut)
        changes += _ensure_addresses(node, pids[name])
    return changes


def set_port(fabric_pid: int, node: str, *, up: bool) -> None:
    """Plug a node's cable in or out."""
    inside.network(fabric_pid, "ip", "link", "set", node, "up" if up else "down")


def _ensure_bridges(topology: Topology, pid: int) -> list[str]:
    present = {link["ifname"]: link for link in inside.ip_json(pid, "address", "show")}
    commands: list[str] = []
    changes: list[str] = []
    for network, gateways in topology.networks.items():
        bridge = bridge_name(network)
        if bridge not in present:
            # Without a multicast querier a snooping bridge would soon lose neighbor solicitations of IPv6.
            commands.append(f"link add {bridge} type bridge stp_state 0 mcast_snooping 0")
            changes.append(f"network {network} made")
        if not _is_up(present.get(bridge)):
            commands.append(f"link set {bridge} up")
        commands += [
            f"address add {address} dev {bridge}{_no_dad(address)}"
            for address in gateways
            if address not in _addresses(present.get(bridge))
        ]
    if commands:
        _batch(pid, commands)
        inside.network(pid, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    return changes


def _ensure_link(node: Node, pid: int, fabric_pid: int, port: Mapping[str, Any] | None, *, up: bool) -> list[str]:
    commands: list[str] = []
    if port is None:
        commands.append(
            f"link add {node.name} type veth peer name {INTERFACE} address {mac_address(node.name)} netns {pid}"
        )
    if port is None or port.get("master") != bridge_name(node.network):
        commands.append(f"link set {node.name} master {bridge_name(node.network)}")
    if _is_up(port) != up:
        commands.append(f"link set {node.name} {'up' if up else 'down'}")
    if not commands:
        return []
    _batch(fabric_pid, commands)
    return [f"link of {node.name} {'made' if port is None else 'set'}"]


def _ensure_addresses(node: Node, pid: int) -> list[str]:
    present = next(iter(inside.ip_json(pid, "address", "show", "dev", INTERFACE)), None)
    commands = [
        f"address add {address} dev {INTERFACE}{_no_dad(address)}"
        for address in node.addresses
        if address not in _addresses(present)
    ]
    if not _is_up(present):
        commands.append(f"link set {INTERFACE} up")
    routes = {(route.get("dst"), route.get("gateway")) for route in inside.ip_json(pid, "route", "show")}
    commands += [
        f"route replace {route.to} via {route.via} dev {INTERFACE}"
        for route in node.routes
        if (route.to, route.via) not in routes
    ]
    if not commands:
        return []
    _batch(pid, commands)
    return [f"addresses of {node.name} set"]


def _batch(pid: int, commands: list[str]) -> None:
    inside.network(pid, "ip", "-batch", "-", stdin="\n".join(commands) + "\n")


def _no_dad(address: str) -> str:
    """Duplicate address detection would keep an IPv6 address unusable for the first seconds."""
    return " nodad" if ipaddress.ip_interface(address).version == 6 else ""


def _is_up(link: Mapping[str, Any] | None) -> bool:
    return link is not None and "UP" in link.get("flags", ())


def _addresses(link: Mapping[str, Any] | None) -> set[str]:
    if link is None:
        return set()
    return {f"{item['local']}/{item['prefixlen']}" for item in link.get("addr_info", ())}
