# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written to ExaBGP, for any order of wishes and answers."""

from __future__ import annotations

import pytest
from exabgp_health import config
from exabgp_health.announcer import WINDOW, Announcer, command
from hypothesis import given
from hypothesis import strategies as st

NEIGHBORS = {"rs-0": {"peer_address": "10.0.1.4", "local_address": "10.0.2.10", "families": ["ipv4 unicast"]}}


def configuration(prefixes, **fields):
    services = {f"s{n}": {"prefixes": [x], "neighbors": ["rs-0"]} for n, x in enumerate(prefixes)}
    allowed = fields.pop("allowed", ["203.0.113.0/24"])
    return config.read(
        {"version": 1, "host": "h", "allowed_prefixes": allowed, "neighbors": NEIGHBORS, "services": services, **fields}
    )


class Daemon:
    """The other end of the pipe: holds what it was told, and answers when it is asked to."""

    def __init__(self):
        self.held, self.lines, self.unanswered = {}, [], []

    def write(self, line):
        self.lines.append(line)
        self.unanswered.append(line)

    def answer(self, announcer, now=0.0, word="done"):
        line = self.unanswered.pop(0)
        verb, _route, prefix = line.split()[4:7]
        if word == "done":
            self.held.pop(prefix, None)
            if verb == "announce":
                self.held[prefix] = line
        announcer.answer(word + "\n", now)


def routes(found):
    return [route for service in found.services.values() for route in service.routes]


def started(prefixes=("203.0.113.10/32",)):
    daemon = Daemon()
    announcer = Announcer(daemon.write)
    found = configuration(prefixes)
    announcer.configure(found)
    return daemon, announcer, routes(found)


def test_a_command_names_both_ends_and_all_attributes():
    (route,) = routes(configuration(["203.0.113.10/32"]))
    attributes = {
        "next_hop": "self",
        "origin": "igp",
        "med": 0,
        "local_preference": 100,
        "prepend": [65010, 65010],
        "communities": ["65010:1", "no-export"],
        "large_communities": ["65010:1:2"],
        "extended_communities": ["target:65010:1"],
    }
    assert command(route, attributes) == (
        "neighbor 10.0.1.4 local-ip 10.0.2.10 announce route 203.0.113.10/32 next-hop self origin igp med 0 "
        "local-preference 100 as-path [ 65010 65010 ] community [ 65010:1 no-export ] large-community [ 65010:1:2 ] "
        "extended-community [ target:65010:1 ]"
    )


def test_what_an_earlier_process_may_have_announced_is_withdrawn():
    daemon, announcer, (route,) = started()
    announcer.want(route, None)
    announcer.turn(0)
    assert [line.split()[4] for line in daemon.lines] == ["withdraw"]


def test_the_same_wish_is_not_written_twice():
    daemon, announcer, (route,) = started()
    for _again in range(3):
        announcer.want(route, {"med": 100})
        announcer.turn(0)
        while daemon.unanswered:
            daemon.answer(announcer)
    assert len(daemon.lines) == 1


def test_a_slow_daemon_is_given_the_newest_state_only():
    daemon, announcer, (route,) = started()
    for med in range(50):
        announcer.want(route, {"med": med})
        announcer.turn(0)
    daemon.answer(announcer)
    announcer.turn(0)
    assert [line.split()[-1] for line in daemon.lines] == ["0", "49"]


def test_no_more_than_a_window_waits_for_answers():
    daemon, announcer, found = started([f"203.0.113.{n}/32" for n in range(200)])
    for route in found:
        announcer.want(route, {})
    announcer.turn(0)
    assert len(daemon.lines) == WINDOW
    while daemon.unanswered:
        daemon.answer(announcer)
        announcer.turn(0)
    assert len(daemon.held) == 200
    assert announcer.settled()


