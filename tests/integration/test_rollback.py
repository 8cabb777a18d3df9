# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back: by hand, to a named generation, and by the host alone when the controller dies in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .conftest import ROOT, Lab
from .test_faults import CONFIG, SERVICES, states, until

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
ONE_ROUTE = '{"exabgp_routes": [{"prefix": "203.0.113.10/32", "med": 77}]}'


def learned(lab: Lab) -> set[tuple[str, int | None]]:
    return {
        (route["prefix"], route["med"])
        for session in lab.status()
        if session["name"] in ("rs-0", "rs-1")
        for route in session["routes"]
        if route["prefix"] not in SERVICES
    }


def test_rollback_goes_to_the_configuration_before_and_forth_again(lab: Lab) -> None:
    before = learned(lab)
    lab.play("site.yml", "--limit", "azure-1", "-e", ONE_ROUTE)
    until(lambda: learned(lab) == {("203.0.113.10/32", 77)}, 10)
    run = lab.play("playbooks/rollback.yml", "--limit", "azure-1", "--diff")
    assert "+        route 203.0.113.32/28" in run.out
    until(lambda: learned(lab) == before, 10)
    lab.play("playbooks/rollback.yml", "--limit", "azure-1")
    until(lambda: learned(lab) == {("203.0.113.10/32", 77)}, 10)


def test_rollback_to_a_named_generation_and_to_one_that_is_not_there(lab: Lab) -> None:
    before = learned(lab)
    lab.play("site.yml", "--limit", "azure-1", "-e", ONE_ROUTE)
    name = lab.shell("azure-1", "ls /etc/exabgp/generations | tail -1").strip()
    lab.play("playbooks/rollback.yml", "--limit", "azure-1", "-e", f"exabgp_rollback_to={name}")
    until(lambda: learned(lab) == before, 10)
    run = lab.play("playbooks/rollback.yml", "--limit", "azure-1", "-e", "exabgp_rollback_to=nowhere", check=False)
    assert run.code != 0
    assert "there is no generation nowhere" in run.out
    assert name in run.out


def test_a_confirmed_change_leaves_no_timer(lab: Lab) -> None:
    lab.play("site.yml", "--limit", "azure-1", "-e", ONE_ROUTE)
    assert lab.shell("azure-1", "systemctl list-timers --all exabgp-revert.timer --no-legend").strip() == ""


def test_the_host_goes_back_by_itself_when_the_controller_dies(lab: Lab) -> None:
    before = lab.shell("azure-1", f"cat {CONFIG}")
    worse = before.replace("local-as 65020", "local-as 65021").replace("\n", "\\n").replace('"', '\\"')
    options = ("--limit", "azure-1", "-e", f'{{"config": "{worse}", "proof_timeout": 60}}')
    with subprocess.Popen(
        [str(PLAYBOOK), "-i", str(lab.inventory), "tests/integration/config.yml", *options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as controller:
        until(lambda: lab.shell("azure-1", f"cat {CONFIG}") != before, 60)
        time.sleep(1)
        os.killpg(controller.pid, signal.SIGKILL)
    lab.shell("azure-1", "pkill -KILL -u root python3; true")
    assert lab.shell("azure-1", f"cat {CONFIG}") != before
    until(lambda: lab.shell("azure-1", f"cat {CONFIG}") == before, 100)
    until(lambda: states(lab)["rs-0"] == states(lab)["rs-1"] == "established", 60)
    assert "the change was not confirmed" in lab.shell(
        "azure-1", "journalctl -u exabgp-revert.service -o cat --no-pager"
    )


def test_the_next_run_finishes_what_an_earlier_one_left(lab: Lab) -> None:
    before = lab.shell("azure-1", f"cat {CONFIG}")
    lab.shell(
        "azure-1",
        f"cp {CONFIG} /etc/exabgp/kept; echo '# left' >> {CONFIG}; systemd-run -q --unit=exabgp-revert --on-active=1h "
        f"--collect --property=Type=oneshot cp /etc/exabgp/kept {CONFIG}",
    )
    run = lab.play(
        "tests/integration/config.yml", "--limit", "azure-1", "-e", '{"config": "neighbor bogus"}', check=False
    )
    assert "never confirmed" in run.out
    assert lab.shell("azure-1", f"cat {CONFIG}") == before
    assert lab.shell("azure-1", "systemctl list-timers --all exabgp-revert.timer --no-legend").strip() == ""
