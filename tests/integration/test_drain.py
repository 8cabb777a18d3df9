# SPDX-License-Identifier: GPL-3.0-or-later
"""drain.yml, status.yml and restore.yml: what the router has, what is refused, and what nothing is changed by."""

from __future__ import annotations

import threading

from .conftest import Lab
from .test_health import GONE, Watch, seen

WEB, UNIT = "203.0.113.20/32", "203.0.113.21/32"
AT_WORK = ("-e", "exabgp_drain_run=disks")
ONLY_WEB = ("-e", "exabgp_drain_services=web")


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_service_is_drained_shown_and_restored(lab: Lab) -> None:
    assert "(65535,0)" not in seen(lab, WEB)
    states: set[tuple[bool, bool]] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            text = seen(lab, WEB)
            states.add((bool(text), "(65535,0)" in text))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run = lab.play("playbooks/drain.yml", "--limit", "azure-1", *ONLY_WEB, *AT_WORK)
    finally:
        stop.set()
        watcher.join()
    assert run.recap()["azure-1"]["changed"] == 1
    assert states >= {(True, False), (True, True)}, "the neighbors were not asked before the withdrawal"
    assert not seen(lab, WEB), "the playbook ended before the router had lost the prefix"
    assert seen(lab, UNIT)
    assert "health drained, withdrawn since" in words(run.out)

    shown = words(lab.play("playbooks/status.yml").out)
    assert "web on azure-1 is drained by disks since" in shown
    assert "unit on azure-1" not in shown

    again = lab.play("playbooks/drain.yml", "--limit", "azure-1", *ONLY_WEB, *AT_WORK)
    assert again.recap()["azure-1"]["changed"] == 0

    other = lab.play("playbooks/drain.yml", "--limit", "aws-1", check=False)
    assert other.code != 0
    assert f"{WEB}: without aws-1 it would be announced by 0 hosts (none)" in words(other.out)

    back = lab.play("playbooks/restore.yml", "--limit", "azure-1")
    assert back.recap()["azure-1"]["changed"] == 1
    assert seen(lab, WEB)
    assert lab.play("playbooks/restore.yml").recap()["azure-1"]["changed"] == 0
    assert "is drained" not in lab.play("playbooks/status.yml").out


def test_what_is_refused_changes_nothing(lab: Lab) -> None:
    alone = lab.play("playbooks/drain.yml", "--limit", "azure-1", check=False)
    assert alone.code != 0
    assert f"Not drained, nothing was changed: {UNIT}: without azure-1" in words(alone.out)
    unknown = lab.play("playbooks/drain.yml", "-e", "exabgp_drain_services=wbe", check=False)
    assert unknown.code != 0
    assert "No host in the limit has the service wbe" in words(unknown.out)
    lab.play("playbooks/drain.yml", "--limit", "azure-1", *ONLY_WEB, "--check", "--diff")
    assert seen(lab, WEB)
    assert seen(lab, UNIT)
    assert "is drained" not in lab.play("playbooks/status.yml").out


def test_the_last_announcer_goes_where_no_minimum_is_asked_for_and_its_drain_ends_by_itself(lab: Lab) -> None:
    run = lab.play(
        "playbooks/drain.yml",
        "--limit",
        "azure-1",
        "-e",
        "exabgp_drain_minimum=0",
        "-e",
        "exabgp_drain_mode=withdraw",
        "-e",
        "exabgp_drain_limit=20",
    )
    assert run.recap()["azure-1"]["changed"] == 1
    assert not seen(lab, UNIT)
    Watch(lab, UNIT, f"! {{ {GONE}; }}").moment()


def test_a_host_whose_agent_does_not_answer_is_told(lab: Lab) -> None:
    lab.shell("azure-1", "systemctl stop exabgp")
    run = lab.play("playbooks/drain.yml", "--limit", "azure-1", "-e", "exabgp_drain_minimum=0", check=False)
    assert run.code != 0
    assert "Not drained: no agent listens at /run/exabgp/health.sock" in words(run.out)
    assert "no agent listens" in words(lab.play("playbooks/status.yml", "--limit", "azure-1").out)
