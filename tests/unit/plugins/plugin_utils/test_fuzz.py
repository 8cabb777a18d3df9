# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever an inventory holds, the plan answers with findings: it never raises, and never tells a key."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import (
    _agent,
    _flow_action,
    _flow_match,
    _flows,
    _neighbors,
    _own_profiles,
    _profile_form,
    _routes,
    _service_fields,
    _services,
)
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import VARIABLES, plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render

HERE = Path(__file__).parent
GOOD = {
    name: inventory
    for path in sorted(HERE.glob("*good*.yml"))
    for name, inventory in yaml.safe_load(path.read_text(encoding="utf-8")).items()
}
KEY = "hunter2Hunter2hunter2"

NAMES = ["self", "router", "azure_route_server", "aws_tgw_connect", "gcp_router_appliance", "core-1", "yes"]
ADDRESSES = ["10.0.0.1", "169.254.6.2", "2001:db8::1", "fe80::1%eth0"]
PREFIXES = ["203.0.113.0/24", "::/0", "0.0.0.0/0", "10.0.0.1/32/8"]
NUMBERS = ["65010:1", "65010:1:2", "target:65010:1", "1.10"]
ODD_WORDS = ["ipv4 unicast", "ipv6 unicast", KEY, "", " ", "\x00", "\ud800", "\u00e9", "\uff19", "1" * 5000]
words = st.sampled_from(NAMES + ADDRESSES + PREFIXES + NUMBERS + ODD_WORDS)
scalars = (
    words
    | st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 300)
    | st.just(10**200)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=3)
    | st.dates()
)
of_profiles = [*_own_profiles.OPTIONS, *_own_profiles.FACT_OPTIONS, *_profile_form.FORMS, "minimum", "default"]
of_flows = [*_flows.OPTIONS, *_flow_match.OPTIONS, *_flow_action.OPTIONS]
of_entries = [*_neighbors.OPTIONS, *_routes.OPTIONS, *of_profiles, *of_flows]
names = st.sampled_from(of_entries) | st.text(max_size=8) | st.integers() | st.none()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5) | st.tuples(inner),
    max_leaves=12,
)
neighbors = st.lists(st.dictionaries(st.sampled_from(_neighbors.OPTIONS), values, max_size=15) | values, max_size=4)
routes = st.lists(st.dictionaries(st.sampled_from(_routes.OPTIONS), values, max_size=10) | values, max_size=4)
relaxed = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
conditions = st.dictionaries(st.sampled_from([*_flow_match.OPTIONS, *_flow_action.OPTIONS]), values, max_size=6)
flows = st.lists(st.dictionaries(st.sampled_from(_flows.OPTIONS), conditions | values, max_size=5) | values, max_size=4)
groups = st.dictionaries(st.sampled_from(["core-1", "yes", "a b"]) | names, st.dictionaries(names, values) | values)


of_types = [name for kind in _agent.types().values() for name in kind.all_fields()]
of_checks = ["type", "all", "any", "at_least", "of", "not", *of_types]
types = st.sampled_from([*_agent.types()])
expressions = st.recursive(
    st.sampled_from(["cpu", "web", "a", "b"]) | scalars,
    lambda inner: st.dictionaries(
        st.sampled_from(["all", "any", "of", "not", "at_least"]), st.lists(inner, max_size=3) | inner, max_size=2
    ),
    max_leaves=8,
)
checks = st.fixed_dictionaries({"type": types | values}).flatmap(
    lambda head: st.dictionaries(st.sampled_from(of_checks), values, max_size=6).map(lambda body: {**body, **head})
)
policies = ["at", "below", "attributes", "check", "steps", "checks", "max_flaps", "within", "hold", "keep", "then"]
of_services = [*_services.OPTIONS, *_service_fields.ATTRIBUTES, *policies, "others", "mode"]
services = st.dictionaries(
    st.sampled_from(_services.OPTIONS),
    st.dictionaries(st.sampled_from(of_services), values, max_size=5) | values | checks | expressions,
    max_size=8,
)


def judged(inventory):
    result = plan_host("edge-1", inventory)
    told = "\n".join([repr(result), *(finding.text for finding in result.errors + result.warnings)])
    if result.plan is None:
        assert result.errors
    else:
        told += json.dumps(result.plan, allow_nan=False) + render(result.plan)
    assert KEY not in told
    return result


