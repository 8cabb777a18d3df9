# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples with services, run: the agent's own state machine decides, with checks that say what the table says."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _agent as agent
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host

from .test_examples import EXAMPLES, variables

UP, DOWN, UNKNOWN = "up", "down", "unknown"
WITHDRAWN = None
LONG = 100_000.0

Run = tuple[str, str, str, list[tuple[dict[str, Any], Any]]]
# example, host, service; then what checks say and what is announced, one step after another and far apart in time
RUNS: list[Run] = [
    ("health-route53", "aws-1", "web", [
        ({"local": UP, "route53": UP}, {}),
        ({"local": UP, "route53": DOWN}, WITHDRAWN),
        ({"local": UP, "route53": UP}, {}),
        ({"local": DOWN, "route53": UNKNOWN}, WITHDRAWN),
    ]),
    ("health-azure-load-balancer", "azure-1", "web", [({"web": UP}, {}), ({"web": DOWN}, WITHDRAWN)]),
    ("health-gcp-backend", "gcp-1", "web", [({"backend": UP}, {"med": 100}), ({"backend": DOWN}, WITHDRAWN)]),
    ("health-gcp-backend", "gcp-1", "api", [({"backend": UP}, {"med": 100}), ({"backend": DOWN}, WITHDRAWN)]),
    ("health-anycast", "aws-1", "anycast", [
        ({"anycast": UP, "elsewhere": UP}, {"med": 100}),
        ({"anycast": DOWN, "elsewhere": UP}, WITHDRAWN),
        ({"anycast": DOWN, "elsewhere": DOWN}, {"med": 900}),
        ({"anycast": DOWN, "elsewhere": UNKNOWN}, {"med": 900}),
        ({"anycast": UP, "elsewhere": DOWN}, {"med": 100}),
    ]),
    ("health-anycast", "gcp-1", "anycast", [({"anycast": UP, "elsewhere": UP}, {"med": 120})]),
    ("health-cloud-bursting", "onprem-1", "burst", [
        ({"web": UP, "cpu": UP, "level": 20}, {"med": 100}),
        ({"web": UP, "cpu": UP, "level": 85}, {"med": 200}),
        ({"web": UP, "cpu": UP, "level": 70}, {"med": 200}),
        ({"web": UP, "cpu": UP, "level": 50}, {"med": 100}),
        ({"web": DOWN, "cpu": UP, "level": 50}, WITHDRAWN),
    ]),
    ("health-cloud-bursting", "cloud-1", "burst", [({"burst": UP}, {"med": 150})]),
    ("health-active-passive", "onprem-1", "web", [({"web": UP}, {"med": 50}), ({"web": DOWN}, WITHDRAWN)]),
    ("health-active-passive", "cloud-1", "web", [
        ({"web": UP, "primary": UP}, {"med": 200}),
        ({"web": UP, "primary": DOWN}, {"med": 50}),
        ({"web": DOWN, "primary": DOWN}, WITHDRAWN),
        ({"web": UP, "primary": UP}, {"med": 200}),
    ]),
]  # fmt: skip

RUNS += [
    ("health-geographic", f"{host}-1", service, [({"web": UP}, {"med": med}), ({"web": DOWN}, WITHDRAWN)])
    for host in ("us", "eu", "ap")
    for service, med in (("us", 100 if host == "us" else 150), ("eu", 100 if host == "eu" else 150))
]
RUNS += [
    ("health-metric-ladder", host, "web", [({"web": UP}, {"med": med}), ({"web": DOWN}, {"med": 1000})])
    for host, med in (("site-1", 100), ("site-2", 200), ("site-3", 300))
]


@pytest.mark.parametrize(("example", "host", "service", "steps"), RUNS, ids=lambda value: str(value)[:30])
def test_an_example_announces_what_it_says(example, host, service, steps):
    result = plan_host(host, variables(f"{example}.yml")[host])
    assert result.plan is not None
    config = agent.module("config").read(result.plan["health"])
    machine = agent.module("machine")
    served = config.services[service]
    assert {"med": 0, **steps[0][0]}.keys() - {"med", "level"} == served.checks()
    run = machine.Service(served.when, served.policy)
    now = 0.0
    for said, announced in steps:
        view = machine.View(said.__getitem__, lambda _check, said=said: said.get("level"), ())
        decision = run.decide(view, now)
        assert decision.attributes == announced, (said, decision.reason)
        now += LONG
    missing = machine.View(steps[0][0].__getitem__, lambda _check: steps[0][0].get("level"), ("203.0.113.10",))
    assert run.decide(missing, now).attributes is WITHDRAWN


def test_every_example_with_services_is_run():
    assert {f"{example}.yml" for example, *_rest in RUNS} == {name for name in EXAMPLES if name.startswith("health-")}
