# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._announcers import drain_refusals, refusals

VIP, OWN = "203.0.113.10/32", "203.0.113.16/28"


def plan(*prefixes: str) -> dict[str, Any]:
    return {"neighbors": [{"routes": [{"prefix": prefix} for prefix in prefixes]}]}


def answer(state: str, *prefixes: str) -> dict[str, Any]:
    return {"peerings": [{"state": state, "routes_advertised": [{"prefix": prefix} for prefix in prefixes]}]}


PLANS = {"a": plan(VIP, OWN), "b": plan(VIP), "c": plan(VIP)}
HEALTHY = {"a": answer("established", VIP, OWN), "b": answer("established", VIP), "c": answer("established", VIP)}


def test_one_of_three_may_go():
    assert refusals(HEALTHY, PLANS, ["a"], 1) == []
    assert refusals(HEALTHY, PLANS, ["a"], 2) == []


def test_all_of_them_may_not():
    (refusal,) = refusals(HEALTHY, PLANS, ["a", "b", "c"], 1)
    assert refusal.startswith(f"{VIP}: without a, b, c it would be announced by 0 hosts (none)")


def test_a_minimum_of_one_s_own():
    (refusal,) = refusals(HEALTHY, PLANS, ["a"], 3)
    assert "announced by 2 hosts (b, c), and the minimum is 3; not announcing: none" in refusal


def test_a_host_that_is_down_unknown_or_was_not_asked_does_not_count():
    for other in ({}, answer("down", VIP), answer("unknown", VIP), answer("established")):
        (refusal,) = refusals({**HEALTHY, "b": other, "c": {}}, PLANS, ["a"], 1)
        assert "not announcing: b, c" in refusal


def test_a_prefix_of_one_host_has_nothing_to_keep():
    assert refusals({"a": HEALTHY["a"]}, {"a": plan(OWN)}, ["a"], 1) == []


def with_service(minimum: int) -> dict[str, Any]:
    service = {"name": "web", "prefixes": [VIP], "neighbors": ["n"], "minimum_announcers": minimum}
    return {"neighbors": [{"routes": []}], "services": [service]}


def test_the_prefixes_of_services_count_with_a_minimum_of_their_own():
    plans = {"a": with_service(1), "b": with_service(2), "c": with_service(1)}
    assert refusals(HEALTHY, plans, ["a"], 1) == []
    (refusal,) = refusals({**HEALTHY, "b": answer("established")}, plans, ["a"], 1)
    assert "announced by 1 hosts (c), and the minimum is 2; not announcing: b" in refusal
    assert refusals({"a": HEALTHY["a"]}, {"a": with_service(1)}, ["a"], 1) == []
    (alone,) = refusals({"a": HEALTHY["a"]}, {"a": with_service(2)}, ["a"], 1)
    assert "the minimum is 2" in alone


def test_a_host_that_is_drained_does_not_count():
    drained = answer("established", VIP)
    drained["peerings"][0]["routes_advertised"][0]["communities"] = ["65535:0"]
    (refusal,) = refusals({**HEALTHY, "b": drained, "c": drained}, PLANS, ["a"], 1)
    assert "not announcing: b, c" in refusal


def test_a_drain_counts_the_services_that_it_names_and_no_route():
    plans = {"a": with_service(1), "b": with_service(1)}
    plans["a"]["neighbors"] = [{"routes": [{"prefix": OWN}]}]
    assert drain_refusals(HEALTHY, plans, ["a"], ["web"]) == []
    assert drain_refusals(HEALTHY, plans, ["a", "b"], ["dns"]) == []
    (refusal,) = drain_refusals(HEALTHY, plans, ["a", "b"], ["web"])
    assert refusal.startswith(f"{VIP}: without a, b it would be announced by 0 hosts (none), and the minimum is 1")


def test_a_drain_of_the_only_announcer_is_refused_unless_no_minimum_is_asked_for():
    plans = {"a": with_service(1)}
    assert len(drain_refusals(HEALTHY, plans, ["a"], ["web"])) == 1
    assert drain_refusals(HEALTHY, plans, ["a"], ["web"], 0) == []


def test_a_drain_keeps_what_the_service_asks_for():
    plans = {"a": with_service(2), "b": with_service(1), "c": with_service(1)}
    assert drain_refusals(HEALTHY, plans, ["a"], ["web"]) == []
    assert len(drain_refusals({**HEALTHY, "b": {}}, plans, ["a"], ["web"])) == 1
    assert drain_refusals({**HEALTHY, "b": {}}, plans, ["a"], ["web"], 1) == []
