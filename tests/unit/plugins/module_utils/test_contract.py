# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _contract

WAIT = {"state": "established", "count": None, "timeout": 0.5, "max_sleep": 0.1}


def peerings(*states):
    return [_contract.peering(name=str(number), state=state) for number, state in enumerate(states)]


def test_a_peering_has_every_field_and_is_unknown_by_default():
    peering = _contract.peering(name="a")
    assert peering["state"] == "unknown"
    assert peering["problems"] == []
    assert set(peering) == {
        *("name", "cloud", "profile", "resource_id", "local_address", "local_as", "peer_address", "peer_as", "state"),
        *("state_raw", "uptime_s", "prefixes_received", "prefixes_advertised", "md5", "bfd", "problems"),
    }


def test_a_field_that_the_contract_does_not_have_is_refused():
    with pytest.raises(KeyError, match="status"):
        _contract.peering(name="a", status="up")


def test_summary_counts_by_state():
    assert _contract.summary(peerings("established", "down", "down", "unknown")) == {
        "total": 4,
        "established": 1,
        "down": 2,
        "unknown": 1,
    }


def test_waiting_ends_when_the_state_is_reached():
    answers = iter([peerings("down", "down"), peerings("established", "down"), peerings("established", "established")])
    found, reached = _contract.wait(lambda: next(answers), WAIT)
    assert reached
    assert [item["state"] for item in found] == ["established", "established"]


def test_waiting_returns_what_there_is_when_the_time_is_up():
    found, reached = _contract.wait(lambda: peerings("established", "down"), WAIT)
    assert not reached
    assert len(found) == 2


def test_a_count_is_enough():
    assert _contract.wait(lambda: peerings("established", "down"), {**WAIT, "count": 1})[1]


def test_unknown_is_never_counted_as_the_wanted_state():
    assert not _contract.wait(lambda: peerings("unknown"), {**WAIT, "state": "down", "timeout": 0})[1]


def test_without_a_wish_it_asks_once():
    answers = iter([peerings("down")])
    assert _contract.wait(lambda: next(answers), None) == (peerings("down"), True)
