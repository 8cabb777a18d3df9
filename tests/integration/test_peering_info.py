# SPDX-License-Identifier: GPL-3.0-or-later
"""The module exabgp_peering_info on running daemons of both lines."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from .conftest import Lab


def ask(lab: Lab, host: str, arguments: str) -> dict:
    run = lab.play(
        "tests/integration/peering_info.yml", "--limit", host, "-e", arguments, ANSIBLE_CALLBACK_RESULT_FORMAT="json"
    )
    text = run.out.split("ANSWER<", 1)[1].split(">ANSWER", 1)[0]
    return json.loads(json.loads(f'"{text}"'))


def test_the_contract_on_a_running_daemon(lab: Lab) -> None:
    answer = ask(lab, "aws-1", "{}")
    assert answer["daemon"] == {"state": "running", "version": "5.0.15", "problem": ""}
    assert answer["summary"] == {"total": 2, "established": 2, "down": 0, "unknown": 0}
    first = answer["peerings"][0]
    assert (first["local_address"], first["peer_address"], first["peer_as"]) == ("169.254.6.1", "169.254.6.2", 64512)
    assert first["state_raw"] == "ESTABLISHED"
    assert first["prefixes_advertised"] == len(first["routes_advertised"])
    assert {route["family"] for route in first["routes_advertised"]} == {"ipv4 unicast", "ipv6 unicast"}


def test_many_callers_at_once_get_their_own_answers(lab: Lab) -> None:
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = list(pool.map(lambda _number: ask(lab, "aws-1", "{}"), range(4)))
    assert [answer["summary"]["established"] for answer in answers] == [2] * 4
    assert [answer["daemon"]["version"] for answer in answers] == ["5.0.15"] * 4


def test_a_planned_session_that_the_daemon_does_not_have(lab: Lab) -> None:
    wanted = '{"wanted": [{"name": "ghost", "local_address": "169.254.6.1", "peer_address": "169.254.6.5"}]}'
    answer = ask(lab, "aws-1", wanted)
    ghost = next(item for item in answer["peerings"] if item["name"] == "ghost")
    assert ghost["state"] == "down"
    assert "no such neighbor" in ghost["problems"][0]
    assert answer["summary"]["total"] == 3
