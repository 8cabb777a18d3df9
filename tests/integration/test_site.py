# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml on a fresh lab: check mode, the first run, the second run, and the routers' side of it."""

from __future__ import annotations

import json

from .conftest import HOSTS, ROOT, Lab

SESSIONS = {
    "tgw-0": "aws-1",
    "tgw-1": "aws-1",
    "rs-0": "azure-1",
    "rs-1": "azure-1",
    "cr-0": "gcp-1",
    "cr-1": "gcp-1",
    "edge-0": "onprem-1",
    "edge-0-v6": "onprem-1",
}
TRACES = (
    "ls -d /opt/exabgp* /etc/exabgp /etc/systemd/system/exabgp* /usr/local/bin/exabgp* 2>/dev/null; "
    "getent passwd exabgp; true"
)


def test_check_mode_on_fresh_hosts_succeeds_and_changes_nothing(fresh_lab: Lab) -> None:
    run = fresh_lab.play("site.yml", "--check", "--diff")
    assert {host: counts["failed"] for host, counts in run.recap().items()} == dict.fromkeys(HOSTS, 0)
    assert "+neighbor 10.0.1.4" in run.out
    assert [fresh_lab.shell(host, TRACES) for host in HOSTS] == [""] * len(HOSTS)


def test_every_session_and_prefix_is_seen_from_both_ends(deployed_lab: Lab) -> None:
    sessions = {session["name"]: session for session in deployed_lab.status()}
    assert {name: session["state"] for name, session in sessions.items()} == dict.fromkeys(SESSIONS, "established")
    plans = planned_routes(deployed_lab)
    services = planned_services()
    for name in SESSIONS:
        learned = {route["prefix"]: route for route in sessions[name]["routes"]}
        assert set(learned) == set(plans[name]) | services[name], name
        for prefix, route in plans[name].items():
            assert learned[prefix]["med"] == route["med"], (name, prefix)
            assert set(route["communities"]) <= set(learned[prefix]["communities"]), (name, prefix)
            assert learned[prefix]["as_path"][0] == sessions[name]["peer_as"], (name, prefix)
    table = deployed_lab.call("status").out
    assert f"{len(SESSIONS)} of {len(SESSIONS)} sessions established at both ends, 23 prefixes learned" in table


def planned_routes(lab: Lab) -> dict[str, dict[str, dict]]:
    """The planned routes: neighbor -> prefix -> route."""
    directory = ROOT / "tests" / "output" / "plan"
    lab.play("playbooks/plan.yml", "-e", f"exabgp_plan_dir={directory}")
    plans = [json.loads((directory / host / "plan.json").read_text(encoding="utf-8")) for host in HOSTS]
    return {
        neighbor["name"]: {route["prefix"]: route for route in neighbor["routes"]}
        for plan in plans
        for neighbor in plan["neighbors"]
    }


def planned_services() -> dict[str, set[str]]:
    """The prefixes of services by neighbor, from the plans that planned_routes has written."""
    directory = ROOT / "tests" / "output" / "plan"
    plans = [json.loads((directory / host / "plan.json").read_text(encoding="utf-8")) for host in HOSTS]
    found: dict[str, set[str]] = {name: set() for name in SESSIONS}
    for plan in plans:
        for service in plan["services"]:
            for neighbor in service["neighbors"]:
                found[neighbor].update(service["prefixes"])
    return found


def test_a_second_run_changes_nothing(deployed_lab: Lab) -> None:
    before = {session["name"]: session["uptime_s"] for session in deployed_lab.status()}
    run = deployed_lab.play("site.yml")
    assert {host: counts["changed"] for host, counts in run.recap().items()} == dict.fromkeys(HOSTS, 0)
    after = {session["name"]: session["uptime_s"] for session in deployed_lab.status()}
    assert all(after[name] >= before[name] for name in SESSIONS)


def test_nothing_runs_as_root_and_only_the_group_reads_the_configuration(deployed_lab: Lab) -> None:
    for host in HOSTS:
        users = deployed_lab.shell(host, "ps -o user= -p $(systemctl show -p MainPID --value exabgp)").split()
        assert users == ["exabgp"], host
        mode = deployed_lab.shell(host, "stat -c '%a %U %G' /etc/exabgp/exabgp.conf").strip()
        assert mode == "640 root exabgp", host


def test_verify_yml_prints_a_table_and_changes_nothing(deployed_lab: Lab) -> None:
    run = deployed_lab.play("playbooks/verify.yml")
    assert all(counts["changed"] == 0 for counts in run.recap().values())
    for name in SESSIONS:
        assert f"{name} " in run.out
    assert run.out.count(" established ") == len(SESSIONS)
