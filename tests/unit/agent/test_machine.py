# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machines, by example and by property."""

from __future__ import annotations

import pytest
from exabgp_health import expr
from exabgp_health.machine import Check, Drain, Result, Service, View
from exabgp_health.policy import read_policy
from hypothesis import given
from hypothesis import strategies as st

UP, DOWN, UNKNOWN = "up", "down", "unknown"


def policy(**fields):
    values, problems = read_policy(fields, lambda _name: True, lambda _name: True)
    assert problems == []
    return values


def service(when="a", **fields):
    return Service(when, policy(**fields))


def view(missing=(), level=None, **status):
    return View(lambda name: status.get(name, UNKNOWN), lambda _name: level, tuple(missing))


def test_a_check_turns_after_rise_and_fall_equal_results():
    check = Check(rise=2, fall=3, start=UNKNOWN, now=0)
    seen = []
    for now, status in enumerate([UP, UP, DOWN, DOWN, UP, DOWN, DOWN, DOWN], start=1):
        check.observe(Result(status), now)
        seen.append(check.status)
    assert seen == [UNKNOWN, UP, UP, UP, UP, UP, UP, DOWN]
    assert check.since == 8


def test_up_is_announced_and_down_is_withdrawn():
    machine = service(up={"med": 100})
    assert machine.decide(view(a=UP), 0).attributes == {"med": 100}
    assert machine.decide(view(a=DOWN), 1).attributes is None


def test_before_the_first_verdict_nothing_is_touched():
    decision = service().decide(view(), 0)
    assert not decision.settled
    assert decision.state == UNKNOWN


def test_down_may_be_worse_attributes_but_not_without_the_address():
    machine = service(down={"med": 1000})
    assert machine.decide(view(a=DOWN), 0).attributes == {"med": 1000}
    assert machine.decide(view(a=DOWN, missing=["203.0.113.10"]), 1).attributes is None
    assert machine.decide(view(a=UP, missing=["203.0.113.10"]), 2).attributes is None


def test_hold_down_counts_from_the_withdrawal():
    machine = service(hold_down=10)
    machine.decide(view(a=UP), 0)
    machine.decide(view(a=DOWN), 5)
    held = machine.decide(view(a=UP), 7)
    assert (held.attributes, held.state, held.again_at) == (None, "held", 15)
    assert machine.decide(view(a=UP), 15).attributes == {}


def test_a_flapping_service_stays_withdrawn():
    machine = service(damping={"max_flaps": 2, "within": 60, "hold": 100})
    for now in (0, 2):
        assert machine.decide(view(a=UP), now).attributes == {}
        machine.decide(view(a=DOWN), now + 1)
    damped = machine.decide(view(a=UP), 4)
    assert (damped.attributes, damped.state, damped.again_at) == (None, "damped", 103)
    assert machine.decide(view(a=UP), 103).attributes == {}


def test_the_last_known_state_is_kept_while_checks_cannot_tell():
    machine = service(unknown={"keep": 30, "then": "down"})
    machine.decide(view(a=UP), 0)
    kept = machine.decide(view(), 10)
    assert (kept.attributes, kept.again_at) == ({}, 40)
    assert machine.decide(view(), 40).attributes is None


def test_levels_have_hysteresis():
    steps = [{"at": 80, "below": 70, "attributes": {"med": 200}}, {"at": 95, "below": 90, "attributes": {"med": 300}}]
    machine = service(up={"med": 100}, levels={"check": "cpu", "steps": steps})
    meds = [
        machine.decide(view(a=UP, level=x), n).attributes["med"] for n, x in enumerate([50, 80, 75, 96, 91, 89, 69])
    ]
    assert meds == [100, 200, 200, 300, 300, 200, 100]


def test_the_ladder_counts_failed_checks():
    rungs = [{"med": 100}, {"med": 200}, {"med": 300}]
    machine = service(None, ladder={"checks": ["a", "b", "c"], "attributes": rungs})
    assert machine.decide(view(a=UP, b=UP, c=UP), 0).attributes == {"med": 100}
    assert machine.decide(view(a=DOWN, b=UP, c=UP), 0).attributes == {"med": 200}
    assert machine.decide(view(a=DOWN, b=DOWN, c=DOWN), 0).attributes == {"med": 300}


def test_the_last_site_keeps_announcing_when_all_look_dead():
    machine = service(floor={"others": {"any": ["b", "c"]}, "attributes": {"med": 500}})
    machine.decide(view(a=UP, b=UP, c=UP), 0)
    assert machine.decide(view(a=DOWN, b=UP, c=DOWN), 1).attributes is None
    alone = machine.decide(view(a=DOWN, b=DOWN, c=UNKNOWN), 2)
    assert (alone.attributes, alone.state) == ({"med": 500}, "floor")
    assert machine.decide(view(a=DOWN, b=DOWN, missing=["203.0.113.10"]), 3).attributes is None


def test_the_floor_holds_nothing_that_never_was_up():
    machine = service(floor={"others": "b", "attributes": {}})
    assert machine.decide(view(a=DOWN, b=DOWN), 0).attributes is None


