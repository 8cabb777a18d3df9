# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module makes of an agent that answers, refuses, says nothing, or is not there."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.modules import exabgp_health_info as module

STATUS = {
    "services": {"web": {"state": "announced", "announced": True}},
    "checks": {"web": {"state": "up"}},
    "refused": [],
    "config_error": "",
    "settled": True,
}


@pytest.fixture
def agent(tmp_path: Path):
    """Something at a socket that takes a request and says what it is told to; None says nothing."""
    path = str(tmp_path / "health.sock")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    asked, threads, held = [], [], []

    def serve(answer: bytes | None) -> str:
        def run() -> None:
            connection, _address = listening.accept()
            held.append(connection)
            asked.append(json.loads(connection.makefile("rb").readline()))
            if answer is not None:
                connection.sendall(answer)
                connection.close()

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return path

    yield serve
    for thread in threads:
        thread.join(5)
    for item in (listening, *held):
        item.close()
    assert asked == [{"verb": "status"}] * len(threads)


def test_an_agent_that_answers(agent):
    found = module.look(agent(json.dumps(STATUS).encode() + b"\n"), 2)
    assert (found["state"], found["problem"]) == ("running", "")
    assert found["services"] == STATUS["services"]
    assert module.settled(found)


def test_an_agent_without_a_verdict_is_not_settled(agent):
    status = {**STATUS, "services": {"web": {"state": "unknown", "announced": False}}}
    assert not module.settled(module.look(agent(json.dumps(status).encode() + b"\n"), 2))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b'{"error": "there is no verb"}\n', "the agent refuses: there is no verb"),
        (b"<html>\n", "speaks no JSON"),
        (b"[]\n", "is no agent"),
        (b"", "speaks no JSON"),
        (None, "did not answer"),
    ],
)
def test_an_agent_that_does_not_answer_as_it_should_is_unknown(agent, answer, problem):
    found = module.look(agent(answer), 0.3)
    assert found["state"] == "unknown"
    assert problem in found["problem"]
    assert not module.settled(found)


def test_no_agent_is_down(tmp_path):
    found = module.look(str(tmp_path / "none.sock"), 1)
    assert found["state"] == "down"
    assert "no agent listens" in found["problem"]
