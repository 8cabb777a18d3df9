# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's topology: what is refused, and what the routers are told."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

import lab
from lab.errors import LabError
from lab.fabric import bridge_name, mac_address
from lab.images import RECIPES
from lab.routers import render
from lab.topology import Topology, parse

LAB = Path(lab.__file__).parent
KEYS = {name: f"key-of-{name}" for name in ("cr-0", "cr-1", "edge-0", "edge-0-v6")}


@pytest.fixture
def data() -> Any:
    # Anchors share objects; each test changes its own copy.
    return copy.deepcopy(yaml.safe_load((LAB / "topology.yml").read_text(encoding="utf-8")))


@pytest.fixture
def topology(data: Any) -> Topology:
    return parse(data)


def test_sites_and_sessions(topology: Topology):
    assert list(topology.hosts) == ["aws-1", "azure-1", "gcp-1", "onprem-1"]
    assert list(topology.sessions) == ["tgw-0", "tgw-1", "rs-0", "rs-1", "cr-0", "cr-1", "edge-0", "edge-0-v6"]
    assert {name for name, session in topology.sessions.items() if session.md5} == set(KEYS)
    assert topology.sessions["edge-0-v6"].version == 6
    assert topology.router_of("edge-0-v6").name == "edge-0"


def test_every_image_is_known(topology: Topology):
    assert {host.image for host in topology.hosts.values()} <= set(RECIPES)


def test_names_fit_linux(topology: Topology):
    assert all(len(bridge_name(network)) <= 15 for network in topology.networks)


def test_mac_addresses_are_local_unicast_and_differ(topology: Topology):
    addresses = {mac_address(name) for name in topology.nodes}
    assert len(addresses) == len(topology.nodes)
    assert all(int(address[:2], 16) & 3 == 2 for address in addresses)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("hosts", "aws-1", "colour"), "red", "hosts.aws-1: unknown key colour"),
        (("hosts", "aws-1", "network"), "nowhere", "aws-1: network nowhere does not exist"),
        (("hosts", "aws-1", "management_address"), "10.0.0.1", "aws-1: management_address is outside"),
        (("routers", "tgw-0", "software"), "ios", "tgw-0: software is one of"),
        (("routers", "tgw-0", "sessions", 0, "host"), "aws-9", "tgw-0: host aws-9 does not exist"),
        (("routers", "tgw-0", "sessions", 0, "families"), ["ipv4"], "tgw-0: families are"),
        (("routers", "tgw-0", "sessions", 0, "ttl_security"), True, "tgw-0: multihop and ttl_security exclude"),
        (("routers", "tgw-0", "sessions", 0, "local_address"), "169.254.6.9", "tgw-0: tgw-0 does not have the address"),
        (("routers", "tgw-0", "sessions", 0, "name"), "rs-0", "rs-0: two sessions have this name"),
    ],
)
def test_refused(data: Any, path: tuple[Any, ...], value: Any, reason: str):
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(LabError, match=reason):
        parse(data)


def test_missing_field_is_named(data: Any):
    del data["routers"]["rs-0"]["router_id"]
    with pytest.raises(LabError, match=r"routers\.rs-0: router_id is missing"):
        parse(data)


def test_unknown_session_is_named(topology: Topology):
    with pytest.raises(LabError, match="no session is called tgw-9"):
        topology.router_of("tgw-9")


def test_frr(topology: Topology):
    text = render(topology.routers["tgw-1"], KEYS)
    assert "router bgp 64512\n bgp router-id 169.254.6.3\n" in text
    for line in ("remote-as 65010", "timers 10 30", "passive", "ebgp-multihop 2", "update-source 169.254.6.3"):
        assert f"\n neighbor 169.254.6.1 {line}\n" in text
    assert text.count("  neighbor 169.254.6.1 activate\n") == 2
    assert text.count("  neighbor 169.254.6.1 route-map nothing out\n") == 2
    assert " no bgp ebgp-requires-policy\n" in text
    assert "password" not in text


def test_bird_multihop(topology: Topology):
    text = render(topology.routers["rs-0"], KEYS)
    assert "  local 10.0.1.4 as 65515;\n  neighbor 10.0.2.10 as 65020;\n  multihop 64;\n" in text
    assert "hold time 180;\n  keepalive time 60;" in text
    assert "password" not in text
    assert "ttl security" not in text


def test_bird_dual_stack_with_md5_and_gtsm(topology: Topology):
    text = render(topology.routers["edge-0"], KEYS)
    assert 'password "key-of-edge-0";' in text
    assert 'password "key-of-edge-0-v6";' in text
    assert text.count("ttl security on;") == 2
    assert text.count("export none") == 4


def test_gobgp(topology: Topology):
    tomllib = pytest.importorskip("tomllib")
    parsed = tomllib.loads(render(topology.routers["cr-1"], KEYS))
    assert parsed["global"]["config"] == {
        "as": 64514,
        "router-id": "10.128.0.3",
        "local-address-list": ["10.128.0.3"],
    }
    (neighbor,) = parsed["neighbors"]
    assert neighbor["config"]["auth-password"] == "key-of-cr-1"
    assert neighbor["timers"]["config"]["hold-time"] == 60
    assert parsed["global"]["apply-policy"]["config"]["default-export-policy"] == "reject-route"


@pytest.mark.parametrize(
    ("router", "line"),
    [
        ("tgw-0", "neighbor 169.254.6.1 remote-as 65099"),
        ("rs-0", "neighbor 10.0.2.10 as 65099;"),
        ("cr-0", "peer-as = 65099"),
    ],
)
def test_wrong_as(topology: Topology, router: str, line: str):
    assert line in render(topology.routers[router], KEYS, {router: 65099, "edge-0": 1})
