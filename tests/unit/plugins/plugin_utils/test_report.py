# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's data fit the published schema, and what is printed of them is text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._changes import changes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._report import model, printing
from tests import fleet

SCHEMA = json.loads((Path(__file__).resolve().parents[4] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
HOSTILE = "<script>alert(1)</script> | [x](javascript:1)"


def built(count: int, **changed: Any) -> dict[str, Any]:
    hosts, cloud = fleet.fleet(count, **changed)
    before = {name: host["daemon"] for name, host in fleet.fleet(count, **{**changed, "spoiled": False})[0].items()}
    return model.build(hosts, title="ExaBGP", generated=fleet.GENERATED, cloud=cloud, before=before)


def valid(report: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    errors = jsonschema.Draft202012Validator(SCHEMA).iter_errors(json.loads(printing.as_json(report)))
    assert [error.message for error in errors] == []


def test_a_fleet_as_planned_is_ok_and_nothing_changed() -> None:
    report = built(3, spoiled=False)
    valid(report)
    assert (report["status"], report["changes"]) == ("ok", [])


def test_a_fleet_with_faults() -> None:
    report = built(4)
    valid(report)
    assert report["status"] == "fault"
    assert report["counts"]["established"] == 7
    faults = [item["class"] for item in report["verdicts"] if item["severity"] == "fault"]
    assert faults == ["transport_blocked", "one_of_two", "not_learned"]
    assert [(item["what"], item["prefix"]) for item in report["changes"]] == [
        ("session", None),
        ("withdrawn", "203.0.113.10/32"),
        ("withdrawn", "203.0.113.128/25"),
    ]


def test_hosts_that_were_not_reached_and_clouds_that_were_not_asked_are_not_green() -> None:
    hosts, _cloud = fleet.fleet(3, spoiled=False)
    hosts["edge-2"]["daemon"] = {"unreachable": True, "msg": "no route to host"}
    report = model.build(hosts, title="x", generated=fleet.GENERATED)
    valid(report)
    assert (report["status"], report["counts"]["verdicts"]["fault"]) == ("unknown", 0)
    assert report["counts"]["unknown"] == 2
    assert any("no route to host" in item["summary"] for item in report["verdicts"])
    assert {item["cloud"] for host in report["hosts"] for item in host["sessions"]} == {"not asked"}


def test_no_host_is_no_success() -> None:
    report = model.build({}, title="x", generated=fleet.GENERATED)
    valid(report)
    assert report["status"] == "unknown"


def test_names_are_text_in_the_page_and_in_markdown() -> None:
    report = built(3, prefix=HOSTILE)
    page, text = printing.as_html(report), printing.as_markdown(report)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in text.replace("\\<script", "")
    assert "[x](" not in text


@pytest.mark.parametrize("count", [1, 12, 13, 300])
def test_every_host_is_drawn_once(count: int) -> None:
    page = printing.as_html(built(count))
    for number in range(1, count + 1):
        assert page.count(f'data-host="edge-{number}"') == 1
    assert "src=" not in page
    assert "url(" not in page


def peering(state: str, *routes: dict[str, Any]) -> dict[str, Any]:
    ends = {"name": "rs-0", "local_address": "10.0.2.10", "peer_address": "10.0.1.4"}
    return {"peerings": [{**ends, "state": state, "routes_advertised": list(routes)}]}


WEB = {"prefix": "203.0.113.10/32", "med": 100, "communities": ["65010:2", "65010:1"]}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (peering("established", WEB), peering("established", WEB), []),
        (peering("established"), peering("established", WEB), ["rs-0: 203.0.113.10/32: announced"]),
        (peering("established", WEB), peering("established"), ["rs-0: 203.0.113.10/32: withdrawn"]),
        (
            peering("established", WEB),
            peering("established", {**WEB, "med": 200, "communities": ["65010:1", "65010:2"]}),
            ["rs-0: 203.0.113.10/32: med was 100 and is 200"],
        ),
        (peering("established", WEB), peering("unknown"), ["the session was established and is unknown"]),
        (peering("established"), {"peerings": []}, ["the session was established and is absent"]),
        (peering("established", WEB), {"msg": "unreachable"}, ["the snapshot after has no answer of it"]),
    ],
)
def test_what_changed(before: dict[str, Any], after: dict[str, Any], found: list[str]) -> None:
    told = [item["summary"] for item in changes({"edge-1": before}, {"edge-1": after})]
    assert len(told) == len(found)
    assert all(one in line for one, line in zip(found, told, strict=True))
