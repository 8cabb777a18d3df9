# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole agent as a process: against a pipe that plays ExaBGP, and against ExaBGP itself."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[3] / "roles" / "exabgp_health" / "files"
LIMIT_S = 15
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PACKAGE)}


def check(path, **fields):
    """A check that a test switches with a file."""
    return {"type": "file", "path": str(path), "interval": 0.1, "timeout": 0.2, "rise": 1, "fall": 1, **fields}


class Agent:
    """The agent, its configuration, and the other end of its pipes."""

    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "health.json"
        self.data: dict[str, Any] = {
            "version": 1,
            "host": "h",
            "socket": str(folder / "s"),
            "drains": str(folder / "drains.json"),
            "allowed_prefixes": ["203.0.113.0/24"],
            "neighbors": {
                "rs-0": {"peer_address": "10.0.1.4", "local_address": "10.0.2.10", "families": ["ipv4 unicast"]}
            },
            "checks": {},
            "services": {},
        }
        self.lines, self.times = [], []
        self.answers: bool | str = True
        self.process: Any = None

    def serve(self, name, prefix, **fields):
        """Add a service that a file of its name switches."""
        self.data["checks"].setdefault(name, check(self.folder / f"{name}.up"))
        self.data["services"][name] = {"prefixes": [prefix], "neighbors": ["rs-0"], "when": name, **fields}
        self.write()

    def write(self):
        self.config.write_text(json.dumps(self.data), encoding="utf-8")

    def switch(self, name, up):
        path = self.folder / f"{name}.up"
        path.touch() if up else path.unlink(missing_ok=True)

    def start(self, **environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "exabgp_health", "--config", str(self.config), "run"],
            env={**ENVIRONMENT, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        self.until(lambda: self.cli("status", "--json").returncode in (0, 1))

    def _read(self, process):
        for line in process.stdout:
            self.lines.append(line.decode().strip())
            self.times.append(time.monotonic())
            while not self.answers:
                time.sleep(0.02)
            word = "error" if self.answers == "error" and b" announce " in line else "done"
            try:
                process.stdin.write(word.encode() + b"\n")
                process.stdin.flush()
            except (OSError, ValueError):
                return

    def cli(self, *words):
        command = [sys.executable, "-m", "exabgp_health", "--config", str(self.config), *words]
        return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def status(self):
        return json.loads(self.cli("status", "--json").stdout)

    def held(self):
        """What the daemon would announce by the lines so far."""
        found: dict[str, str] = {}
        for line in self.lines:
            verb, _route, prefix = line.split()[4:7]
            found.pop(prefix, None)
            if verb == "announce":
                found[prefix] = line
        return found

    def until(self, holds, limit=LIMIT_S):
        end = time.monotonic() + limit
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"not within {limit} s; lines: {self.lines[-5:]}")
            time.sleep(0.02)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.answers = True
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        if self.process:
            self.process.wait(LIMIT_S)


@pytest.fixture
def agent(tmp_path):
    found = Agent(tmp_path)
    yield found
    found.stop()


def test_it_announces_withdraws_and_says_each_once(agent):
    agent.serve("web", "203.0.113.10/32", up={"med": 100})
    agent.start()
    agent.until(lambda: agent.lines)
    assert " withdraw " in agent.lines[0]
    agent.switch("web", True)
    agent.until(lambda: "203.0.113.10/32" in agent.held())
    assert agent.held()["203.0.113.10/32"].endswith("next-hop self med 100")
    agent.switch("web", False)
    agent.until(lambda: not agent.held())
    time.sleep(0.5)
    assert len(agent.lines) == 3


def test_the_command_line_tells_drains_and_restores(agent):
    agent.serve("web", "203.0.113.10/32")
    agent.switch("web", True)
    agent.start()
    agent.until(agent.held)
    assert "announced" in agent.cli("status").stdout
    drained = agent.cli("drain", "web", "--run", "job 7")
    assert drained.returncode == 0, drained.stderr
    assert "community [ 65535:0 ]" in agent.held()["203.0.113.10/32"]
    told = agent.cli("explain", "web").stdout
    assert "drained by job 7" in told
    assert "to end it: exabgp-health restore web" in told
    assert agent.cli("restore", "--all").returncode == 0
    assert "65535:0" not in agent.held()["203.0.113.10/32"]
    assert agent.cli("drain", "--all", "--mode", "withdraw").returncode == 0
    assert agent.held() == {}
    wrong = agent.cli("drain", "wbe")
    assert (wrong.returncode, "there are: web" in wrong.stderr) == (1, True)
    assert agent.cli("drain").returncode == 2


