# SPDX-License-Identifier: GPL-3.0-or-later
"""The health agent in the lab: each fault is made on azure-1, and timed in the table of the real router rs-0.

With CLOUDBGP_WRITE_DOCS=1 the times are written into the table of docs/reliability.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.tools.reliability import Fault, write

from .conftest import ROOT, Lab

HOST, ROUTER = "azure-1", "rs-0"
UNIT, WEB = "203.0.113.21/32", "203.0.113.20/32"  # decided by a systemd check, and by an HTTP check
CONFIG = "/etc/exabgp/health.json"
AGENT = "$(exabgp-health status --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"pid\"])')"
MAIN = "$(systemctl show -p MainPID --value exabgp)"
GONE, THERE, DRAINED = '! echo "$s" | grep -q "$p"', 'echo "$s" | grep -q "$p"', 'echo "$s" | grep -q "(65535,0)"'
WATCHDOG_S = 5
LIMIT_S = 60

Change = Callable[[dict[str, Any], dict[str, Any]], object]

measured: list[Fault] = []


def seen(lab: Lab, prefix: str) -> str:
    """What the router has for a prefix, its age and attributes included; empty for nothing."""
    out = lab.call("exec", ROUTER, "--", "birdc", "-r", "show", "route", prefix, "all", check=False).out
    return out if prefix in out else ""


class Watch:
    """A loop on the router that ends when its table is as wanted; both ends have one clock."""

    def __init__(self, lab: Lab, prefix: str, wanted: str) -> None:
        script = (
            f"p={prefix}; echo ready; "
            f"while :; do s=$(birdc -r show route $p all); {wanted} && break; sleep 0.01; done; date +%s.%N"
        )
        topology = str(lab.folder / "topology.yml")
        command = [sys.executable, "-m", "lab", "--topology", topology, "exec", ROUTER, "--"]
        command += ["timeout", str(LIMIT_S), "sh", "-c", script]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def moment(self) -> float:
        """When it was as wanted."""
        out = self._process.communicate(timeout=LIMIT_S + 10)[0]
        assert self._process.returncode == 0, f"not within {LIMIT_S} s: {out}"
        return float(out)


def timed(lab: Lab, command: str, prefix: str, wanted: str) -> float:
    """Seconds from a command on the host to its effect at the router."""
    watch = Watch(lab, prefix, wanted)
    begin = float(lab.shell(HOST, f"date +%s.%N; {command} >/dev/null").split()[0])
    return watch.moment() - begin


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.2)


def noted(fault: str, effect: str, seconds: float, bound: float) -> None:
    measured.append(Fault(fault, effect, seconds, bound))
    assert seconds <= bound, f"{fault}: {effect} after {seconds:.2f} s, and the limit is {bound:g} s"


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    yield
    if os.environ.get("CLOUDBGP_WRITE_DOCS") == "1":
        write(measured)


@pytest.fixture
def host(deployed_lab: Lab) -> Iterator[Lab]:
    """The lab with both prefixes at the router, before the test and after it."""

    def whole() -> bool:
        return all(prefix_there and "65535" not in prefix_there for prefix_there in map(lab_seen, (UNIT, WEB)))

    def lab_seen(prefix: str) -> str:
        return seen(deployed_lab, prefix)

    until(whole)
    yield deployed_lab
    deployed_lab.shell(HOST, f"kill -CONT {MAIN}; systemctl start exabgp-vips lab-web", check=False)
    until(whole, 90)


def agent_does(lab: Lab, *words: str, code: int = 0) -> str:
    run = lab.call("exec", HOST, "--", "exabgp-health", *words, check=False)
    assert run.code == code, run.out
    return run.out


def test_a_service_that_dies_is_withdrawn_and_comes_back(host: Lab) -> None:
    noted(
        "the service is killed; systemd check",
        "withdrawn",
        timed(host, "systemctl kill -s KILL lab-web", UNIT, GONE),
        1,
    )
    until(lambda: not seen(host, WEB))
    out = agent_does(host, "status", code=1)
    assert "withdrawn" in out
    assert "unit" in agent_does(host, "explain", "unit")
    run = host.play("playbooks/verify.yml", "--limit", HOST)
    assert f"{HOST}: service web: health withdrawn, withdrawn since " in run.out
    noted(
        "the service is started again; systemd check",
        "announced",
        timed(host, "systemctl start lab-web", UNIT, THERE),
        3,
    )


def test_an_http_check_withdraws_after_two_probes(host: Lab) -> None:
    noted(
        "the service is killed; HTTP check every 500 ms, fall 2",
        "withdrawn",
        timed(host, "systemctl kill -s KILL lab-web", WEB, GONE),
        2,
    )
    noted(
        "the service is started again; HTTP check, rise 2",
        "announced",
        timed(host, "systemctl start lab-web", WEB, THERE),
        5,
    )


def test_a_service_that_hangs_is_withdrawn(host: Lab) -> None:
    noted(
        "the service hangs (SIGSTOP); HTTP check, timeout 500 ms",
        "withdrawn",
        timed(host, "systemctl kill -s STOP lab-web", WEB, GONE),
        3,
    )
    host.shell(HOST, "systemctl kill -s CONT lab-web")


def test_a_frozen_agent_takes_the_announcements_along(host: Lab) -> None:
    noted("the agent is frozen (SIGSTOP)", "withdrawn", timed(host, f"kill -STOP {AGENT}", UNIT, GONE), WATCHDOG_S + 2)
    watch = Watch(host, UNIT, THERE)
    begin = time.time()
    noted("the frozen agent, taken down by the watchdog", "announced again", watch.moment() - begin, 30)


def test_a_killed_agent_judges_anew(host: Lab) -> None:
    seconds = timed(host, f"kill -KILL {AGENT}; systemctl kill -s KILL lab-web", UNIT, GONE)
    noted("the agent is killed, and the service with it", "withdrawn", seconds, 5)
    host.shell(HOST, "systemctl start lab-web")
    until(lambda: seen(host, UNIT))
    before = seen(host, UNIT)
    host.shell(HOST, f"kill -KILL {AGENT}")
    time.sleep(3)
    after = seen(host, UNIT)
    assert after, "killed alone it withdrew a healthy service"
    assert before.split("[")[0] == after.split("[")[0]


def test_a_killed_daemon_is_withdrawn_by_its_peers_and_comes_back(host: Lab) -> None:
    noted("ExaBGP is killed", "withdrawn", timed(host, f"kill -KILL {MAIN}", UNIT, GONE), 1)
    watch = Watch(host, UNIT, THERE)
    begin = time.time()
    noted("ExaBGP, started again by systemd", "announced again", watch.moment() - begin, 30)


def test_a_restart_and_a_reload_of_the_daemon_end_right(host: Lab) -> None:
    host.shell(HOST, "systemctl stop lab-web")
    until(lambda: not seen(host, UNIT) and not seen(host, WEB))
    host.shell(HOST, "systemctl restart exabgp")
    until(lambda: "203.0.113.10/32" in seen(host, "203.0.113.10/32"))
    assert not seen(host, UNIT), "a restart announced what is down"
    seconds = timed(host, "systemctl start lab-web", UNIT, THERE)
    noted("ExaBGP was restarted while the service was down, which now starts", "announced", seconds, 5)
    before = seen(host, UNIT)
    host.shell(HOST, "systemctl reload exabgp; sleep 2")
    assert seen(host, UNIT) == before, "a reload announced it anew"


def test_a_daemon_that_does_not_read_is_told_the_newest_state(host: Lab) -> None:
    host.shell(HOST, f"kill -STOP {MAIN}; systemctl stop lab-web; sleep 2")
    noted("ExaBGP did not read for 2 s, and reads again", "withdrawn", timed(host, f"kill -CONT {MAIN}", UNIT, GONE), 3)


def test_an_address_that_is_removed_is_restored_or_withdrawn(host: Lab) -> None:
    device = "dev lo"
    address = f"{UNIT} {device}"
    before = seen(host, UNIT)
    out = host.shell(
        HOST,
        f"ip address del {address}; for i in $(seq 100); do ip -br address show {device} | grep -q {UNIT} && break; "
        "sleep 0.01; done; echo $i",
    )
    noted("someone removes the service address", "restored", int(out) / 100, 1)
    until(lambda: seen(host, UNIT))
    assert before
    host.shell(HOST, "systemctl stop exabgp-vips")
    seconds = timed(host, f"ip address del {address}", UNIT, GONE)
    noted("the address is removed, and the unit that restores it is stopped", "withdrawn", seconds, 2)
    assert "is not on this host" in agent_does(host, "explain", "unit")
    noted("that unit is started", "announced", timed(host, "systemctl start exabgp-vips", UNIT, THERE), 5)


def test_a_drain_is_seen_by_the_router_and_restored(host: Lab) -> None:
    seconds = timed(host, "exabgp-health drain unit --for 600 --run test", UNIT, DRAINED)
    noted("drained by an operator", "community 65535:0", seconds, 2)
    assert "65535" not in seen(host, WEB)
    host.shell(HOST, f"kill -KILL {AGENT}; sleep 3")
    assert "(65535,0)" in seen(host, UNIT), "a drain did not outlive the agent"
    clean = '! echo "$s" | grep -q "(65535,0)" && echo "$s" | grep -q "$p"'
    noted("restored by an operator", "without the community", timed(host, "exabgp-health restore unit", UNIT, clean), 2)


@pytest.fixture
def changed(host: Lab) -> Iterator[Callable[[Change], str]]:
    """Change the agent's configuration, by hand; the planned one is put back."""
    saved = host.shell(HOST, f"cat {CONFIG}")

    def change(how: Change) -> str:
        config = json.loads(saved)
        how(config["services"], config["checks"])
        host.call("exec", HOST, "--", "sh", "-c", f"cat > {CONFIG}", stdin=json.dumps(config))
        return host.call("exec", HOST, "--", "sh", "-c", "exabgp-health reload 2>&1", check=False).out

    yield change
    host.call("exec", HOST, "--", "sh", "-c", f"cat > {CONFIG}", stdin=saved)
    agent_does(host, "reload")


