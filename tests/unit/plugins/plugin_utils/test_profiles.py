# SPDX-License-Identifier: GPL-3.0-or-later
"""The profiles as data: complete, sourced, and without a fact that no rule reads."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _peering, _profiles

NAMES = ["aws_tgw_connect", "azure_route_server", "gcp_router_appliance", "router"]


def test_there_are_these():
    assert _profiles.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_is_read_by_a_rule_and_has_a_source(name):
    profile = _profiles.load(name)
    assert profile.title
    assert set(profile.facts) <= {*_peering.NEIGHBOR_FACTS, *_peering.GROUP_FACTS}
    for fact in profile.facts.values():
        assert fact.because
        assert fact.source
        assert not fact.because.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_every_source_is_used_and_every_fact_has_its_four_parts(name):
    data = yaml.safe_load((_profiles.DIRECTORY / f"{name}.yml").read_text(encoding="utf-8"))
    assert {fact["source"] for fact in data["facts"].values()} == set(data["sources"])
    for fact in data["facts"].values():
        assert set(fact) == {"value", "because", "status", "source"}


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_fills_what_a_session_needs(name):
    assert {"hold_time", "families", "md5", "ttl_security", "multihop"} <= set(_profiles.load(name).facts)


def test_a_status_that_does_not_exist_is_noticed():
    fact = {"value": 1, "because": "x", "status": "rumored", "source": "s"}
    with pytest.raises(ValueError, match="rumored is no status"):
        _profiles.parse("mine", {"title": "t", "sources": {"s": "S"}, "facts": {"hold_time": fact}})
