# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent takes for a configuration, and what it says of one that is wrong."""

from __future__ import annotations

import copy

import pytest
from exabgp_health import config

GOOD = {
    "version": 1,
    "host": "aws-1",
    "allowed_prefixes": ["203.0.113.0/24", "2001:db8:113::/48"],
    "next_hops": ["fd00::1"],
    "neighbors": {
        "rs-0": {"peer_address": "10.0.1.4", "local_address": "10.0.2.10", "families": ["ipv4 unicast"]},
        "rs-6": {"peer_address": "fd00::4", "local_address": "fd00::10", "families": ["ipv6 unicast"]},
    },
    "checks": {
        "web": {"type": "http", "url": "http://127.0.0.1:8080/health", "interval": "500ms", "status": ["2xx", 304]},
        "cpu": {"type": "load"},
        "unit": {"type": "systemd", "unit": "nginx"},
    },
    "services": {
        "web": {
            "prefixes": ["203.0.113.10/32", "2001:db8:113::10/128"],
            "neighbors": ["rs-0", "rs-6"],
            "when": {"all": ["web", "unit"]},
            "addresses": ["203.0.113.10"],
            "levels": {"check": "cpu", "steps": [{"at": 80, "below": 70, "attributes": {"med": 200}}]},
        }
    },
}


def refused(change):
    data = copy.deepcopy(GOOD)
    change(data)
    with pytest.raises(config.ConfigError) as caught:
        config.read(data)
    return caught.value.errors


def test_a_good_one_is_read_with_all_defaults():
    found = config.read(GOOD)
    web = found.checks["web"]
    assert (web["interval"], web["timeout"], web["rise"], web["method"]) == (0.5, 1.0, 2, "GET")
    assert {299, 304} <= set(web["status"])
    assert found.checks["unit"]["unit"] == "nginx.service"
    service = found.services["web"]
    assert [(route.neighbor, route.prefix) for route in service.routes] == [
        ("rs-0", "203.0.113.10/32"),
        ("rs-6", "2001:db8:113::10/128"),
    ]
    assert service.checks() == {"web", "unit", "cpu"}
    assert service.policy["unknown"] == {"keep": 300.0, "then": "down"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda d: d.pop("allowed_prefixes"), "allowed_prefixes: is missing"),
        (lambda d: d.update(version=2), "version: must be a whole number from 1 to 1"),
        (lambda d: d.update(verison=1), "verison: there is no such field"),
        (lambda d: d["checks"]["web"].update(type="htp"), "checks.web.type: must be one of http,"),
        (
            lambda d: d["checks"]["web"].update(url="https://x"),
            "checks.web.url: must be a URL that begins with http://",
        ),
        (lambda d: d["checks"]["web"].update(url="http://u:p@x"), "checks.web.url: must be a URL without user"),
        (lambda d: d["checks"]["web"].update(interval="1 parsec"), "checks.web.interval: must be a duration"),
        (lambda d: d["checks"]["web"].update(rise=0), "checks.web.rise: must be a whole number from 1"),
        (lambda d: d["checks"]["web"].update(body="("), "checks.web.body: must be a regular expression"),
        (lambda d: d["checks"]["web"].update(status=[99]), "checks.web.status: must be status codes"),
        (
            lambda d: d["checks"].update(x={"type": "command", "argv": ["ls"]}),
            "checks.x.argv: must be an absolute path",
        ),
        (lambda d: d["checks"].update(x={"type": "tcp"}), "checks.x.port: is missing"),
        (
            lambda d: d["checks"].update(x={"type": "aws_target_group", "arn": "a", "interval": 1}),
            "checks.x.interval: must be a duration from 10",
        ),
        (lambda d: d["services"]["web"].update(when="wbe"), "services.web.when: there is no check 'wbe'"),
        (lambda d: d["services"]["web"].update(prefixes=["198.51.100.1/32"]), "198.51.100.1/32 lies outside"),
        (lambda d: d["services"]["web"].update(prefixes=["203.0.113.10/24"]), "without host bits"),
        (
            lambda d: d["services"]["web"].update(neighbors=["rs-1"]),
            "services.web.neighbors: there is no neighbor 'rs-1'",
        ),
        (lambda d: d["services"]["web"].update(neighbors=["rs-0"]), "none of them carries ipv6 unicast"),
        (lambda d: d["services"]["web"].update(next_hop="192.0.2.1"), "services.web.next_hop: 192.0.2.1 is no address"),
        (lambda d: d["services"]["web"].update(up={"mde": 1}), "services.web.up: mde: there is no such field"),
        (lambda d: d["services"]["web"].update(up={"communities": ["1:99999"]}), "services.web.up: communities: must"),
        (lambda d: d["services"]["web"].update(down="stay"), "services.web.down: must be withdraw"),
        (lambda d: d["services"]["web"]["levels"].update(check="web"), "'web' is no check of the type load"),
        (
            lambda d: d["services"]["web"].update(ladder={"checks": ["web"], "attributes": [{}]}),
            "services.web.ladder: cannot be used together with levels",
        ),
        (
            lambda d: d["services"]["web"].update(floor={"others": "gone"}),
            "services.web.floor: others: there is no check",
        ),
        (
            lambda d: d["services"].update(two={"prefixes": ["203.0.113.10/32"], "neighbors": ["rs-0"]}),
            "services.two.prefixes: 203.0.113.10/32 belongs to web already",
        ),
        (lambda d: d["neighbors"]["rs-0"].pop("peer_address"), "neighbors.rs-0.peer_address: is missing"),
    ],
)
def test_one_fault_is_one_error_with_its_place(change, error):
    errors = refused(change)
    assert [line for line in errors if error in line], errors
    assert len(errors) == 1, errors


def test_all_faults_come_at_once():
    def change(data):
        data["checks"]["web"]["rise"] = 0
        data["checks"]["unit"].pop("unit")
        data["services"]["web"]["hold_down"] = -1

    assert len(refused(change)) == 3


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1}', "null"])
def test_a_file_that_is_no_configuration_is_refused(tmp_path, text):
    path = tmp_path / "health.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(config.ConfigError):
        config.load(path)
    with pytest.raises(config.ConfigError, match="No such file"):
        config.load(tmp_path / "gone.json")
