# SPDX-License-Identifier: GPL-3.0-or-later
"""The profiles as data: complete, sourced, in form, and without a fact that no rule reads."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _own_profiles, _peering, _profile_form, _profiles
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings

NAMES = [
    "aws_cloud_wan_connect",
    "aws_cloud_wan_tunnel_less",
    "aws_direct_connect",
    "aws_route_server",
    "aws_tgw_connect",
    "aws_vpn",
    "azure_expressroute",
    "azure_route_server",
    "azure_vpn_gateway",
    "gcp_ha_vpn",
    "gcp_interconnect",
    "gcp_router_appliance",
    "router",
]
MODULES = {
    "aws_cloud_wan_peering_info",
    "aws_direct_connect_peering_info",
    "aws_route_server_peering_info",
    "aws_tgw_peering_info",
    "aws_vpn_peering_info",
    "azure_expressroute_peering_info",
    "azure_route_server_peering_info",
    "azure_vpn_gateway_peering_info",
    "gcp_cloud_router_peering_info",
}
ALL_FACTS = {*_peering.NEIGHBOR_FACTS, *_peering.OTHER_FACTS, *_peering.TOLD_FACTS}


def data_of(name):
    return yaml.safe_load((_profiles.DIRECTORY / f"{name}.yml").read_text(encoding="utf-8"))


def own_facts(name):
    return {fact_name: fact for fact_name, fact in data_of(name)["facts"].items() if fact is not None}


def test_there_are_these():
    assert list(_profiles.names()) == NAMES


def test_each_fact_has_a_form_and_is_read_by_a_rule_or_told():
    assert set(_profile_form.FORMS) == ALL_FACTS


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_is_read_by_a_rule_and_has_a_source(name):
    profile = _profiles.load(name)
    assert profile.title
    assert profile.scope == "private"
    assert profile.module in (MODULES if name != "router" else {None})
    assert set(profile.facts) <= ALL_FACTS
    for fact in profile.facts.values():
        assert fact.because
        assert fact.source
        assert not fact.because.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_every_source_is_used_and_every_fact_has_its_four_parts(name):
    assert {fact["source"] for fact in own_facts(name).values()} == set(data_of(name)["sources"])
    for fact in own_facts(name).values():
        assert set(fact) == {"value", "because", "status", "source"}


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_fills_what_a_session_needs(name):
    assert set(_profile_form.NEEDED) <= set(_profiles.load(name).facts)


@pytest.mark.parametrize("name", NAMES)
def test_a_user_could_have_written_it(name):
    """Each file of the collection, given as exabgp_profiles, is in form and has the same facts."""
    findings = Findings("edge-1")
    data = {"base": "router", **data_of(name)}
    host = Section(findings, "host", {"exabgp_profiles": {"mine": data}})
    mine = _own_profiles.read_profiles(findings, host).get("mine")
    assert [str(finding) for finding in findings.errors + findings.warnings] == []
    assert mine is not None
    shipped = _profiles.load(name)
    assert (mine.title, mine.module, mine.scope) == (shipped.title, shipped.module, shipped.scope)
    for fact_name in own_facts(name):
        assert mine.facts[fact_name] == dataclasses.replace(shipped.facts[fact_name], rule=f"mine.{fact_name}")


def test_a_profile_takes_the_facts_of_its_base_and_drops_some():
    gre, tunnel_less = _profiles.load("aws_cloud_wan_connect"), _profiles.load("aws_cloud_wan_tunnel_less")
    assert set(gre.facts) - set(tunnel_less.facts) == {"inside_cidr", "sessions"}
    assert tunnel_less.facts["multihop"] == gre.facts["multihop"]


def test_a_status_that_does_not_exist_is_noticed():
    fact = {"value": 1, "because": "x", "status": "rumored", "source": "s"}
    with pytest.raises(ValueError, match="rumored is no status"):
        _profiles.parse("mine", {"title": "t", "sources": {"s": "S"}, "facts": {"hold_time": fact}})
