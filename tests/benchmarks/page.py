# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/benchmarks.md: each benchmark writes its own section into it."""

from __future__ import annotations

from tests.tools import tree

PAGE = tree.ROOT / "docs" / "benchmarks.md"


def write(name: str, heading: str, introduction: str, text: str) -> None:
    """Put `text` into the section `name`, which is made with its heading and introduction where it is not there yet."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Benchmarks\n"
    if begin not in page:
        page += f"\n## {heading}\n\n{introduction}\n\n{begin}\n{end}\n"
    head, tail = page.split(begin)[0], page.split(end)[1]
    PAGE.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")