def test_a_drain_outlives_a_restart_and_ends_at_its_time(agent):
    agent.serve("web", "203.0.113.10/32")
    agent.switch("web", True)
    agent.start()
    agent.until(agent.held)
    agent.cli("drain", "web", "--mode", "withdraw", "--for", "4")
    agent.stop()
    agent.start()
    agent.until(lambda: agent.status()["services"]["web"]["state"] == "drained")
    assert agent.held() == {}
    agent.until(agent.held, 10)


def test_without_an_agent_the_command_line_says_so(agent):
    agent.serve("web", "203.0.113.10/32")
    found = agent.cli("status")
    assert (found.returncode, "no agent answers" in found.stderr) == (3, True)


def test_check_probes_once_and_needs_no_agent(agent):
    agent.serve("web", "203.0.113.10/32")
    assert "web.up is absent" in agent.cli("check").stdout
    agent.switch("web", True)
    found = agent.cli("check", "--json")
    assert found.returncode == 0
    assert json.loads(found.stdout)["services"]["web"]["announced"]


def test_a_reload_leaves_the_services_alone_that_did_not_change(agent):
    agent.serve("web", "203.0.113.10/32")
    agent.serve("dns", "203.0.113.11/32")
    for name in ("web", "dns"):
        agent.switch(name, True)
    agent.start()
    agent.until(lambda: len(agent.held()) == 2)
    before = len(agent.lines)
    agent.data["services"]["dns"]["up"] = {"med": 7}
    agent.write()
    assert agent.cli("reload").returncode == 0
    assert [line.split()[6] for line in agent.lines[before:]] == ["203.0.113.11/32"]
    del agent.data["services"]["dns"]
    agent.write()
    agent.process.send_signal(signal.SIGHUP)
    agent.until(lambda: list(agent.held()) == ["203.0.113.10/32"])
    assert len(agent.lines) == before + 2


def test_a_wrong_configuration_is_refused_and_the_old_one_stays(agent):
    agent.serve("web", "203.0.113.10/32")
    agent.switch("web", True)
    agent.start()
    agent.until(agent.held)
    good = agent.config.read_text(encoding="utf-8")
    agent.data["services"]["web"]["prefixes"] = ["198.51.100.1/32"]
    agent.write()
    refused = agent.cli("validate")
    assert (refused.returncode, "lies outside" in refused.stderr) == (2, True)
    agent.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    agent.config.write_text(good, encoding="utf-8")
    assert "198.51.100.1/32 lies outside" in agent.status()["config_error"]
    assert list(agent.held()) == ["203.0.113.10/32"]


def test_a_reader_that_stops_is_given_the_newest_state_and_no_burst(agent):
    agent.serve("web", "203.0.113.10/32")
    agent.start()
    agent.until(lambda: agent.lines)
    agent.answers = False
    agent.switch("web", True)
    agent.until(lambda: len(agent.lines) == 2)
    for up in (False, True) * 5:
        agent.switch("web", up)
        time.sleep(0.25)
    agent.switch("web", False)
    time.sleep(0.5)
    agent.answers = True
    agent.until(lambda: agent.status()["settled"])
    assert agent.held() == {}
    assert len(agent.lines) == 3


def test_what_exabgp_refuses_is_shown_and_tried_again(agent):
    agent.serve("web", "203.0.113.10/32")
    agent.switch("web", True)
    agent.answers = "error"
    agent.start()
    agent.until(lambda: len(agent.lines) >= 2)
    assert "ExaBGP refused it" in agent.cli("status").stdout
    agent.answers = True
    agent.until(lambda: agent.status()["refused"] == [])


def test_a_session_that_comes_up_is_told_again(agent):
    agent.serve("web", "203.0.113.10/32")
    agent.switch("web", True)
    agent.start()
    agent.until(agent.held)
    agent.until(lambda: agent.status()["settled"])
    before = len(agent.lines)
    for line in (b"neighbor 10.0.1.9 up\n", b"neighbor 10.0.1.4 down - peer reset\n", b"neighbor 10.0.1.4 up\n"):
        agent.process.stdin.write(line)
    agent.process.stdin.flush()
    agent.until(lambda: len(agent.lines) > before)
    time.sleep(0.3)
    assert [line.split()[4:7] for line in agent.lines[before:]] == [["announce", "route", "203.0.113.10/32"]]


def test_it_ends_when_exabgp_closes_its_standard_input(agent):
    agent.serve("web", "203.0.113.10/32")
    agent.start()
    agent.process.stdin.close()
    assert agent.process.wait(LIMIT_S) == 0


