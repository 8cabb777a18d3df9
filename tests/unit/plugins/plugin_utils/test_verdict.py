# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._verdict import verdict

ROUTE: dict[str, Any] = {
    "prefix": "203.0.113.10/32",
    "family": "ipv4 unicast",
    "next_hop": "self",
    "origin": None,
    "med": 100,
    "local_preference": None,
    "as_path": [],
    "communities": ["65020:1", "no-export"],
    "large_communities": [],
    "extended_communities": [],
}
PLAN: dict[str, Any] = {
    "host": "azure-1",
    "neighbors": [
        {
            "name": "rs-0",
            "local_address": "10.0.2.10",
            "peer_address": "10.0.1.4",
            "peer_as": 65515,
            "routes": [ROUTE],
        }
    ],
}
ANSWER: dict[str, Any] = {
    "daemon": {"state": "running", "version": "5.0.15", "problem": ""},
    "peerings": [
        {
            "name": "rs-0",
            "local_address": "10.0.2.10",
            "peer_address": "10.0.1.4",
            "peer_as": 65515,
            "state": "established",
            "state_raw": "ESTABLISHED",
            "uptime_s": 93784,
            "prefixes_advertised": 1,
            "problems": [],
            "routes_advertised": [{**ROUTE, "next_hop": "10.0.2.10", "communities": ["no-export", "65020:1"]}],
        }
    ],
}


def judged(**changes):
    answer = copy.deepcopy(ANSWER)
    answer["peerings"][0].update(changes)
    return verdict(PLAN, answer)


def test_everything_as_planned():
    result = verdict(PLAN, ANSWER)
    assert result["ok"]
    assert result["faults"] == []
    assert result["table"] == [
        "HOST     NEIGHBOR  PEER      AS     STATE        UP FOR       ANNOUNCED",
        "azure-1  rs-0      10.0.1.4  65515  established  1d 02:03:04  1/1",
    ]


def test_a_session_that_is_down_is_a_fault_with_its_reason_and_the_next_command():
    result = judged(state="down", state_raw="CONNECT", uptime_s=None, prefixes_advertised=0, problems=["no route"])
    assert not result["ok"]
    assert result["faults"] == [
        "azure-1: neighbor rs-0: state: the session with 10.0.1.4 AS 65515 is down (CONNECT): no route "
        "(next: journalctl -u exabgp -n 50; ss -tni dst 10.0.1.4)"
    ]


def test_a_silent_daemon_is_unknown_and_never_ok():
    answer = copy.deepcopy(ANSWER)
    answer["daemon"] = {"state": "silent", "version": None, "problem": "the daemon did not answer"}
    answer["peerings"][0].update(state="unknown", state_raw=None, uptime_s=None, prefixes_advertised=None)
    result = verdict(PLAN, answer)
    assert not result["ok"]
    assert "is unknown: the daemon did not answer" in result["faults"][0]


def test_a_planned_prefix_that_is_not_announced():
    assert judged(routes_advertised=[])["faults"] == [
        "azure-1: neighbor rs-0: route 203.0.113.10/32: planned and not announced (run site.yml to announce it)"
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("next_hop", "10.0.2.99"), ("med", 200), ("communities", ["65020:1"]), ("med", None)],
)
def test_an_attribute_that_differs(field, value):
    route = {**ANSWER["peerings"][0]["routes_advertised"][0], field: value}
    (fault,) = judged(routes_advertised=[route])["faults"]
    assert f"route 203.0.113.10/32: {field}: announced with {value}" in fault


def test_a_session_that_the_plan_does_not_have():
    answer = copy.deepcopy(ANSWER)
    answer["peerings"].append({**answer["peerings"][0], "peer_address": "10.0.1.9", "name": "10.0.1.9"})
    result = verdict(PLAN, answer)
    assert not result["ok"]
    assert "10.0.1.9: the daemon has this session and the plan does not" in result["faults"][0]


VPN = {**ROUTE, "prefix": "10.9.0.0/16", "family": "ipv4 mpls-vpn", "rd": "65010:9", "label": 7}
FLOW = {"name": "ntp", "rd": None, "match": {"destination": "203.0.113.10/32", "source_port": ["=123"]}}


def judged_with(routes, flows, **changes):
    plan = copy.deepcopy(PLAN)
    plan["neighbors"][0].update(routes=routes, flows=flows)
    answer = copy.deepcopy(ANSWER)
    answer["peerings"][0].update(changes)
    return verdict(plan, answer)["faults"]