def test_what_exabgp_refuses_is_told_and_tried_again_ever_slower():
    daemon, announcer, (route,) = started()
    announcer.want(route, {"med": 1})
    times, now = [], 0.0
    while now < 20:
        announcer.turn(now)
        if daemon.unanswered:
            times.append(now)
            daemon.answer(announcer, now, "error")
        now += 0.5
    assert times == [0, 1, 3, 7, 15]
    assert "ExaBGP refused it" in announcer.refused["203.0.113.10/32 to rs-0"]
    announcer.turn(60)
    daemon.answer(announcer, 60)
    assert announcer.refused == {}


def test_a_prefix_outside_of_the_allow_list_is_withdrawn_whatever_is_wanted():
    daemon, announcer, (route,) = started()
    announcer.want(route, {})
    announcer.turn(0)
    daemon.answer(announcer)
    narrower = configuration([], allowed=["198.51.100.0/24"])
    announcer.configure(narrower)
    announcer.want(route, {})
    announcer.turn(0)
    daemon.answer(announcer)
    assert daemon.held == {}
    assert "allowed_prefixes" in announcer.refused["203.0.113.10/32 to rs-0"]


def test_a_route_that_left_the_configuration_is_withdrawn_and_the_others_stay():
    daemon, announcer, found = started(["203.0.113.10/32", "203.0.113.11/32"])
    for route in found:
        announcer.want(route, {"med": 1})
    announcer.turn(0)
    while daemon.unanswered:
        daemon.answer(announcer)
    before = len(daemon.lines)
    announcer.configure(configuration(["203.0.113.10/32"]))
    announcer.turn(0)
    assert [line.split()[4:7] for line in daemon.lines[before:]] == [["withdraw", "route", "203.0.113.11/32"]]


@pytest.mark.parametrize("up", [True, False])
def test_a_route_that_left_the_configuration_is_not_touched_again(up):
    daemon, announcer, found = started(["203.0.113.10/32", "203.0.113.11/32"])
    for route in found:
        announcer.want(route, {} if up else None)
    announcer.turn(0)
    while daemon.unanswered:
        daemon.answer(announcer)
    announcer.configure(configuration(["203.0.113.11/32"]))
    announcer.turn(0)
    while daemon.unanswered:
        daemon.answer(announcer)
    before = len(daemon.lines)
    announcer.again()
    announcer.turn(0)
    assert [line.split()[6] for line in daemon.lines[before:]] == ["203.0.113.11/32"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("want"), st.integers(0, 2), st.one_of(st.none(), st.integers(0, 3))),
        st.tuples(st.just("answer"), st.sampled_from(["done", "error"]), st.none()),
        st.tuples(st.just("wait"), st.floats(0, 100), st.none()),
    ),
    max_size=80,
)


@given(STEPS)
def test_in_the_end_the_daemon_holds_what_was_wanted_last(steps):
    daemon, announcer, found = started([f"203.0.113.{n}/32" for n in range(3)])
    wanted, now = dict.fromkeys(found), 0.0
    for route in found:
        announcer.want(route, None)
    for kind, first, second in steps:
        if kind == "want":
            wanted[found[first]] = None if second is None else {"med": second}
            announcer.want(found[first], wanted[found[first]])
        elif kind == "answer" and daemon.unanswered:
            daemon.answer(announcer, now, first if " announce " in daemon.unanswered[0] else "done")
        elif kind == "wait":
            now += first
        announcer.turn(now)
        assert len(daemon.unanswered) <= 3
    for _round in range(200):
        now += 10
        announcer.turn(now)
        while daemon.unanswered:
            daemon.answer(announcer, now)
    assert announcer.settled()
    assert set(daemon.held) == {route.prefix for route, attributes in wanted.items() if attributes is not None}
    for route, attributes in wanted.items():
        if attributes is not None:
            assert f"med {attributes['med']}" in daemon.held[route.prefix]


@pytest.mark.parametrize("line", ["", "shutdown", '{"exabgp": "5.0.15"}'])
def test_other_lines_are_no_answers(line):
    _daemon, announcer, (route,) = started()
    announcer.want(route, {})
    announcer.turn(0)
    assert announcer.answer(line, 0) is False
