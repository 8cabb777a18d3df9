# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._service_status import drained, table

DRAIN = {"mode": "community", "since": "2026-01-01T10:00:00Z", "until": "2026-01-01T11:00:00Z", "run": "job 7"}


def service(state: str, announced: bool, drain: dict[str, Any] | None = None) -> dict[str, Any]:
    since, reason = "2026-01-01T10:00:00Z", f"it is\n{state}"
    prefixes = ["203.0.113.20/32"]
    return {
        "state": state,
        "announced": announced,
        "since": since,
        "prefixes": prefixes,
        "reason": reason,
        "drain": drain,
    }


ANSWERS: dict[str, dict[str, Any]] = {
    "b": {"state": "running", "services": {"web": service("drained", True, DRAIN), "dns": service("announced", True)}},
    "a": {"state": "down", "problem": "no agent listens at /run/exabgp/health.sock", "services": {}},
    "c": {"unreachable": True, "msg": "no route to host"},
    "d": {},
}


def test_what_is_drained_since_when_until_when_and_by_which_run():
    assert drained(ANSWERS) == [{"host": "b", "service": "web", **DRAIN}]


def test_every_service_has_a_line_and_every_host_that_does_not_answer():
    head, *lines = table(ANSWERS)
    assert head.split() == ["HOST", "SERVICE", "STATE", "SINCE", "PREFIXES", "REASON"]
    assert lines[0].startswith("a  ")
    assert lines[0].endswith("no agent listens at /run/exabgp/health.sock")
    assert lines[1].split() == [
        "b",
        "dns",
        "announced",
        "2026-01-01T10:00:00Z",
        "203.0.113.20/32",
        "it",
        "is",
        "announced",
    ]
    assert "drained (announced)" in lines[2]
    assert lines[3].endswith("no route to host")
    assert lines[4].endswith("it was not asked")
    assert lines[5] == (
        "web on b is drained by job 7 since 2026-01-01T10:00:00Z, until 2026-01-01T11:00:00Z "
        "(to end it: playbooks/restore.yml --limit b -e exabgp_drain_services=web)"
    )


def test_a_drain_without_an_end_and_without_a_name():
    open_end = {
        "b": {"state": "running", "services": {"web": service("drained", False, {**DRAIN, "until": None, "run": ""})}}
    }
    assert table(open_end)[-1].startswith("web on b is drained since 2026-01-01T10:00:00Z, until it is restored")
