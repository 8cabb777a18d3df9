# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan tells the health agent, held against the agent's own reading of it."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _agent as agent
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _service_fields as service_fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _services as services
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render

GOOD = yaml.safe_load((Path(__file__).parent / "services_good.yml").read_text(encoding="utf-8"))["services"]


def plan(**changes):
    result = plan_host("edge-1", copy.deepcopy(GOOD) | changes)
    assert result.errors == []
    assert result.plan is not None
    return result.plan


def agents_reading(config):
    return agent.module("config").read(config)


def test_the_agent_takes_what_the_plan_makes():
    config = agents_reading(plan()["health"])
    assert list(config.services) == [service["name"] for service in GOOD["exabgp_services"]]
    assert config.services["web"].policy["up"] == {"med": 200, "communities": ["65010:100"]}
    assert config.services["dns"].policy["up"]["med"] == 150
    assert {route.neighbor for route in config.services["dns"].routes} == {"core-2", "core-6"}


@pytest.mark.parametrize("name", agent.types())
def test_a_check_of_every_type_with_all_of_its_fields_is_taken_by_both(name):
    values = {
        "url": "https://127.0.0.1/" if name != "http" else "http://127.0.0.1/",
        "method": "HEAD", "status": ["2xx", 301], "body": "ok", "header": {"Server": "x"}, "host": "a.example",
        "tls_name": "a.example", "ca_file": "/etc/ca.pem", "verify": True, "expiry_days": 7, "port": 80, "send": "x",
        "expect": "y", "server": "127.0.0.1", "name": "n", "rtype": "TXT", "answer": ["v"], "transport": "tcp",
        "argv": ["/bin/true"], "exit": [0], "unit": "a.service", "path": "/run/x", "must": "exist", "max_age": "1h",
        "what": "load5", "max": 90, "min": 2, "address": "203.0.113.1", "interface": "lo", "region": "r",
        "health_check_id": "i", "via": "api", "endpoint": "https://e.example/", "arn": "arn:aws:x", "min_healthy": 2,
        "subscription_id": "s", "resource_group": "g", "load_balancer": "l", "rule": "r", "project": "p",
        "backend_service": "b", "interval": "20s", "timeout": 10, "rise": 1, "fall": 3, "start": "down", "jitter": 0.2,
    }  # fmt: skip
    fields = agent.types()[name].all_fields()
    check = {"type": name, **{field: values[field] for field in fields}}
    made = plan(
        exabgp_services=[{"name": "s", "prefixes": ["203.0.113.9/32"], "neighbors": ["core-2"], "check": check}]
    )
    read = agents_reading(made["health"]).checks["s"]
    assert read["interval"] == 20
    assert set(read) == {"type", *fields}
    assert made["health_needs"] == ([agent.types()[name].extra] if agent.types()[name].extra else [])


def test_both_know_the_same_policies_and_attributes():
    policy = agent.module("policy")
    assert set(service_fields.ATTRIBUTES) == set(policy.ATTRIBUTES)
    assert set(policy.POLICY) <= set(services.OPTIONS)
    assert set(plan()["health"]["services"]["web"]) >= set(policy.POLICY)
    made = plan()["health"]["services"]["dns"]
    for name, form in (("damping", policy.DAMPING), ("unknown", policy.UNKNOWN), ("floor", policy.FLOOR)):
        assert set(made[name]) == set(form)
    assert set(made["drain"]) == set(policy.DRAIN)


def test_combined_checks_are_expanded_and_only_what_is_asked_is_told_to_the_agent():
    health = plan()["health"]
    assert health["services"]["dns"]["when"] == {
        "all": [
            "dns",
            {
                "all": [
                    "nginx",
                    {"not": {"any": ["cpu", "db"]}},
                    {"at_least": 2, "of": ["smtp", "echo", "workers"]},
                ]
            },
        ]
    }
    assert {"maintenance", "link", "all-of-it", "two-of-three"}.isdisjoint(health["checks"])
    assert {"web", "cpu", "other-site", "smtp", "route53"} <= set(health["checks"])


def test_addresses_are_those_of_host_routes_unless_the_service_says_which():
    assert plan()["vips"] == [
        "203.0.113.10/32",
        "203.0.113.53/32",
        "2001:db8:113::53/128",
        "203.0.113.129/32",
        "203.0.113.200/32",
    ]


def test_only_neighbors_with_services_let_the_agent_announce():
    made = plan(exabgp_services=GOOD["exabgp_services"][4:])
    text = render(made)
    assert text.count("process exabgp-health {") == 1
    assert text.count("processes [ exabgp-health ];") == 1
    assert text.index("# neighbor core-2") < text.index("processes [") < text.index("# neighbor core-6")
    without = plan(exabgp_services=[])
    assert "exabgp-health" not in render(without)
    assert without["health"] is None
