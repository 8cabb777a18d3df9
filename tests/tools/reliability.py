# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of docs/reliability.md, from what tests/integration/test_health.py has measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
_HEAD = "| fault | at the peer | after | limit of the test |\n|---|---|---|---|\n"


@dataclass(frozen=True)
class Fault:
    """One fault: what became of the announcement, after how many seconds, and how many are allowed."""

    fault: str
    effect: str
    seconds: float
    limit: float


def rows(faults: Iterable[Fault]) -> str:
    """The faults as rows of the table."""
    return "".join(f"| {x.fault} | {x.effect} | {_spelled(x.seconds)} | {_spelled(x.limit)} |\n" for x in faults)


def write(faults: Iterable[Fault], page: Path = PAGE) -> None:
    """Put the table in its place. Raises ValueError where the page has none."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the table")
    page.write_text(before + begin + _HEAD + rows(faults) + end + after, encoding="utf-8")


def _spelled(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
