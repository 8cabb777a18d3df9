# SPDX-License-Identifier: GPL-3.0-or-later
"""The suite's own runner: what it counts, what it calls a failure, and that it ends."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.tools import stages
from tests.tools.stages import Outcome, Stage


def script(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def run(tmp_path: Path, *commands: list[str], counted: bool = False, seconds: float = 30) -> Outcome:
    stage = Stage("sample", lambda _root: list(commands), counted)
    return stages.run_stage(stage, tmp_path, time.monotonic() + seconds)


def test_stage_counts_as_one_when_every_command_passes(tmp_path: Path) -> None:
    outcome = run(tmp_path, script("pass"), script("pass"))
    assert (outcome.verdict, outcome.passed, outcome.failed) == ("passed", 1, 0)


def test_stage_goes_on_after_a_failure(tmp_path: Path) -> None:
    outcome = run(tmp_path, script("raise SystemExit(3)"), script("open('after', 'w')"))
    assert (tmp_path / "after").exists()
    assert (outcome.verdict, outcome.passed, outcome.failed) == ("failed", 0, 1)
    assert len(outcome.failures) == 1
    assert outcome.failures[0].endswith(": exit 3")


def test_stage_without_commands_counts_for_nothing(tmp_path: Path) -> None:
    outcome = run(tmp_path)
    assert (outcome.verdict, outcome.passed, outcome.failed) == ("skipped", 0, 0)


def test_command_is_ended_at_the_deadline_with_all_it_started(tmp_path: Path) -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    start = time.monotonic()
    outcome = run(tmp_path, script(child), seconds=1)
    assert time.monotonic() - start < 20
    assert len(outcome.failures) == 1
    assert outcome.failures[0].endswith(": out of time")


def test_pytest_stage_counts_its_tests(tmp_path: Path) -> None:
    report = """<testsuites><testsuite tests="9" failures="1" errors="1" skipped="2"/></testsuites>"""
    target = stages.junit(tmp_path, "sample")
    target.parent.mkdir(parents=True)
    write = script(f"open({str(target)!r}, 'w').write({report!r}); raise SystemExit(1)")
    outcome = run(tmp_path, write, counted=True)
    assert (outcome.verdict, outcome.passed, outcome.failed) == ("failed", 5, 2)


def test_an_old_report_is_not_counted(tmp_path: Path) -> None:
    target = stages.junit(tmp_path, "sample")
    target.parent.mkdir(parents=True)
    target.write_text("""<testsuites><testsuite tests="9"/></testsuites>""", encoding="utf-8")
    outcome = run(tmp_path, script("raise SystemExit(4)"), counted=True)
    assert (outcome.passed, outcome.failed) == (0, 1)


def test_summary_ends_with_one_plain_line() -> None:
    text = stages.summary([Outcome("unit", 2.0, passed=7), Outcome("lint", 1.0, ["ruff: exit 1"], failed=1)])
    assert text.splitlines()[-1] == "7 passed, 1 failed"
    assert "lint      failed         1  ruff: exit 1" in text


def test_unknown_stage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert stages.main(["unti"]) == 2
    assert "no stage unti; the stages are: lint unit" in capsys.readouterr().err
