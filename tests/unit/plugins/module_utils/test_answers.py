# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of ExaBGP 4.2.25 and 5.0.15, recorded from running daemons."""

from __future__ import annotations

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _answers

SHOW_NEIGHBOR_5 = """\
Neighbor 127.0.0.2

    Session                       Local
   local                      127.0.0.1                                
   state                    ESTABLISHED                                
   up for                       0:00:07                                

    Setup                         Local          Remote
   AS                             65001           65002                
   ID                           1.1.1.1         2.2.2.2                
   hold-time                         30              30                

    Capability                    Local          Remote
   asn4:                        enabled         enabled                
   graceful-restart:           disabled        disabled                

    Families                      Local          Remote        Add-Path
   ipv4 unicast:                enabled         enabled disabled       
   ipv6 unicast:                enabled             n/a disabled       

    Message Statistic              Sent        Received
   open:                              1               1                
   update:                            5               2                

Neighbor 127.0.0.9

    Session                       Local
   local                      127.0.0.1                                
   state                           IDLE                                
   down for              1 day, 2:00:06                                

    Setup                         Local          Remote
   AS                             65001           65002                
   ID                           1.1.1.1             n/a                
   hold-time                         30             n/a                
"""  # noqa: W291

SHOW_ADJ_RIB_OUT = """\
neighbor 127.0.0.2 local-ip 127.0.0.1 local-as 65001 peer-as 65002 router-id 1.1.1.1 family-allowed in-open \
ipv4 unicast 203.0.113.10/32 next-hop 127.0.0.1 origin igp as-path {path} med 100 local-preference 100 \
community [ 65001:1 no-export ] \
extended-community [ target:65001:5 origin:5:10.0.0.1 target:70000L:5 ] large-community 65001:1:2
neighbor 127.0.0.2 local-ip 127.0.0.1 local-as 65001 peer-as 65002 router-id 1.1.1.1 family-allowed in-open \
ipv6 unicast 2001:db8::1/128 next-hop fd00::1 med 10
"""


def test_a_session_is_read_from_5_x():
    up, down = _answers.sessions(SHOW_NEIGHBOR_5.splitlines())
    assert up == {
        "peer_address": "127.0.0.2",
        "local_address": "127.0.0.1",
        "state_raw": "ESTABLISHED",
        "established": True,
        "since_s": 7,
        "local_as": 65001,
        "peer_as": 65002,
        "hold_time_local": 30,
        "hold_time_peer": 30,
        "families": ["ipv4 unicast"],
        "sent": {"open": 1, "update": 5},
        "received": {"open": 1, "update": 2},
    }
    assert (down["established"], down["state_raw"], down["since_s"]) == (False, "IDLE", 93606)
    assert down["hold_time_peer"] is None


def test_the_narrower_columns_of_4_2_read_the_same():
    four = SHOW_NEIGHBOR_5.replace("    Session  ", "  Session  ").replace("    Families", "  Families")
    four = four.replace("enabled disabled  ", "enabled        disabled")
    assert _answers.sessions(four.splitlines()) == _answers.sessions(SHOW_NEIGHBOR_5.splitlines())


@pytest.mark.parametrize("path", ["[ 65001 65001 ]", "( 65001 65001 )"], ids=["4.2", "5.0"])
def test_announced_routes_are_read_with_their_attributes(path):
    first, second = _answers.announced(SHOW_ADJ_RIB_OUT.format(path=path).splitlines())
    assert first == {
        "peer_address": "127.0.0.2",
        "local_address": "127.0.0.1",
        "family": "ipv4 unicast",
        "prefix": "203.0.113.10/32",
        "next_hop": "127.0.0.1",
        "origin": "igp",
        "as_path": [65001, 65001],
        "med": 100,
        "local_preference": 100,
        "communities": ["65001:1", "no-export"],
        "large_communities": ["65001:1:2"],
        "extended_communities": ["target:65001:5", "origin:10.0.0.1:5", "target:70000:5"],
        "label": None,
        "rd": None,
        "path_information": None,
        "originator_id": None,
        "cluster_list": [],
        "atomic_aggregate": False,
        "aggregator": None,
    }
    assert (second["family"], second["prefix"], second["next_hop"], second["med"]) == (
        "ipv6 unicast",
        "2001:db8::1/128",
        "fd00::1",
        10,
    )


def test_a_line_of_another_kind_is_left_out():
    assert _answers.announced(["neighbor 127.0.0.2 nothing of use", ""]) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0:00:07", 7), ("1 day, 2:00:06", 93606), ("12 days, 0:00:00", 1036800), ("down", None)],
)
def test_durations(text, expected):
    assert _answers.seconds(text) == expected