def test_routes_of_one_prefix_in_several_families_are_told_apart():
    held = {**VPN, "next_hop": "10.0.2.10"}
    unicast = {**VPN, "family": "ipv4 unicast", "rd": None, "label": None, "next_hop": "10.0.2.10"}
    assert judged_with([VPN], [], routes_advertised=[held]) == []
    (missed,) = judged_with([VPN], [], routes_advertised=[unicast])
    assert "route 10.9.0.0/16: planned and not announced" in missed
    (other,) = judged_with([VPN], [], routes_advertised=[{**held, "label": 8}])
    assert "route 10.9.0.0/16: label: announced with 8, planned is 7" in other


def test_a_route_that_a_helper_announces_may_be_absent():
    assert judged_with([{**ROUTE, "watchdog": "dns"}], [], routes_advertised=[]) == []


def test_rules_are_compared_by_what_they_match():
    name = {"rule": ["destination 203.0.113.10/32", ["source_port =ntp"]]}
    other = {"rule": ["destination 203.0.113.11/32", ["source_port =ntp"]]}
    assert judged_with([], [FLOW], routes_advertised=[], flows_advertised=[name]) == []
    for held in ([], [other]):
        assert judged_with([], [FLOW], routes_advertised=[], flows_advertised=held) == [
            "azure-1: neighbor rs-0: flow ntp: planned and not announced (run site.yml to announce it)"
        ]


def test_a_session_of_raw_text_is_no_surprise():
    answer = copy.deepcopy(ANSWER)
    answer["peerings"].append({**answer["peerings"][0], "peer_address": "10.0.1.9", "name": "10.0.1.9"})
    text = "neighbor 10.0.1.9 {\n    local-address 10.0.2.10;\n}"
    assert verdict({**PLAN, "raw": {"raw": True, "text": text}}, answer)["ok"]


SERVICE = {"name": "web", "prefixes": ["203.0.113.20/32"], "neighbors": ["rs-0"], "minimum_announcers": 1}
WEB = {"state": "announced", "announced": True, "since": "2026-01-01T00:00:00Z", "reason": "web is up"}
HEALTH: dict[str, Any] = {"state": "running", "problem": "", "refused": [], "services": {"web": WEB}}
DRIVEN = {**ROUTE, "prefix": "203.0.113.20/32", "next_hop": "10.0.2.10"}


def judged_service(health, *held):
    answer = copy.deepcopy(ANSWER)
    answer["peerings"][0]["routes_advertised"] += held
    return verdict({**PLAN, "services": [SERVICE]}, answer, health)


def web(**changes):
    return {**HEALTH, "services": {"web": {**WEB, **changes}}}


def test_a_service_that_is_announced_is_as_planned():
    found = judged_service(HEALTH, DRIVEN)
    assert (found["ok"], found["notes"]) == (True, [])
    assert found["table"][1].endswith("1/2")


def test_a_prefix_that_its_check_holds_back_is_no_fault_and_is_told():
    found = judged_service(web(state="withdrawn", announced=False, reason="web is down: refused"))
    assert found["ok"]
    assert found["notes"] == [
        "azure-1: service web: health withdrawn, withdrawn since 2026-01-01T00:00:00Z: web is down: refused"
    ]


@pytest.mark.parametrize(
    ("health", "held", "fault"),
    [
        (HEALTH, [], "neighbor rs-0: service web: 203.0.113.20/32: the agent announces it and the daemon does not"),
        (web(state="withdrawn", announced=False), [DRIVEN], "the agent has withdrawn it and the daemon still holds it"),
        ({**HEALTH, "state": "down", "problem": "no agent listens"}, [], "health: the agent is down: no agent listens"),
        ({**HEALTH, "problem": "services: no"}, [DRIVEN], "the agent runs with an older configuration: services: no"),
        ({**HEALTH, "services": {}}, [], "service web: planned and unknown to the agent"),
        ({**HEALTH, "refused": ["x: outside"]}, [DRIVEN], "health: x: outside (next: exabgp-health status)"),
    ],
)
def test_what_agent_and_daemon_do_not_agree_on_is_a_fault(health, held, fault):
    (found,) = judged_service(health, *held)["faults"]
    assert fault in found
