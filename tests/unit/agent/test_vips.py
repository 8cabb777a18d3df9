# SPDX-License-Identifier: GPL-3.0-or-later
"""The keeper of service addresses, run on the loopback interface of a network namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FILES = Path(__file__).parents[3] / "roles" / "exabgp_health" / "files"
VIP, OTHER, FOREIGN = "203.0.113.10/32", "2001:db8::10/128", "198.51.100.1/32"
NAMESPACE = f"vips-{os.getpid()}"


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", "-n", NAMESPACE, *arguments], check=True, capture_output=True, text=True).stdout


def addresses() -> set[str]:
    return {word for word in ip("-o", "address", "show", "dev", "lo").split() if "/" in word} - {
        "127.0.0.1/8",
        "::1/128",
    }


def until(wanted: set[str], seconds: float = 3) -> None:
    deadline = time.monotonic() + seconds
    while addresses() != wanted:
        assert time.monotonic() < deadline, addresses()
        time.sleep(0.05)


@pytest.fixture
def namespace():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2")
    made = subprocess.run(["ip", "netns", "add", NAMESPACE], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no network namespace here: {made.stderr.strip()}")
    ip("link", "set", "lo", "up")
    yield
    subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def test_addresses_are_kept_restored_and_taken_away_and_foreign_ones_are_left_alone(namespace, tmp_path):
    wanted = tmp_path / "vips.json"

    def want(*items: str) -> None:
        wanted.write_text(json.dumps(items), encoding="utf-8")

    def start() -> subprocess.Popen:
        return subprocess.Popen(
            ["ip", "netns", "exec", NAMESPACE, sys.executable, "-m", "exabgp_health.vips", str(wanted)],
            env={**os.environ, "PYTHONPATH": str(FILES), "RUNTIME_DIRECTORY": str(tmp_path)},
        )

    ip("address", "add", FOREIGN, "dev", "lo")
    want(VIP, OTHER, FOREIGN)
    running = start()
    try:
        until({VIP, OTHER, FOREIGN})
        ip("address", "delete", VIP, "dev", "lo")
        until({VIP, OTHER, FOREIGN}, 1)

        want(VIP)
        running.send_signal(signal.SIGHUP)
        until({VIP, FOREIGN}, 1)

        running.send_signal(signal.SIGTERM)
        assert running.wait(5) == 0
        assert addresses() == {VIP, FOREIGN}, "it took addresses along that are still wanted"

        running = start()
        time.sleep(0.5)
        want()
        running.send_signal(signal.SIGTERM)
        assert running.wait(5) == 0
        assert addresses() == {FOREIGN}, "what an earlier run had added was not taken away"
    finally:
        running.kill()
        running.wait()
