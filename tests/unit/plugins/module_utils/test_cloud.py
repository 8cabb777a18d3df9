# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _cloud, _contract

NO_FILTER = {"names": None, "peer_addresses": None, "peer_asns": None, "wait_for": None}


class EndedError(Exception):
    """The module has ended."""


class Module:
    def __init__(self, **params):
        self.params = {**NO_FILTER, **params}
        self.result = {}

    def exit_json(self, **result):
        self.result = result
        raise EndedError

    def fail_json(self, **result):
        self.result = {"failed": True, **result}
        raise EndedError


def ended(ask, **params):
    module = Module(**params)
    with pytest.raises(EndedError):
        _cloud.answer(module, ask)
    return module.result


def peering(name, state="established", **fields):
    return _contract.peering(name=name, state=state, **fields)


def test_peerings_are_sorted_filtered_and_counted():
    found = [peering("b", peer_as=1), peering("a", peer_as=1), peering("c", peer_as=2)]
    result = ended(lambda: _cloud.Answer(found, {}), peer_asns=[1])
    assert [item["name"] for item in result["peerings"]] == ["a", "b"]
    assert result["summary"]["established"] == 2
    assert result["reached"]


def test_a_failure_comes_with_what_was_had():
    failure = _cloud.CloudError("throttled", "DescribeRouteServerPeers was throttled", "Ask later")
    result = ended(lambda: _cloud.Answer([peering("a", "unknown")], {}, failure))
    assert result["failed"]
    assert result["failure"] == {"code": "throttled", "message": failure.message, "hint": "Ask later"}
    assert result["msg"] == "DescribeRouteServerPeers was throttled. Ask later"
    assert [item["name"] for item in result["peerings"]] == ["a"]
    assert not result["reached"]


def test_what_was_seen_before_a_failure_is_not_called_up_after_it():
    answers = iter([_cloud.Answer([peering("a"), peering("b", "down")], {})])

    def ask():
        for found in answers:
            return found
        raise _cloud.CloudError("timeout", "no answer")

    wait = {"state": "established", "count": None, "timeout": 5, "max_sleep": 0.01}
    result = ended(ask, wait_for=wait)
    assert result["failure"]["code"] == "timeout"
    assert {item["state"] for item in result["peerings"]} == {"unknown"}


def test_waiting_that_runs_out_is_told_and_no_failure():
    wait = {"state": "established", "count": None, "timeout": 0, "max_sleep": 0.01}
    result = ended(lambda: _cloud.Answer([peering("a", "down")], {}), wait_for=wait)
    assert "failed" not in result
    assert not result["reached"]
    assert result["summary"]["down"] == 1


def test_secrets_are_left_out_at_any_depth():
    answer = {
        "virtualInterfaces": [{"authKey": "marker", "vlan": 7, "bgpPeers": [{"authKey": "marker", "asn": 65010}]}],
        "Options": {"TunnelOptions": [{"PreSharedKey": "marker", "OutsideIpAddress": "192.0.2.1"}]},
        "CustomerGatewayConfiguration": "<key>marker</key>",
        "md5AuthenticationKeys": [{"name": "a", "key": "marker"}],
    }
    kept = _cloud.without_secrets(answer)
    assert "marker" not in str(kept)
    assert kept["virtualInterfaces"][0]["bgpPeers"] == [{"asn": 65010}]
    assert kept["Options"] == {"TunnelOptions": [{"OutsideIpAddress": "192.0.2.1"}]}
