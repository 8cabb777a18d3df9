# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._announcers import refusals

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
