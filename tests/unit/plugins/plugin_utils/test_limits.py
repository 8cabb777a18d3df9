# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix limits of every profile: nothing up to 80%, a warning up to the limit, an error above."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _profiles
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host

HERE = Path(__file__).parent
GOOD = {
    name: inventory
    for path in sorted(HERE.glob("good*.yml"))
    for name, inventory in yaml.safe_load(path.read_text(encoding="utf-8")).items()
}
# good inventory, neighbor, its limit, and the hint where the inventory may state another
MORE = " (state prefix_limit, if more are allowed)"
CASES = [
    ("aws", "tgw-a", 1000, ""),
    ("route_server", "ep-0", 100, ""),
    ("vpn", "tunnel-1", 100, MORE),
    ("direct_connect", "vif-1", 100, MORE),
    ("public_vif", "vif-2", 1000, MORE),
    ("expressroute", "primary", 4000, MORE),
    ("azure", "rs-0", 4000, ""),
    ("azure_vpn", "gw-0", 4000, ""),
    ("ha_vpn", "tunnel-0", 5000, ""),
    ("interconnect", "dedicated", 5000, ""),
    ("gcp", "cr-0", 5000, ""),
]


def announcing(name, neighbor, count):
    inventory = copy.deepcopy(GOOD[name])
    block = "193" if name == "public_vif" else "10"
    inventory["exabgp_routes"] = [
        {"prefix": f"{block}.{number // 256}.{number % 256}.0/24", "neighbors": [neighbor]} for number in range(count)
    ]
    inventory["exabgp_allowed_prefixes"] = [f"{block}.0.0.0/8"]
    return inventory


def texts(findings):
    return [str(finding) for finding in findings if "prefixes" in finding.reason]


@pytest.mark.parametrize(("name", "neighbor", "limit", "hint"), CASES, ids=lambda case: str(case))
def test_a_limit_is_warned_about_before_it_is_reached(name, neighbor, limit, hint):
    def planned(count):
        result = plan_host("edge-1", announcing(name, neighbor, count))
        return texts(result.errors), texts(result.warnings)

    nearly = limit * 8 // 10
    facts = _profiles.load(next(n["profile"] for n in GOOD[name]["exabgp_neighbors"] if n["name"] == neighbor)).facts
    because = facts["prefix_limit"].because
    place = f"edge-1: neighbor {neighbor}"
    assert planned(nearly) == ([], [])
    warning = f"{place}: {nearly + 1} of {limit} prefixes are announced, more than 80%: {because}"
    assert planned(nearly + 1) == ([], [warning])
    assert planned(limit + 1) == ([f"{place}: {limit + 1} prefixes are too many: {because}{hint}"], [])


def test_a_stated_limit_takes_the_place_of_the_usual_one():
    assert plan_host("edge-1", announcing("direct_connect", "vif-1-v6", 0)).errors == []
    inventory = announcing("vpn", "tunnel-2", 1001)
    errors = texts(plan_host("edge-1", inventory).errors)
    assert errors == ["edge-1: neighbor tunnel-2: 1001 prefixes are too many: the inventory says prefix_limit: 1000"]
    inventory["exabgp_routes"].pop()
    assert plan_host("edge-1", inventory).errors == []
