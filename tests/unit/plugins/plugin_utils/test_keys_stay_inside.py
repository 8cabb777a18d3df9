# SPDX-License-Identifier: GPL-3.0-or-later
"""A key occurs in no finding, plan, configuration or representation, wherever in the inventory it is written."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import (
    _capabilities,
    _flow_action,
    _flow_match,
    _flows,
    _neighbors,
    _routes,
)
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render

GOOD = yaml.safe_load((Path(__file__).parent / "good.yml").read_text(encoding="utf-8"))
KEY = "hunter2Hunter2hunter2"


def everything(inventory):
    result = plan_host("edge-1", inventory)
    parts = [repr(result), *(repr(finding) + finding.text for finding in result.errors + result.warnings)]
    if result.plan:
        parts += [json.dumps(result.plan), render(result.plan)]
    return "\n".join(parts)


def with_key(**changes):
    inventory = copy.deepcopy(GOOD["gcp"]) | {"exabgp_md5_keys": {"cr-0": KEY}} | changes
    return inventory


def test_a_key_in_its_place_stays_there():
    text = everything(with_key())
    assert "@@md5:cr-0@@" in text
    assert KEY not in text


@pytest.mark.parametrize("flaw", ['"', "'", "\\", " ", ";", "\n", "\t", "ü", "x" * 80])
def test_a_wrong_key_is_not_quoted(flaw):
    text = everything(with_key(exabgp_md5_keys={"cr-0": KEY + flaw}))
    assert "exabgp_md5_keys[cr-0]" in text
    assert KEY not in text


@pytest.mark.parametrize(
    "keys",
    [KEY, [KEY], {KEY: "cr-0"}, {KEY: KEY}, {"cr-0": [KEY]}, {"cr-0": {"key": KEY}}, {"cr-9": KEY}, {"cr-1": KEY}],
    ids=["text", "list", "swapped", "both", "in a list", "in a mapping", "unknown neighbor", "neighbor without md5"],
)
def test_a_key_in_the_wrong_form_is_not_quoted(keys):
    assert KEY not in everything(with_key(exabgp_md5_keys=keys))


@pytest.mark.parametrize("option", _neighbors.OPTIONS)
@pytest.mark.parametrize("wrap", [lambda key: key, lambda key: [key], lambda key: f"it is {key}!"])
def test_a_key_written_as_an_option_is_not_quoted(option, wrap):
    inventory = with_key()
    inventory["exabgp_neighbors"][0][option] = wrap(KEY)
    assert KEY not in everything(inventory)


@pytest.mark.parametrize("option", _routes.OPTIONS)
@pytest.mark.parametrize("wrap", [lambda key: key, lambda key: [key]])
def test_a_key_written_into_a_route_is_not_quoted(option, wrap):
    inventory = with_key()
    inventory["exabgp_routes"][0][option] = wrap(KEY)
    assert KEY not in everything(inventory)


@pytest.mark.parametrize(
    "place", ["name", "title", "because", "source", "sources", "status", "value", "module", "fact"]
)
def test_a_key_written_into_a_profile_of_ones_own_is_not_quoted(place):
    fact: dict[str, Any] = {"value": 30, "because": "so it is", "status": "documented", "source": "s"}
    own: dict[str, Any] = {"title": "mine", "module": "mine", "sources": {"s": "mine"}, "facts": {"hold_time": fact}}
    name = "mine"
    if place == "name":
        name = KEY
    elif place == "fact":
        own["facts"][KEY] = fact
    elif place == "sources":
        own["sources"][KEY] = fact["source"] = KEY
    else:
        (own if place in own else fact)[place] = KEY
    inventory = with_key(exabgp_profiles={name: own})
    inventory["exabgp_neighbors"].append(
        {"name": "own", "profile": name, "peer_address": "10.0.2.9", "peer_as": 65020, "local_as": KEY}
    )
    assert KEY not in everything(inventory)
    del inventory["exabgp_neighbors"][-1]["local_as"]
    assert KEY not in everything(inventory)


@pytest.mark.parametrize("option", _flows.OPTIONS + _flow_match.OPTIONS + _flow_action.OPTIONS)
@pytest.mark.parametrize("wrap", [lambda key: key, lambda key: [key]])
def test_a_key_written_into_a_rule_is_not_quoted(option, wrap):
    value = wrap(KEY)
    match = {"destination": "203.0.113.1/32"} | ({option: value} if option in _flow_match.OPTIONS else {})
    action = {"discard": True} | ({option: value} if option in _flow_action.OPTIONS else {})
    flow = {"name": "f", "match": match, "action": action} | ({option: value} if option in _flows.OPTIONS else {})
    assert KEY not in everything(with_key(exabgp_flows=[flow]))


@pytest.mark.parametrize("option", _capabilities.CAPABILITIES)
def test_a_key_written_as_a_capability_is_not_quoted(option):
    inventory = with_key()
    inventory["exabgp_neighbors"][0]["capabilities"] = {option: KEY}
    assert KEY not in everything(inventory)


@pytest.mark.parametrize("wrap", [lambda key: f"inherit {key};", lambda key: f"md5-password {key};", lambda key: key])
def test_a_key_written_into_raw_text_is_not_quoted(wrap):
    inventory = with_key(exabgp_raw=wrap(KEY))
    inventory["exabgp_neighbors"][0]["raw"] = wrap(KEY)
    text = everything(inventory)
    assert KEY not in text
    assert "holds a key of exabgp_md5_keys" in text


def test_a_key_in_a_group_is_not_quoted():
    groups = {KEY: {"md5": KEY, KEY: 1}, "edge": {"md5": KEY, "host_name": KEY, "description": KEY}}
    inventory = with_key(exabgp_neighbor_groups=groups)
    inventory["exabgp_neighbors"][0]["group"] = ["edge", KEY]
    assert KEY not in everything(inventory)


def test_md5_that_is_the_key_is_not_quoted_though_no_key_is_known():
    inventory = with_key(exabgp_md5_keys={})
    inventory["exabgp_neighbors"][0]["md5"] = KEY
    assert KEY not in everything(inventory)


def test_a_key_as_the_name_of_something_is_not_quoted():
    inventory = with_key(**{f"exabgp_{KEY}": 1})
    inventory["exabgp_neighbors"][0][KEY] = 1
    inventory["exabgp_routes"][0][KEY] = 1
    assert KEY not in everything(inventory)