def test_fifty_hanging_checks_and_a_name_that_hangs_delay_no_other(agent):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(100)
        for number in range(50):
            name = f"hangs-{number}"
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            agent.data["checks"][name] = {"type": "http", "url": url, "interval": 1, "timeout": 30}
            agent.serve(name, f"203.0.113.{100 + number}/32")
        agent.serve("web", "203.0.113.10/32")
        agent.switch("web", True)
        agent.start()
        agent.until(agent.held)
        delays = []
        for up in (False, True) * 4:
            start = time.monotonic()
            agent.switch("web", up)
            agent.until(lambda up=up: bool(agent.held()) == up)
            delays.append(time.monotonic() - start)
        assert sorted(delays)[len(delays) // 2] < 0.5


def test_a_full_disk_keeps_nothing_from_being_drained(agent):
    agent.data["drains"] = "/dev/full/drains.json"
    agent.serve("web", "203.0.113.10/32")
    agent.switch("web", True)
    agent.start()
    agent.until(agent.held)
    drained = agent.cli("drain", "web", "--mode", "withdraw")
    assert drained.returncode == 0
    assert "not kept over a restart" in drained.stderr
    assert agent.held() == {}


def test_it_feeds_the_watchdog_while_exabgp_answers_and_stops_when_frozen(agent, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(LIMIT_S)
        agent.data["watchdog"] = 0.4
        agent.serve("web", "203.0.113.10/32")
        agent.start(NOTIFY_SOCKET=path)
        assert systemd.recv(100) == b"WATCHDOG_USEC=400000"
        gaps, last = [], time.monotonic()
        for _feeding in range(10):
            assert systemd.recv(100) == b"WATCHDOG=1"
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
        assert sorted(gaps)[5] < 0.3
        agent.process.send_signal(signal.SIGSTOP)
        time.sleep(0.2)
        while select.select([systemd], [], [], 0)[0]:
            systemd.recv(100)
        assert not select.select([systemd], [], [], 1.0)[0]


def test_without_a_service_no_watchdog_is_set(agent, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        agent.write()
        agent.start(NOTIFY_SOCKET=path)
        assert not select.select([systemd], [], [], 1.0)[0]


EXABGP = {
    "5": [str(Path(sys.executable).with_name("exabgp"))],
    "4.2": [os.environ.get("CLOUDBGP_EXABGP42", "")],
}


@pytest.mark.parametrize("line", list(EXABGP))
def test_exabgp_itself_takes_every_command(agent, tmp_path, line):
    """Each announcement and withdrawal is acknowledged by the daemon, also one of what it does not have."""
    program = EXABGP[line]
    if not shutil.which(program[0]):
        pytest.skip(f"no ExaBGP {line} here: make setup lays it")
    everything = {
        "med": 100,
        "local_preference": 50,
        "prepend": [65010, 65010],
        "communities": ["65010:1", "no-export"],
        "large_communities": ["65010:1:2"],
        "extended_communities": ["target:65010:1"],
        "origin": "incomplete",
    }
    agent.data["neighbors"]["rs-0"].update(peer_address="127.0.0.1", local_address="127.0.0.2")
    agent.serve("web", "203.0.113.10/32", up=everything)
    launcher = tmp_path / "agent"
    launcher.write_text(
        f"#!/bin/sh\nPYTHONPATH={PACKAGE} exec {sys.executable} -m exabgp_health --config {agent.config} run\n",
        encoding="utf-8",
    )
    launcher.chmod(0o755)
    conf = tmp_path / "exabgp.conf"
    conf.write_text(
        f"process exabgp-health {{ run {launcher}; encoder text; }}\n"
        "neighbor 127.0.0.1 { router-id 10.0.2.10; local-address 127.0.0.2; local-as 65010; peer-as 65020;"
        " hold-time 180; connect 1790; family { ipv4 unicast; }"
        " api { processes [ exabgp-health ]; neighbor-changes; } }\n",
        encoding="utf-8",
    )
    log = tmp_path / "log"
    settings = {
        "exabgp_daemon_daemonize": "false",
        "exabgp_daemon_drop": "false",
        "exabgp_daemon_user": "root" if os.getuid() == 0 else os.environ.get("USER", "nobody"),
        "exabgp_log_destination": "stdout",
        "exabgp_api_cli": "false",
        "exabgp_api_ack": "true",
        "exabgp_tcp_bind": "",
    }
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            [*program, str(conf)],
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        agent.until(lambda: agent.cli("status").returncode in (0, 1))
        agent.until(lambda: agent.status()["settled"])
        for up in (True, False, True):
            agent.switch("web", up)
            agent.until(lambda up=up: agent.status()["services"]["web"]["announced"] is up)
            agent.until(lambda: agent.status()["settled"])
            assert agent.status()["refused"] == []
        text = log.read_text(errors="replace")
        assert "203.0.113.10/32" in text
        assert "could not" not in text.lower(), text
    finally:
        daemon.terminate()
        daemon.wait(LIMIT_S)
