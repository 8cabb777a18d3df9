# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/health.md has the agent's own table of checks, all fields of services, and an example that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _agent as agent
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _services as services
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from tests.tools import health_docs, reliability

TEXT = health_docs.PAGE.read_text(encoding="utf-8")


def test_the_committed_table_is_the_one_that_is_made() -> None:
    assert health_docs.page(TEXT) == TEXT, "run 'make docs'"


def test_the_example_is_planned_without_a_word_and_taken_by_the_agent() -> None:
    block = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert block is not None
    result = plan_host("edge-1", yaml.safe_load(block[1]))
    assert [str(finding) for finding in result.errors + result.warnings] == []
    assert result.plan is not None
    assert list(agent.module("config").read(result.plan["health"]).services) == ["web"]


def test_every_field_of_a_service_is_explained() -> None:
    table = TEXT.partition("## A service")[2].partition("\nAttributes are")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", "".join(cells))) == sorted(services.OPTIONS)


def test_the_table_of_faults_is_put_in_its_place(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text("before\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nafter\n", encoding="utf-8")
    reliability.write([reliability.Fault("a", "withdrawn", 0.0364, 1), reliability.Fault("b", "back", 2.22, 30)], page)
    text = page.read_text(encoding="utf-8")
    assert "| a | withdrawn | 36 ms | 1.0 s |\n| b | back | 2.2 s | 30.0 s |\n" in text
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    page.write_text("no place", encoding="utf-8")
    with pytest.raises(ValueError, match="has no place"):
        reliability.write([], page)


def test_the_times_written_down_are_within_their_limits() -> None:
    rows = re.findall(
        r"^\| .* \| .* \| ([0-9.]+) (ms|s) \| ([0-9.]+) s \|$", reliability.PAGE.read_text(), re.MULTILINE
    )
    assert len(rows) >= 15
    assert all(float(value) / (1000 if unit == "ms" else 1) <= float(limit) for value, unit, limit in rows)
