# SPDX-License-Identifier: GPL-3.0-or-later
"""Good inventories (good*.yml) become plans; wrong ones become findings, word for word those of wrong*.yml."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host

HERE = Path(__file__).parent
GOOD = {
    name: inventory
    for path in sorted(HERE.glob("*good*.yml"))
    for name, inventory in yaml.safe_load(path.read_text(encoding="utf-8")).items()
}
WRONG = [case for path in sorted(HERE.glob("*wrong*.yml")) for case in yaml.safe_load(path.read_text(encoding="utf-8"))]
HOST = "edge-1"
PLAIN_TYPES = {dict, list, str, int, float, bool, type(None)}


def step(key):
    return int(key) if key.isdigit() else key


def place(inventory, path):
    """The container that a path ends in, and the last key in it."""
    *parents, last = map(step, path.split("."))
    for key in parents:
        inventory = inventory[key] if isinstance(inventory, list) else inventory.setdefault(key, {})
    return inventory, last


def wrong_inventory(case):
    inventory = copy.deepcopy(GOOD[case["of"]])
    for path, value in case.get("change", {}).items():
        container, key = place(inventory, path)
        container[key] = value
    for path in case.get("without", []):
        container, key = place(inventory, path)
        del container[key]
    return inventory


def texts(findings):
    return [finding.text.removeprefix(f"{HOST}: ") for finding in findings]


def all_findings(result):
    return result.errors + result.warnings


def good_plan(inventory):
    plan = plan_host(HOST, inventory).plan
    assert plan is not None
    return plan


def neighbor(plan, name):
    return next(neighbor for neighbor in plan["neighbors"] if neighbor["name"] == name)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_inventory_has_a_plan_and_no_finding(name):
    result = plan_host(HOST, GOOD[name])
    assert texts(result.errors + result.warnings) == []
    plan = good_plan(GOOD[name])
    assert plan["host"] == HOST
    assert [n["name"] for n in plan["neighbors"]] == [n["name"] for n in GOOD[name]["exabgp_neighbors"]]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{case['of']}: {case['fault']}")
def test_a_wrong_inventory_is_told_what_is_wrong(case):
    result = plan_host(HOST, wrong_inventory(case))
    assert texts(result.errors) == case.get("errors", [])
    assert texts(result.warnings) == case.get("warnings", [])
    assert (result.plan is None) == bool(result.errors)
    for finding in result.errors + result.warnings:
        assert finding.rule
        assert "\n" not in finding.text


def test_the_table_is_large_enough_to_be_worth_its_name():
    assert sum(len(case.get("errors", [])) == 1 for case in WRONG) >= 140


@pytest.mark.parametrize("name", GOOD)
def test_a_plan_is_plain_json_and_always_the_same(name):
    plan = good_plan(GOOD[name])
    assert json.loads(json.dumps(plan)) == plan
    assert json.dumps(plan) == json.dumps(plan_host(HOST, copy.deepcopy(GOOD[name])).plan)

    def types(value):
        yield type(value)
        for item in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []:
            yield from types(item)

    assert set(types(plan)) <= PLAIN_TYPES


def test_planning_leaves_the_inventory_as_it_was():
    before = copy.deepcopy(GOOD["router"])
    plan_host(HOST, GOOD["router"])
    assert GOOD["router"] == before


def test_a_neighbor_of_the_plan_has_all_that_the_contract_names():
    plan = good_plan(GOOD["router"])
    assert list(plan) == [
        "host", "router_id", "listens", "neighbors", "services", "health", "vips", "health_needs", "raw", "warnings",
    ]  # fmt: skip
    assert neighbor(plan, "core-1") | {"routes": []} == {
        "name": "core-1",
        "profile": "router",
        "module": None,
        "scope": "private",
        "description": "left; the {first} #1",
        "local_address": "10.0.2.10",
        "local_as": 65010,
        "peer_address": "10.0.2.1",
        "peer_as": 65020,
        "router_id": "10.0.2.10",
        "hold_time": 30,
        "passive": False,
        "port": 179,
        "listen_port": None,
        "source_interface": None,
        "host_name": None,
        "domain_name": None,
        "families": ["ipv4 unicast"],
        "capabilities": {
            "route_refresh": None,
            "graceful_restart": None,
            "extended_message": None,
            "asn4": None,
            "add_path": None,
            "add_path_families": [],
        },
        "ttl": {"outgoing": 255, "incoming": 255},
        "md5": True,
        "controls": {
            "md5": {"on": True, "reason": "asked for"},
            "ttl_security": {"on": True, "reason": "asked for"},
        },
        "prefix_limit": None,
        "sessions_wanted": 1,
        "routes": [],
        "flows": [],
        "services": [],
        "raw": None,
    }


def test_a_route_of_the_plan_has_every_attribute_in_one_spelling():
    routes = neighbor(good_plan(GOOD["router"]), "core-1")["routes"]
    assert [route["prefix"] for route in routes] == ["203.0.113.0/25", "203.0.113.128/25", "198.51.100.7/32"]
    absent: dict[str, Any] = {
        "label": None,
        "rd": None,
        "path_information": None,
        "watchdog": None,
        "withdraw": False,
        "atomic_aggregate": False,
        "aggregator": None,
        "originator_id": None,
        "cluster_list": [],
    }
    assert routes[0] == absent | {
        "prefix": "203.0.113.0/25",
        "family": "ipv4 unicast",
        "next_hop": "self",
        "origin": None,
        "med": None,
        "local_preference": None,
        "as_path": [],
        "communities": [],
        "large_communities": [],
        "extended_communities": [],
    }
    assert routes[1] == absent | {
        "prefix": "203.0.113.128/25",
        "family": "ipv4 unicast",
        "next_hop": "10.0.2.99",
        "origin": "igp",
        "med": 0,
        "local_preference": None,
        "as_path": [65010, 65010],
        "communities": ["65010:1", "no-export", "no-advertise", "blackhole", "65535:0"],
        "large_communities": ["65010:1:2", "4200000000:0:4294967295"],
        "extended_communities": [
            "target:65010:4294967295",
            "origin:65010:1",
            "target:4200000001:7",
            "target:10.0.0.1:5",
            "origin:4200000001:7",
        ],
    }


def test_a_neighbor_has_its_own_ends_or_those_of_the_host():
    plan = good_plan(GOOD["router"])
    own, asdot = neighbor(plan, "core-6"), neighbor(plan, "core-2")
    assert (own["local_address"], own["local_as"], own["router_id"]) == ("2001:db8:2::10", 4200000010, "10.0.2.11")
    assert own["peer_address"] == "2001:db8:2::1"
    assert asdot["peer_as"] == 65546
    assert (asdot["port"], asdot["ttl"]) == (1179, {"outgoing": 4, "incoming": None})
    assert plan["listens"] is True
    assert good_plan(GOOD["azure"])["listens"] is False


def test_families_follow_the_session_of_a_router():
    inventory = copy.deepcopy(GOOD["router"])
    del inventory["exabgp_neighbors"][3]["families"], inventory["exabgp_routes"][3]
    assert neighbor(good_plan(inventory), "core-6")["families"] == ["ipv6 unicast"]


@pytest.mark.parametrize(
    ("inventory", "name", "known"),
    [
        ("aws", "tgw-a", {"hold_time": 30, "ttl": {"outgoing": 2, "incoming": None}, "sessions_wanted": 2}),
        ("aws", "tgw-b", {"families": ["ipv4 unicast"], "ttl": {"outgoing": 64, "incoming": None}}),
        ("azure", "rs-0", {"peer_as": 65515, "hold_time": 180, "ttl": {"outgoing": None, "incoming": None}}),
        ("azure", "rs-1", {"ttl": {"outgoing": 8, "incoming": None}, "md5": False, "sessions_wanted": 2}),
        ("gcp", "cr-0", {"hold_time": 60, "md5": True, "families": ["ipv4 unicast"]}),
        ("gcp", "cr-1", {"hold_time": 90, "md5": False, "ttl": {"outgoing": None, "incoming": None}}),
    ],
)
def test_the_profile_fills_what_it_knows(inventory, name, known):
    planned = neighbor(good_plan(GOOD[inventory]), name)
    assert {key: planned[key] for key in known} == known


def test_a_control_that_is_off_says_why():
    controls = neighbor(good_plan(GOOD["azure"]), "rs-1")["controls"]
    assert controls == {
        "md5": {"on": False, "reason": "Azure Route Server has no field for a key"},
        "ttl_security": {"on": False, "reason": "Azure Route Server is multihop, in a subnet of its own"},
    }
    optional = neighbor(good_plan(GOOD["router"]), "core-2")["controls"]["md5"]
    assert optional == {"on": False, "reason": "not asked for, and profile router leaves it off"}


@pytest.mark.parametrize(
    ("inventory", "limit", "words"),
    [
        ("aws", 1000, "AWS Transit Gateway Connect takes at most 1000 prefixes from an appliance"),
        ("azure", 4000, "Azure Route Server drops the session above 4000 prefixes"),
        ("gcp", 5000, "a Cloud Router closes the session above 5000 prefixes until somebody enables it again"),
    ],
)
def test_no_more_prefixes_than_the_other_end_takes(inventory, limit, words):
    def planned(count):
        routes = [{"prefix": f"10.{number // 256}.{number % 256}.0/24"} for number in range(count)]
        return plan_host(HOST, GOOD[inventory] | {"exabgp_routes": routes})

    assert planned(limit).errors == []
    errors = texts(planned(limit + 1).errors)
    names = [entry["name"] for entry in GOOD[inventory]["exabgp_neighbors"]]
    assert errors == [f"neighbor {name}: {limit + 1} prefixes are too many: {words}" for name in names]


def test_every_verdict_of_a_profile_names_its_rule_and_source():
    verdicts = [
        finding
        for case in WRONG
        if case["of"] != "router"
        for finding in all_findings(plan_host(HOST, wrong_inventory(case)))
        if "." in finding.rule and finding.rule.split(".")[0].startswith(("aws_", "azure_", "gcp_"))
    ]
    assert len({finding.rule for finding in verdicts}) >= 25
    assert all(finding.source for finding in verdicts)


def test_a_neighbor_wins_over_its_groups_and_a_later_group_over_an_earlier_one():
    inventory = copy.deepcopy(GOOD["families"])
    inventory["exabgp_neighbor_groups"]["late"] = {"hold_time": 90, "description": "late"}
    inventory["exabgp_neighbors"][1]["group"] = ["edge", "late"]
    plan = good_plan(inventory)
    own, last = neighbor(plan, "core-1"), neighbor(plan, "core-2")
    assert (own["hold_time"], own["description"]) == (60, "an edge router")
    assert (last["hold_time"], last["description"]) == (90, "late")


def test_a_wrong_value_of_a_group_is_told_once_for_all_of_its_members():
    inventory = copy.deepcopy(GOOD["families"])
    inventory["exabgp_neighbor_groups"]["edge"]["hold_time"] = 2
    inventory["exabgp_neighbors"][0].pop("hold_time")
    assert texts(plan_host(HOST, inventory).errors) == [
        "group edge: hold_time: 2 is refused: a hold time is 0 or at least 3 seconds"
    ]


def test_the_family_of_a_route_follows_from_its_fields():
    routes = neighbor(good_plan(GOOD["families"]), "core-1")["routes"]
    assert [(route["prefix"], route["family"]) for route in routes] == [
        ("203.0.113.0/24", "ipv4 unicast"),
        ("203.0.113.0/24", "ipv4 unicast"),
        ("203.0.113.0/24", "ipv4 multicast"),
        ("203.0.113.0/24", "ipv4 nlri-mpls"),
        ("2001:db8:1::/48", "ipv6 nlri-mpls"),
        ("10.9.0.0/16", "ipv4 mpls-vpn"),
        ("10.9.0.0/16", "ipv4 mpls-vpn"),
        ("fd00:9::/48", "ipv6 mpls-vpn"),
    ]
    assert [route["path_information"] for route in routes[:2]] == [1, 2]


def test_a_split_prefix_is_planned_in_pieces():
    routes = neighbor(good_plan(GOOD["families"]), "core-2")["routes"]
    assert [route["prefix"] for route in routes] == ["198.51.102.0/24", "198.51.103.0/24", "198.51.100.0/24"]


def test_a_rule_has_its_conditions_in_one_spelling():
    flows = {flow["name"]: flow for flow in neighbor(good_plan(GOOD["families"]), "core-1")["flows"]}
    assert flows["web-limit"]["family"] == "ipv4 flow"
    assert flows["web-limit"]["match"] == {
        "destination": "203.0.113.10/32",
        "source": "198.51.100.0/24",
        "protocol": ["=tcp", "=udp"],
        "destination_port": ["=80", "=443", ">=8080&<=8088", ">1024&<2000&!=1500"],
        "tcp_flags": ["syn", "=syn+ack", "!fin&!=push"],
        "dscp": ["=10", "=46"],
    }
    assert flows["six"]["family"] == "ipv6 flow"
    assert flows["in-a-vrf"]["family"] == "ipv4 flow-vpn"
    assert [flow["name"] for flow in neighbor(good_plan(GOOD["families"]), "core-2")["flows"]] == [
        "ntp-reflection", "fragments", "ping", "tap", "four-bytes",
    ]  # fmt: skip


def test_raw_text_is_marked_as_such():
    plan = good_plan(GOOD["families"])
    assert plan["raw"] == {"raw": True, "text": GOOD["families"]["exabgp_raw"].rstrip()}
    assert neighbor(plan, "core-1")["raw"]["raw"] is True
    assert neighbor(plan, "core-2")["raw"] is None


def test_variables_of_roles_and_of_others_are_not_looked_at():
    others = {
        "exabgp_install_version": 7,
        "exabgp_plan": 1,
        "exabgp_plan_result": 1,
        "exabgp_verify_x": {},
        "exabgp": 0,
    }
    assert plan_host(HOST, GOOD["azure"] | others | {"ansible_host": object()}).errors == []


def test_a_thousand_wrong_routes_are_refused_at_once_and_soon():
    neighbors = [
        {"name": f"n{number}", "peer_address": f"10.1.{number // 250}.{number % 250 + 1}", "peer_as": 65020}
        for number in range(1000)
    ]
    routes = [{"prefix": f"10.0.{n // 256}.{n % 256}/32", "neighbors": [f"m{n}"]} for n in range(1000)]
    begin = time.perf_counter()
    result = plan_host(HOST, GOOD["azure"] | {"exabgp_neighbors": neighbors, "exabgp_routes": routes})
    assert len(result.errors) == 1000
    assert time.perf_counter() - begin < 30  # a nearest name for each would take minutes
