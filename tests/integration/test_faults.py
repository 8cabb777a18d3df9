# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults made from outside, in the routers and the hosts: what is running stays, and the run says what is wrong."""

from __future__ import annotations

import time

import pytest

from .conftest import Lab

SERVICES = ("203.0.113.20/32", "203.0.113.21/32")
CONFIG = "/etc/exabgp/exabgp.conf"


def until(condition, seconds: float = 30) -> None:
    """Wait for an effect on the other side."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s")
        time.sleep(0.3)


def states(lab: Lab) -> dict[str, str]:
    return {session["name"]: session["state"] for session in lab.status()}


def verify(lab: Lab, host: str) -> str:
    run = lab.play("playbooks/verify.yml", "--limit", host, "-e", "exabgp_verify_timeout=4", check=False)
    assert run.code != 0, run.out
    return run.out


def test_a_wrong_key_keeps_the_session_down_and_is_named_as_a_possible_reason(lab: Lab) -> None:
    lab.call("key", "edge-0")
    until(lambda: states(lab)["edge-0"] == "down")
    out = verify(lab, "onprem-1")
    assert "onprem-1: neighbor edge-0: state: the session with 192.168.40.1 AS 65000 is down" in out
    assert "MD5" in out
    assert "neighbor edge-0-v6: state" not in out


def test_a_wrong_as_is_told_in_the_routers_own_words(lab: Lab) -> None:
    lab.call("as", "rs-0", "64999")
    until(lambda: states(lab)["rs-0"] == "down")
    out = verify(lab, "azure-1")
    assert "azure-1: neighbor rs-0: state:" in out
    assert "the daemon's log says" in out
    assert "neighbor rs-1: state" not in out


def test_a_cut_link_is_down_and_comes_back_by_itself(lab: Lab) -> None:
    lab.call("cut", "tgw-0")
    until(lambda: states(lab)["tgw-0"] == "down", 60)
    assert "aws-1: neighbor tgw-0: state:" in verify(lab, "aws-1")
    lab.call("mend", "tgw-0")
    lab.play("playbooks/verify.yml", "--limit", "aws-1", "-e", "exabgp_verify_timeout=90")


def test_a_killed_daemon_comes_back_by_itself(lab: Lab) -> None:
    lab.shell("azure-1", "systemctl kill --kill-who=main -s KILL exabgp")
    lab.play("playbooks/verify.yml", "--limit", "azure-1")


def test_a_stopped_daemon_is_down(lab: Lab) -> None:
    lab.shell("azure-1", "systemctl stop exabgp")
    out = verify(lab, "azure-1")
    assert "is down" in out
    assert "exabgp.service is inactive" in out
    assert lab.play("site.yml", "--limit", "azure-1").recap()["azure-1"]["changed"] == 1


def test_a_frozen_daemon_is_unknown_and_never_established(lab: Lab) -> None:
    lab.shell("azure-1", "systemctl kill --kill-who=main -s STOP exabgp")
    out = verify(lab, "azure-1")
    assert "is unknown" in out
    assert "established" not in out


def test_a_frozen_daemon_is_not_given_a_new_configuration(lab: Lab) -> None:
    before = lab.shell("azure-1", f"sha256sum {CONFIG}")
    lab.shell("azure-1", "systemctl kill --kill-who=main -s STOP exabgp")
    run = lab.play("site.yml", "--limit", "azure-1", "-e", '{"exabgp_routes": []}', check=False)
    assert run.code != 0
    assert "cannot be asked for its sessions" in run.out
    assert lab.shell("azure-1", f"sha256sum {CONFIG}") == before


def test_a_configuration_that_exabgp_refuses_leaves_the_running_one(lab: Lab) -> None:
    before = lab.shell("azure-1", f"sha256sum {CONFIG}")
    uptime = {session["name"]: session["uptime_s"] for session in lab.status()}
    run = lab.play(
        "tests/integration/config.yml",
        "--limit",
        "azure-1",
        "-e",
        '{"config": "neighbor 10.0.1.4 { bogus; }\\n"}',
        check=False,
    )
    assert run.code != 0
    assert "ExaBGP refuses the configuration" in run.out
    assert "bogus" in run.out
    assert lab.shell("azure-1", f"sha256sum {CONFIG}") == before
    assert all(session["uptime_s"] >= uptime[session["name"]] for session in lab.status())


def test_a_change_that_loses_a_session_is_put_back(lab: Lab) -> None:
    before = lab.shell("azure-1", f"cat {CONFIG}")
    worse = before.replace("local-as 65020", "local-as 65021").replace("\n", "\\n").replace('"', '\\"')
    run = lab.play("tests/integration/config.yml", "--limit", "azure-1", "-e", f'{{"config": "{worse}"}}', check=False)
    assert run.code != 0
    assert "did not come back" in run.out
    assert "The previous configuration was put back" in run.out
    assert lab.shell("azure-1", f"cat {CONFIG}") == before
    lab.play("playbooks/verify.yml", "--limit", "azure-1")
    assert states(lab)["rs-0"] == states(lab)["rs-1"] == "established"


def test_a_removed_route_is_withdrawn_and_untouched_sessions_stay(lab: Lab) -> None:
    uptime = {session["name"]: session["uptime_s"] for session in lab.status()}
    one = '{"exabgp_routes": [{"prefix": "203.0.113.10/32", "med": 77}]}'
    run = lab.play("site.yml", "--limit", "azure-1", "-e", one)
    assert run.recap()["azure-1"]["changed"] == 1

    def routes() -> list[tuple[str, int]]:
        return [
            (route["prefix"], route["med"])
            for session in lab.status()
            if session["name"] in ("rs-0", "rs-1")
            for route in session["routes"]
            if route["prefix"] not in SERVICES
        ]

    until(lambda: routes() == [("203.0.113.10/32", 77)] * 2, 10)
    assert all(session["uptime_s"] >= uptime[session["name"]] for session in lab.status())


def test_an_unreachable_host_does_not_stop_the_others_and_fails_the_run(lab: Lab) -> None:
    run = lab.play(
        "site.yml", "-e", '{"ansible_ssh_timeout": 3}', "-i", "tests/integration/unreachable.yml", check=False
    )
    assert run.code != 0
    recap = run.recap()
    assert recap["gone-1"]["unreachable"] == 1
    assert all(counts["failed"] == 0 and counts["ok"] > 5 for host, counts in recap.items() if host != "gone-1")


def test_a_wrong_inventory_touches_no_host(lab: Lab) -> None:
    run = lab.play("site.yml", "-e", '{"exabgp_router_id": "10.0.0.300", "exabgp_local_as": 0}', check=False)
    assert run.code != 0
    for host in ("aws-1", "azure-1", "gcp-1", "onprem-1"):
        assert f"{host}: exabgp_router_id: " in run.out
        assert f"{host}: exabgp_local_as: " in run.out
    assert "TASK [cloudbgp.exabgp.exabgp_install" not in run.out