@relaxed
@given(
    st.dictionaries(
        st.sampled_from(VARIABLES) | st.text(max_size=5).map("exabgp_".__add__) | st.text(max_size=5),
        values,
        max_size=9,
    )
)
def test_any_variables(inventory):
    judged(inventory | {"exabgp_md5_keys": {"core-1": KEY}})


@relaxed
@given(neighbors, routes, values)
def test_any_neighbors_and_routes(some_neighbors, some_routes, allowed):
    judged(
        {
            "exabgp_local_as": 65010,
            "exabgp_router_id": "10.0.0.9",
            "exabgp_local_address": "10.0.0.9",
            "exabgp_neighbors": some_neighbors,
            "exabgp_routes": some_routes,
            "exabgp_allowed_prefixes": allowed,
            "exabgp_md5_keys": {"core-1": KEY, "core-2": [KEY]},
        }
    )


@relaxed
@given(
    st.lists(services | values, max_size=3),
    st.dictionaries(st.sampled_from("ab") | names, checks | expressions | values),
)
def test_any_services_and_checks(some_services, some_checks):
    inventory = GOOD["services"] | {"exabgp_services": some_services, "exabgp_md5_keys": {"core-1": KEY}}
    judged(inventory | {"exabgp_checks": some_checks})


@relaxed
@given(st.sampled_from(_services.OPTIONS), values | expressions)
def test_any_option_of_a_service(option, value):
    inventory = copy.deepcopy(GOOD["services"])
    inventory["exabgp_services"][1][option] = value
    judged(inventory)


@relaxed
@given(groups | values, flows, values)
def test_any_groups_flows_and_raw(some_groups, some_flows, raw):
    inventory = copy.deepcopy(GOOD["families"])
    inventory["exabgp_neighbors"][0] |= {"group": "core-1", "raw": raw}
    judged(
        inventory
        | {
            "exabgp_neighbor_groups": some_groups,
            "exabgp_flows": some_flows,
            "exabgp_raw": raw,
            "exabgp_md5_keys": {"core-1": KEY},
        }
    )


@relaxed
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_one_value_of_a_good_inventory_replaced_by_anything(name, data):
    inventory = copy.deepcopy(GOOD[name]) | {"exabgp_md5_keys": {"core-1": KEY, "cr-0": KEY}}
    container = inventory
    while True:
        key = data.draw(st.sampled_from(list(container) if isinstance(container, dict) else range(len(container))))
        inner = container[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            break
        container = inner
    container[key] = data.draw(values)
    judged(inventory)


@relaxed
@given(st.dictionaries(st.sampled_from(list(_profile_form.FORMS)), values, max_size=6), values, values)
def test_any_profile_of_ones_own(facts, sources, title):
    form = {"because": KEY, "status": "documented", "source": "s"}
    for value in facts.values():
        own = {"title": title, "sources": {"s": sources}, "facts": {**facts, "hold_time": {**form, "value": value}}}
        judged(GOOD["own_profile"] | {"exabgp_profiles": {"my_ixp": own}, "exabgp_md5_keys": {"rs-1": KEY}})


@relaxed
@given(st.sampled_from(sorted(_profile_form.FORMS)), values)
def test_any_value_of_a_fact_of_ones_own(name, value):
    fact = {"value": value, "because": "so it is", "status": "documented", "source": "s"}
    own = {"title": "mine", "sources": {"s": "mine"}, "facts": {name: fact}}
    judged(GOOD["own_profile"] | {"exabgp_profiles": {"my_ixp": own, "my_tunnels": own}})


@relaxed
@given(values)
def test_any_keys(keys):
    result = plan_host("edge-1", GOOD["gcp"] | {"exabgp_md5_keys": keys})
    assert result.plan is None or result.plan["neighbors"]


def test_a_number_that_python_does_not_print():
    huge = 10**5000
    for option in (*_neighbors.OPTIONS, huge):
        judged(GOOD["azure"] | {"exabgp_neighbors": [GOOD["azure"]["exabgp_neighbors"][0] | {option: huge}]})
    for option in (*_routes.OPTIONS, huge):
        judged(GOOD["azure"] | {"exabgp_routes": [{"prefix": "203.0.113.0/24", option: huge}]})
    for option in of_flows:
        whole = {"name": "f", "match": {option: huge}, "action": {option: huge}, option: huge}
        judged(GOOD["families"] | {"exabgp_flows": [whole]})
    for variable in VARIABLES:
        judged(GOOD["azure"] | {variable: huge})
    judged(GOOD["gcp"] | {"exabgp_md5_keys": {"cr-0": huge, huge: huge}})
