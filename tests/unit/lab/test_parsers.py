# SPDX-License-Identifier: GPL-3.0-or-later
"""The routers' own words, as FRR 8.4.4, BIRD 2.0.12 and GoBGP 3.10.0 printed them in the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.parsers import LearnedRoute, Peer, parse_bird, parse_frr, parse_gobgp

CAPTURED = Path(__file__).parent / "captured"
GOBGP_UP_SINCE = 1795529412
RS_0_UP = """\
rs-0       BGP        ---        up     2026-11-24 14:10:09  Established
  BGP state:          Established
"""


def captured(name: str) -> str:
    return (CAPTURED / name).read_text(encoding="utf-8")


def anycast(asn: int, next_hop: str, med: int) -> LearnedRoute:
    return LearnedRoute(
        prefix="203.0.113.10/32",
        next_hop=next_hop,
        as_path=(asn,),
        med=med,
        communities=(f"{asn}:{med}", "no-export"),
        large_communities=(f"{asn}:1:2",),
        extended_communities=(f"target:{asn}:1", f"origin:{asn}:2"),
    )


def test_frr_up():
    (peer,) = parse_frr(captured("frr_up.txt")).values()
    assert peer.established
    assert peer.uptime_s is not None
    assert peer.uptime_s > 0
    assert peer.last_error is None
    assert peer.routes == (
        anycast(65010, "169.254.6.1", 100),
        LearnedRoute("203.0.113.16/28", "169.254.6.1", (65010, 65010)),
        LearnedRoute("2001:db8:113::10/128", "fd00:6::1", (65010,), 100, ("65010:100",)),
    )


def test_frr_down():
    assert parse_frr(captured("frr_down.txt")) == {
        "169.254.6.1": Peer(state_raw="Active", last_error="Hold Timer Expired")
    }


def test_bird_up():
    peers = parse_bird(captured("bird_status.txt"), captured("bird_protocols_up.txt"), captured("bird_routes_up.txt"))
    assert list(peers) == ["edge-0", "edge-0-v6"]
    assert peers["edge-0"] == Peer(
        state_raw="Established",
        uptime_s=33,
        routes=(
            anycast(65040, "192.168.40.10", 400),
            LearnedRoute("203.0.113.64/28", "192.168.40.10", (65040, 65040)),
        ),
    )
    assert peers["edge-0-v6"].routes == (
        LearnedRoute("2001:db8:113::10/128", "fd00:40::10", (65040,), 400, ("65040:400",)),
    )


def test_bird_multihop_takes_the_next_hop_of_bgp_and_not_the_gateway():
    peers = parse_bird(
        captured("bird_status.txt"),
        RS_0_UP,
        captured("bird_routes_multihop.txt"),
    )
    assert [route.next_hop for route in peers["rs-0"].routes] == ["10.0.2.10", "10.0.2.10"]


def test_bird_attribute_over_several_lines():
    peers = parse_bird(
        captured("bird_status.txt"),
        RS_0_UP,
        captured("bird_routes_long.txt"),
    )
    (route,) = peers["rs-0"].routes
    assert route.communities == tuple(f"65020:{number}" for number in range(50100, 50181))
    assert route.large_communities == ("65020:1:2",)


def test_bird_down():
    peers = parse_bird(captured("bird_status.txt"), captured("bird_protocols_down.txt"), "BIRD 2.0.12 ready.\n")
    assert peers["edge-0"].established
    assert peers["edge-0-v6"] == Peer(state_raw="Active", last_error="BGP Error: Bad peer AS")


def test_gobgp_up():
    peers = parse_gobgp(
        captured("gobgp_neighbor_up.json"), {"10.128.0.10": captured("gobgp_adj_in.json")}, GOBGP_UP_SINCE + 60
    )
    assert peers == {
        "10.128.0.10": Peer(
            state_raw="Established",
            uptime_s=60,
            routes=(
                anycast(65030, "10.128.0.10", 300),
                LearnedRoute("203.0.113.48/28", "10.128.0.10", (65030, 65030)),
            ),
        )
    }


@pytest.mark.parametrize("adj_in", [{}, {"10.128.0.10": '{"error":"the session is not established"}'}])
def test_gobgp_down(adj_in: dict[str, str]):
    assert parse_gobgp(captured("gobgp_neighbor_down.json"), adj_in, 0) == {"10.128.0.10": Peer(state_raw="Active")}
