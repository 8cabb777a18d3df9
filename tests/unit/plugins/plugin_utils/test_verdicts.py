# SPDX-License-Identifier: GPL-3.0-or-later
"""Each class is named by its own evidence, nothing unknown is green, and the order of what was read does not matter."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_classes as classes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._verdict import verdict
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._verdicts import green, judge

MODULE = "azure_route_server_peering_info"
LOCAL, PEERS = "10.0.2.10", ("10.0.1.4", "10.0.1.5")
STATIC, DRIVEN, FOREIGN = "203.0.113.128/25", "203.0.113.10/32", "203.0.113.77/32"


def planned(**changes: Any) -> dict[str, Any]:
    profile = {"profile": "azure_route_server"}
    inventory = {
        "exabgp_local_as": 65010,
        "exabgp_router_id": LOCAL,
        "exabgp_local_address": LOCAL,
        "exabgp_neighbors": [{"name": f"rs-{n}", "peer_address": peer, **profile} for n, peer in enumerate(PEERS)],
        "exabgp_routes": [{"prefix": STATIC, "next_hop": "self"}],
        "exabgp_allowed_prefixes": ["203.0.113.0/24"],
        "exabgp_services": [
            {"name": "web", "prefixes": [DRIVEN], "check": {"type": "http", "url": "http://127.0.0.1/"}, "up": {}}
        ],
    }
    plan = plan_host("azure-1", inventory).plan
    assert plan is not None
    plan["neighbors"][0].update(changes)
    return plan


def route(prefix: str, **changes: Any) -> dict[str, Any]:
    return {"prefix": prefix, "family": "ipv4 unicast", "next_hop": LOCAL, "as_path": [], **changes}


class Case:
    """A host with two sessions on which everything is as planned, to be spoiled by a test."""

    def __init__(self) -> None:
        self.plan = planned()
        self.daemon: dict[str, Any] = {
            "daemon": {"state": "running", "version": "5.0.15", "problem": ""},
            "peerings": [self.end(LOCAL, 65010, peer, 65515, f"rs-{n}") for n, peer in enumerate(PEERS)],
        }
        for item in self.daemon["peerings"]:
            item["routes_advertised"] = [route(STATIC), route(DRIVEN)]
        far = [self.end(peer, 65515, LOCAL, 65010, f"vm-{n}") for n, peer in enumerate(PEERS)]
        for item in far:
            item["routes_received"] = [route(STATIC, installed=True), route(DRIVEN, installed=True)]
        self.cloud: Any = {MODULE: {"peerings": far, "reached": True}}
        web = {
            "state": "announced",
            "announced": True,
            "since": "2026-01-01T00:00:00Z",
            "reason": "",
            "checks": ["web"],
        }
        self.health: Any = {"state": "running", "problem": "", "refused": [], "services": {"web": web}, "checks": {}}
        self.counters: dict[str, int] = {}
        self.options: dict[str, Any] = {}

    @staticmethod
    def end(local: str, local_as: int, peer: str, peer_as: int, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "local_address": local,
            "local_as": local_as,
            "peer_address": peer,
            "peer_as": peer_as,
            "state": "established",
            "state_raw": "Connected",
            "uptime_s": 500,
            "prefixes_received": None,
            "prefixes_advertised": 2,
            "md5": None,
            "problems": [],
        }

    @property
    def near(self) -> dict[str, Any]:
        found: dict[str, Any] = self.daemon["peerings"][0]
        return found

    @property
    def far(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud[MODULE]["peerings"][0]
        return found

    def down(self, *problems: str) -> None:
        self.near.update(state="down", state_raw="IDLE", uptime_s=None, problems=list(problems), routes_advertised=[])
        self.far.update(state="down", routes_received=[])

    def judge(self) -> list[dict[str, Any]]:
        return judge(self.plan, self.daemon, self.cloud, self.health, self.counters, self.options)

    def classes(self) -> set[str]:
        return {item["class"] for item in self.judge()} - {"as_planned"}


def key(case: Case) -> None:
    case.plan["neighbors"][0].update(md5=True, controls={"md5": {"on": True, "reason": ""}})


def ttl(case: Case) -> None:
    case.plan["neighbors"][0]["controls"] = {"ttl_security": {"on": True, "reason": ""}}


def far(case: Case, **changes: Any) -> None:
    case.far.update(changes)


def learned(case: Case, *routes: dict[str, Any]) -> None:
    case.far["routes_received"] = list(routes)


def no_cloud(case: Case) -> None:
    case.cloud = None


def cloud_fails(case: Case) -> None:
    case.cloud = {MODULE: {"peerings": [], "failure": {"code": "throttled", "message": "429", "hint": ""}}}


def absent(case: Case) -> None:
    case.down()
    del case.cloud[MODULE]["peerings"][0]


def other_address(case: Case) -> None:
    case.down("10.0.1.4 does not answer on TCP port 179")
    far(case, peer_address="10.0.2.99")


def daemon(case: Case, state: str) -> None:
    case.daemon["daemon"] = {"state": state, "version": None, "problem": "no answer"}
    for item in case.daemon["peerings"]:
        item.update(state="down" if state == "down" else "unknown", problems=[])
        item.pop("routes_advertised")
    for item in case.cloud[MODULE]["peerings"]:
        item.update(state="down", routes_received=[])


def only_near(case: Case) -> None:
    case.daemon["peerings"].append({**case.near, "peer_address": "10.0.1.9"})


def counted(case: Case, name: str) -> None:
    case.down("there is no TCP connection at the moment")
    case.counters = {name: 3}


def service(case: Case, state: str) -> None:
    case.health["services"]["web"].update(state=state, announced=False, reason="web is down")
    for near, far_ in zip(case.daemon["peerings"], case.cloud[MODULE]["peerings"], strict=True):
        near["routes_advertised"] = [route(STATIC)]
        far_["routes_received"] = [route(STATIC, installed=True)]


def limited(case: Case) -> None:
    learned(case, route(STATIC))
    case.plan["neighbors"][0]["prefix_limit"] = 1


def both(*steps: Any) -> Any:
    def spoil(case: Case) -> None:
        for step in steps:
            step(case)

    return spoil


def flapped(case: Case) -> None:
    case.options.update(before=copy.deepcopy(case.daemon), elapsed_s=900)


def in_path(case: Case) -> None:
    case.near["routes_advertised"][1]["as_path"] = [64999, 65515]
    learned(case, route(STATIC, installed=True))


def hop(case: Case) -> None:
    case.near["routes_advertised"][1]["next_hop"] = "10.0.2.11"
    learned(case, route(STATIC, installed=True))


DOWN = {"one_of_two"}
CASES: list[tuple[str, Any, set[str]]] = [
    ("not_asked", no_cloud, {"not_asked"}),
    ("cloud_unknown", cloud_fails, {"cloud_unknown"}),
    ("not_told", lambda c: far(c, routes_received=None), {"not_told"}),
    ("daemon_silent", lambda c: daemon(c, "silent"), {"daemon_silent", "not_told"}),
    ("daemon_down", lambda c: daemon(c, "down"), {"daemon_down", *DOWN}),
    ("not_configured_on_host", lambda c: c.down("the running daemon has no such neighbor"), DOWN),
    ("not_planned", only_near, set()),
    ("not_configured_at_cloud", absent, DOWN),
    ("cloud_other_address", other_address, DOWN),
    ("cloud_other_as", both(lambda c: c.down("log: notification (2,2)"), lambda c: far(c, peer_as=65011)), DOWN),
    ("as_mismatch", lambda c: c.down("the log says: OPEN message error / Bad Peer AS"), DOWN),
    ("local_address_missing", lambda c: c.down("the local address 10.0.2.10 is not on this host"), DOWN),
    ("no_route", lambda c: c.down("there is no route from 10.0.2.10 to 10.0.1.4"), DOWN),
    ("transport_blocked", lambda c: c.down("10.0.1.4 does not answer on TCP port 179 (a filter)"), DOWN),
    ("md5_mismatch", both(key, lambda c: counted(c, "TCPMD5Failure")), DOWN),
    ("md5_missing_at_peer", both(key, lambda c: counted(c, "TCPMD5NotFound")), DOWN),
    ("md5_missing_on_host", lambda c: counted(c, "TCPMD5Unexpected"), DOWN),
    ("ttl", both(ttl, lambda c: counted(c, "TCPMinTTLDrop")), DOWN),
    ("hold_timer", lambda c: c.down("the log says: Hold timer expired"), DOWN),
    ("flapping", flapped, set()),
    ("shut_down_by_peer", lambda c: c.down("the log says: Cease / Administrative Shutdown"), DOWN),
    ("ends_disagree", lambda c: far(c, state="down"), set()),
    ("session_down", lambda c: c.down("there is no TCP connection at the moment"), DOWN),
    ("one_of_two", lambda c: c.down("x"), {"session_down"}),
    ("prefix_limit", limited, set()),
    ("not_announced", lambda c: c.near["routes_advertised"].pop(0) and c.far["routes_received"].pop(0), set()),
    ("attribute_differs", lambda c: c.near["routes_advertised"][0].update(next_hop="10.0.2.11"), set()),
    ("not_learned", lambda c: learned(c, route(STATIC, installed=True)), set()),
    ("next_hop", hop, set()),
    ("own_as_in_path", in_path, set()),
    ("not_installed", lambda c: c.far["routes_received"][0].update(installed=False, reason="quota"), set()),
    ("stale_route", lambda c: c.far["routes_received"].append(route(FOREIGN)), set()),
    ("health_down", lambda c: service(c, "withdrawn"), set()),
    ("health_unknown", lambda c: setattr(c, "health", None), set()),
    ("drained", lambda c: service(c, "drained"), set()),
    ("agent_down", lambda c: c.health.update(state="down", problem="no agent listens"), set()),
    ("hardening_not_proven", ttl, set()),
    ("hardening_off", both(ttl, lambda c: c.options.update(hardening={"rs-0": {"ttl_security": False}})), set()),
]


def test_everything_seen_at_both_ends_is_green() -> None:
    case = Case()
    assert case.classes() == set()
    assert green(case.judge())


@pytest.mark.parametrize(("kind", "spoil", "besides"), CASES, ids=[case[0] for case in CASES])
def test_a_class_is_named_and_no_neighbor_of_it(kind: str, spoil: Any, besides: set[str]) -> None:
    case = Case()
    spoil(case)
    assert case.classes() == {kind, *besides}
    assert green(case.judge()) is (classes.CLASSES[kind].severity == classes.INFO)
    for item in case.judge():
        assert item["evidence"]
        assert item["confidence"] in ("high", "medium", "low")
        assert "{" not in item["next_command"]


def test_every_class_has_a_case() -> None:
    assert {case[0] for case in CASES} | {"as_planned"} == set(classes.CLASSES)


def test_a_route_of_a_host_that_is_down_and_still_held_by_the_cloud_is_stale() -> None:
    case = Case()
    daemon(case, "down")
    learned(case, route(STATIC))
    assert "stale_route" in case.classes()


def test_the_reason_of_a_daemon_that_is_down_is_told_once() -> None:
    case = Case()
    daemon(case, "down")
    case.near["problems"] = ["no answer"]
    assert [item["evidence"] for item in case.judge() if item["class"] == "daemon_down"] == [["no answer"]] * 2


def test_a_silent_daemon_makes_no_stale_route() -> None:
    case = Case()
    daemon(case, "silent")
    learned(case, route(STATIC))
    assert "stale_route" not in case.classes()


def test_a_prefix_length_in_a_sentence_is_no_notification_code() -> None:
    case = Case()
    case.down("the daemon's log says: 10.0.2.2/2 via 0.0.0.4/0 lost")
    assert case.classes() == {"session_down", *DOWN}


def test_peerings_of_other_hosts_are_not_taken_for_this_one() -> None:
    case = Case()
    other_address(case)
    case.options["planned"] = [["10.0.2.99", PEERS[0]]]
    assert case.classes() == {"not_configured_at_cloud", *DOWN}


def test_a_counter_of_the_host_is_less_sure_when_more_sessions_are_down() -> None:
    case = Case()
    key(case)
    counted(case, "TCPMD5Failure")
    case.daemon["peerings"][1].update(state="down", problems=["x"])
    (found,) = [item for item in case.judge() if item["class"] == "md5_mismatch"]
    assert (found["confidence"], found["fatal"]) == ("medium", True)


def test_what_is_fatal_can_be_chosen() -> None:
    case = Case()
    cloud_fails(case)
    case.options["fatal"] = ["not_asked"]
    assert not any(item["fatal"] for item in case.judge())


def test_the_filter_fails_on_what_the_cloud_says_only_when_it_was_asked() -> None:
    case = Case()
    alone = verdict(case.plan, case.daemon, case.health)
    assert (alone["ok"], alone["green"]) == (True, False)
    both = verdict(case.plan, case.daemon, case.health, case.cloud)
    assert (both["ok"], both["green"]) == (True, True)
    far(case, state="down")
    both = verdict(case.plan, case.daemon, case.health, case.cloud)
    assert (both["ok"], both["green"]) == (False, False)
    assert "azure-1: neighbor rs-0: the ends disagree" in both["faults"][0]


@given(
    st.sampled_from(["plan", "daemon", "peering", "state", "routes", "cloud", "answer", "far", "far_state", "health"]),
    st.booleans(),
)
def test_nothing_is_green_when_something_is_missing_or_unknown(what: str, first: bool) -> None:
    case = Case()
    which = 0 if first else 1
    near, other = case.daemon["peerings"][which], case.cloud[MODULE]["peerings"][which]
    if what == "plan":
        case.plan["neighbors"] = []
        case.plan["services"] = []
        case.daemon["peerings"] = []
    elif what == "daemon":
        case.daemon = {"peerings": case.daemon["peerings"]}
    elif what == "peering":
        case.daemon["peerings"].remove(near)
    elif what == "state":
        near["state"] = "unknown"
    elif what == "routes":
        near.pop("routes_advertised")
    elif what == "cloud":
        case.cloud = {}
    elif what == "answer":
        case.cloud = {MODULE: {}}
    elif what == "far":
        case.cloud[MODULE]["peerings"].remove(other)
    elif what == "far_state":
        other["state"] = "unknown"
    else:
        case.health = None
    assert not green(case.judge())


@given(st.sampled_from(CASES), st.randoms())
def test_the_order_of_what_was_read_does_not_matter(
    chosen: tuple[str, Any, set[str]], generator: random.Random
) -> None:
    case = Case()
    chosen[1](case)
    before = case.judge()
    shuffle = generator.shuffle
    shuffle(case.plan["neighbors"])
    shuffle(case.daemon["peerings"])
    if case.cloud:
        shuffle(case.cloud[MODULE]["peerings"])
    assert case.judge() == before
