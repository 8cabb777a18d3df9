# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _announce
from ansible_collections.cloudbgp.exabgp.plugins.modules.exabgp_drain import changed_routes

ROUTE: dict[str, Any] = {
    "peer_address": "10.0.1.4",
    "local_address": "10.0.2.10",
    "family": "ipv4 unicast",
    "prefix": "203.0.113.10/32",
    "next_hop": "10.0.2.10",
    "origin": "igp",
    "as_path": [65001, 65001],
    "med": 0,
    "local_preference": None,
    "communities": ["65001:1", "no-export"],
    "large_communities": ["65001:1:2"],
    "extended_communities": ["target:65001:5", "target:70000:5"],
}


def test_a_route_is_announced_with_all_its_attributes():
    assert _announce.command(ROUTE) == (
        "neighbor 10.0.1.4 local-ip 10.0.2.10 announce route 203.0.113.10/32 next-hop 10.0.2.10 origin igp med 0 "
        "as-path [ 65001 65001 ] community [ 65001:1 no-export ] large-community [ 65001:1:2 ] "
        "extended-community [ target:65001:5 0x0202000111700005 ]"
    )


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("target:65001:5", "target:65001:5"),
        ("target:70000:5", "0x0202000111700005"),
        ("origin:10.0.0.1:5", "0x01030a0000010005"),
        ("origin:65535:4294967295", "origin:65535:4294967295"),
    ],
)
def test_an_extended_community_is_spelled_so_that_the_right_bytes_are_sent(text, spelled):
    assert _announce.extended(text) == spelled


def test_what_is_no_unicast_prefix_is_refused():
    with pytest.raises(ValueError, match="no unicast prefix"):
        _announce.command({**ROUTE, "family": "ipv4 flow"})


def test_draining_adds_the_community_once_and_restoring_takes_it_away():
    (drained,) = changed_routes([ROUTE], drained=True)
    assert drained["communities"] == ["65001:1", "no-export", "65535:0"]
    assert changed_routes([drained], drained=True) == []
    assert changed_routes([drained], drained=False) == [ROUTE]
    assert changed_routes([ROUTE], drained=False) == []
