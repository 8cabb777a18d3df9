# SPDX-License-Identifier: GPL-3.0-or-later
"""upgrade.yml: one host after another, drained, proven, refused where it would take too much, and put back."""

from __future__ import annotations

import threading

import pytest

from .conftest import Lab
from .test_install import version

OLD, NEW = "exabgp_install_version=5.0.14", "exabgp_upgrade_to=5.0.15"
# It validates and does not run.
BROKEN = """#!/bin/sh
case "$1" in
version) echo "ExaBGP : 5.0.13"; exit 0 ;;
validate) exec /opt/exabgp/5.0.14/bin/exabgp "$@" ;;
esac
exit 1
"""
FAST = ("-e", "exabgp_upgrade_drain_seconds=3")


@pytest.fixture
def older_lab(lab: Lab) -> Lab:
    """Two hosts on an older version."""
    lab.play("site.yml", "--limit", "azure-1,onprem-1", "-e", OLD)
    lab.touched.update({"azure-1", "onprem-1"})
    return lab


def test_hosts_are_drained_and_upgraded_one_after_another(older_lab: Lab) -> None:
    drained: list[set[str]] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            sessions = older_lab.status()
            drained.append(
                {
                    item["host"]
                    for item in sessions
                    for route in item["routes"]
                    if "graceful-shutdown" in route["communities"]
                }
            )

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run = older_lab.play("playbooks/upgrade.yml", "--limit", "azure-1,onprem-1", "-e", NEW, *FAST)
    finally:
        stop.set()
        watcher.join()
    assert [version(older_lab, host).split()[-1] for host in ("azure-1", "onprem-1")] == ["5.0.15"] * 2
    assert {"azure-1"} in drained
    assert {"onprem-1"} in drained
    assert {"azure-1", "onprem-1"} not in drained
    assert drained[-1] == set()
    assert {item["state"] for item in older_lab.status()} == {"established"}
    assert all(counts["failed"] == 0 for counts in run.recap().values())
    again = older_lab.play("playbooks/upgrade.yml", "--limit", "azure-1,onprem-1", "-e", NEW, *FAST)
    assert all(counts["changed"] == 0 for counts in again.recap().values())


def test_check_mode_says_what_would_be_upgraded(older_lab: Lab) -> None:
    run = older_lab.play("playbooks/upgrade.yml", "--limit", "azure-1", "-e", NEW, "--check")
    assert run.recap()["azure-1"]["changed"] >= 1
    assert "5.0.14" in version(older_lab, "azure-1")


def test_the_last_announcers_are_not_taken_away(older_lab: Lab) -> None:
    for host in ("aws-1", "gcp-1", "onprem-1"):
        older_lab.shell(host, "systemctl stop exabgp")
    run = older_lab.play("playbooks/upgrade.yml", "--limit", "azure-1", "-e", NEW, *FAST, check=False)
    assert run.code != 0
    assert "203.0.113.10/32: without azure-1 it would be announced by 0 hosts (none)" in " ".join(run.out.split())
    assert "5.0.14" in version(older_lab, "azure-1")


def test_a_version_that_does_not_run_is_put_back_and_stops_the_run(older_lab: Lab) -> None:
    # An installation that failed leaves half of a version behind, and cp would copy into that.
    older_lab.shell("azure-1", "rm -rf /opt/exabgp/5.0.13; cp -r /opt/exabgp/5.0.14 /opt/exabgp/5.0.13")
    older_lab.shell("azure-1", f"cat > /opt/exabgp/5.0.13/bin/exabgp <<'END'\n{BROKEN}END")
    broken = ("-e", "exabgp_upgrade_to=5.0.13", "-e", "exabgp_neighbors_proof_timeout=20", *FAST)
    run = older_lab.play("playbooks/upgrade.yml", "--limit", "azure-1,onprem-1", *broken, check=False)
    older_lab.shell("azure-1", "rm -rf /opt/exabgp/5.0.13")
    assert run.code != 0
    assert "The host runs its old version 5.0.14 again" in " ".join(run.out.split()), run.out[-6000:]
    assert "5.0.14" in version(older_lab, "azure-1")
    assert "5.0.14" in version(older_lab, "onprem-1")
    assert {item["state"] for item in older_lab.status()} == {"established"}


def test_a_version_that_could_not_be_taken_back_is_refused(lab: Lab) -> None:
    run = lab.play("playbooks/upgrade.yml", "--limit", "azure-1", "-e", OLD, check=False)
    assert run.code != 0
    assert "exabgp_upgrade_to=VERSION" in " ".join(run.out.split())
    assert "5.0.15" in version(lab, "azure-1")