def test_a_new_configuration_leaves_other_services_alone(host: Lab, changed: Callable[[Change], str]) -> None:
    before = seen(host, UNIT)
    changed(lambda services, _checks: services["web"].update(up={"med": 7}))
    until(lambda: "BGP.med: 7" in seen(host, WEB))
    assert seen(host, UNIT) == before
    changed(lambda services, _checks: services.pop("web"))
    until(lambda: not seen(host, WEB))
    assert seen(host, UNIT) == before


def test_a_prefix_outside_of_the_allow_list_is_never_announced(host: Lab, changed: Callable[[Change], str]) -> None:
    before = seen(host, UNIT)
    out = changed(lambda services, _checks: services["web"].update(prefixes=["198.51.100.1/32"]))
    assert "198.51.100.1/32" in out
    time.sleep(3)
    assert not seen(host, "198.51.100.1/32")
    assert seen(host, UNIT) == before
    host.shell(HOST, f"kill -KILL {AGENT}; sleep 3", check=False)
    assert not seen(host, "198.51.100.1/32")
    assert seen(host, UNIT)


def test_fifty_hanging_checks_do_not_keep_a_good_one(host: Lab, changed: Callable[[Change], str]) -> None:
    server = "python3 -m http.server --bind 127.0.0.1 8081"
    host.shell(HOST, f"systemd-run --quiet --unit=hanging {server}; sleep 1; systemctl kill -s STOP hanging")

    def fifty(services: dict[str, Any], checks: dict[str, Any]) -> None:
        for number in range(50):
            name, prefix = f"hangs-{number}", f"203.0.113.{100 + number}/32"
            checks[name] = {**checks["web"], "url": "http://127.0.0.1:8081/"}
            services[name] = {**services["web"], "when": name, "addresses": [], "prefixes": [prefix]}

    changed(fifty)
    time.sleep(3)
    seconds = timed(host, "systemctl kill -s KILL lab-web", UNIT, GONE)
    host.shell(HOST, "systemctl kill -s KILL hanging; systemctl reset-failed hanging", check=False)
    noted("the service is killed beside 50 checks that hang; systemd check", "withdrawn", seconds, 1)


def test_every_service_is_back_as_planned(host: Lab) -> None:
    run = host.play("playbooks/verify.yml", "--limit", HOST)
    assert "health withdrawn" not in run.out
