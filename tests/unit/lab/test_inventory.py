# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's inventory is what it shows: planned without a word of doubt."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host

INVENTORY = Path(__file__).parents[3] / "lab" / "inventory"
HOSTS = sorted(path.stem for path in INVENTORY.glob("host_vars/*.yml"))


def variables(host):
    """The host's variables, with a key for each neighbor that asks for one, as the lab makes them."""
    group = yaml.safe_load((INVENTORY / "group_vars/all.yml").read_text(encoding="utf-8"))
    own = yaml.safe_load((INVENTORY / f"host_vars/{host}.yml").read_text(encoding="utf-8"))
    signed = [neighbor["name"] for neighbor in own["exabgp_neighbors"] if neighbor.get("md5")]
    return group | own | {"exabgp_md5_keys": {name: f"{name}-Xq7v2Lr9Tz4" for name in signed}}


@pytest.mark.parametrize("host", HOSTS)
def test_it_is_planned_without_a_word(host):
    result = plan_host(host, variables(host))
    assert [str(finding) for finding in result.errors + result.warnings] == []
    assert result.plan is not None
    for neighbor in result.plan["neighbors"]:
        assert len(neighbor["routes"]) == sum(
            "neighbors" not in route and (":" in route["prefix"]) == (family == "ipv6 unicast")
            for route in variables(host)["exabgp_routes"]
            for family in neighbor["families"]
        )
