# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbors removed, added and changed on a running host: the sessions of the others go on, as their peers see it."""

from __future__ import annotations

import json
from typing import Any

import yaml

from .conftest import ROOT, Lab

HOST = "azure-1"
INVENTORY = (ROOT / f"lab/inventory/host_vars/{HOST}.yml").read_text(encoding="utf-8")
RS_0, RS_1 = yaml.safe_load(INVENTORY)["exabgp_neighbors"]


def deploy(lab: Lab, *neighbors: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the host these neighbors; return its sessions as its peers have them afterwards."""
    run = lab.play("site.yml", "--limit", HOST, "-e", json.dumps({"exabgp_neighbors": neighbors}))
    assert run.recap()[HOST]["changed"] >= 1  # the agent too is told of the neighbors
    return {session["name"]: session for session in lab.status() if session["host"] == HOST}


def test_the_session_of_an_untouched_neighbor_goes_on(lab: Lab) -> None:
    uptime = next(session["uptime_s"] for session in lab.status() if session["name"] == "rs-0")

    removed = deploy(lab, RS_0)
    assert removed["rs-1"]["state"] != "established"
    assert removed["rs-1"]["routes"] == []

    added = deploy(lab, RS_0, {**RS_1, "hold_time": 90})
    assert added["rs-1"]["state"] == "established"
    assert len(added["rs-1"]["routes"]) == len(added["rs-0"]["routes"]) > 0

    changed = deploy(lab, RS_0, RS_1)
    assert changed["rs-1"]["state"] == "established"
    assert changed["rs-1"]["uptime_s"] < changed["rs-0"]["uptime_s"]

    seen = [uptime, *(sessions["rs-0"]["uptime_s"] for sessions in (removed, added, changed))]
    assert seen == sorted(seen)
    assert seen[-1] > uptime