def test_a_drain_asks_first_then_withdraws_and_ends_by_itself():
    machine = service(up={"communities": ["65010:1"]}, drain={"mode": "community", "hold": 60})
    machine.drain = Drain(since=0, until=100, mode="community", run="job 7")
    assert machine.decide(view(a=UP), 0).attributes == {"communities": ["65010:1", "65535:0"]}
    assert machine.decide(view(a=UP), 60).attributes is None
    assert machine.decide(view(a=UP), 100).attributes == {"communities": ["65010:1"]}
    assert machine.drain is None


def test_a_drain_announces_nothing_that_is_down():
    machine = service()
    machine.drain = Drain(since=0, until=None, mode="med", run="")
    assert machine.decide(view(a=DOWN), 0).attributes is None
    assert machine.decide(view(a=UP), 1).attributes == {"med": 1000}


@pytest.mark.parametrize(
    ("condition", "status", "found"),
    [
        ({"all": ["a", "b"]}, {"a": UP, "b": UNKNOWN}, UNKNOWN),
        ({"all": ["a", "b"]}, {"a": DOWN, "b": UNKNOWN}, DOWN),
        ({"any": ["a", "b"]}, {"a": UP, "b": UNKNOWN}, UP),
        ({"any": ["a", "b"]}, {"a": DOWN, "b": UNKNOWN}, UNKNOWN),
        ({"at_least": 2, "of": ["a", "b", "c"]}, {"a": UP, "b": UP, "c": DOWN}, UP),
        ({"at_least": 2, "of": ["a", "b", "c"]}, {"a": UP, "b": DOWN, "c": DOWN}, DOWN),
        ({"not": "a"}, {"a": DOWN}, UP),
        ({"not": "a"}, {"a": UNKNOWN}, UNKNOWN),
        (None, {}, UP),
    ],
)
def test_conditions_have_three_values(condition, status, found):
    assert expr.value(condition, status.__getitem__) == found


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("gone", "there is no check 'gone'"),
        ({"all": []}, "not empty"),
        ({"all": ["a"], "any": ["a"]}, "must be the name"),
        ({"at_least": 3, "of": ["a"]}, "of has 1"),
        ({"at_least": True, "of": ["a"]}, "whole number"),
        ({"not": ["a"]}, "must be the name"),
        (7, "must be the name"),
    ],
)
def test_a_wrong_condition_is_named(condition, words):
    assert words in (expr.problem(condition, lambda name: name == "a") or "")


STATUSES = st.sampled_from([UP, DOWN, UNKNOWN])
EVENTS = st.lists(st.tuples(st.floats(0.1, 30), STATUSES), min_size=1, max_size=60)


@given(EVENTS, st.integers(1, 4), st.floats(1, 100), st.floats(1, 100))
def test_it_never_flaps_faster_than_its_damping(events, most, within, hold):
    machine = service(damping={"max_flaps": most, "within": within, "hold": hold}, unknown={"keep": 0, "then": "down"})
    now, before, withdrawals = 0.0, None, []
    for pause, status in events:
        now += pause
        attributes = machine.decide(view(a=status), now).attributes
        if before is not None and attributes is None:
            withdrawals.append(now)
        if before is None and attributes is not None:
            recent = [x for x in withdrawals if withdrawals[-1] - within < x]
            assert len(recent) < most or now >= withdrawals[-1] + hold
        before = attributes


@given(EVENTS, st.floats(0, 50))
def test_it_is_never_announced_while_down_and_never_again_within_the_hold_down(events, hold_down):
    machine = service(hold_down=hold_down)
    now, withdrawn, before = 0.0, None, None
    for pause, status in events:
        now += pause
        attributes = machine.decide(view(a=status), now).attributes
        if status == DOWN:
            assert attributes is None
        if before is not None and attributes is None:
            withdrawn = now
        if before is None and attributes is not None and withdrawn is not None:
            assert now >= withdrawn + hold_down
        before = attributes


@given(EVENTS, st.floats(1, 50))
def test_unknown_never_announces_longer_than_it_may(events, keep):
    machine = service(unknown={"keep": keep, "then": "down"})
    now, told = 0.0, None
    for pause, status in events:
        now += pause
        attributes = machine.decide(view(a=status), now).attributes
        if status != UNKNOWN:
            told = None
        elif told is None:
            told = now
        elif now >= told + keep:
            assert attributes is None


@given(EVENTS, st.sampled_from([UP, DOWN]))
def test_it_ends_in_the_state_of_the_last_stable_input(events, last):
    machine = service(hold_down=20, damping={"max_flaps": 2, "within": 60, "hold": 120})
    now = 0.0
    for pause, status in events:
        now += pause
        machine.decide(view(a=status), now)
    machine.decide(view(a=last), now + 1)
    decision = machine.decide(view(a=last), now + 1000)
    assert (decision.attributes is not None) == (last == UP)
    assert decision.again_at is None


@given(EVENTS)
def test_asking_again_changes_nothing(events):
    machine = service(hold_down=5, damping={"max_flaps": 3, "within": 60, "hold": 30})
    now = 0.0
    for pause, status in events:
        now += pause
        first = machine.decide(view(a=status), now)
        assert machine.decide(view(a=status), now) == first
