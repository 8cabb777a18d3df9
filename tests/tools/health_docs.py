# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the checks in docs/health.md from the agent's own table: python -m tests.tools.health_docs ("make docs")."""

from __future__ import annotations

import sys
from typing import Any

from tests.tools import tree

sys.path.insert(0, str(tree.ROOT / "collections"))

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _agent as agent

PAGE = tree.ROOT / "docs" / "health.md"
BEGIN, END = "<!-- checks: begin -->\n", "<!-- checks: end -->\n"
_HEAD = "| type | what it looks at | its fields | interval, timeout |\n|---|---|---|---|\n"


def _field(name: str, field: Any) -> str:
    given = "required" if field.required else ""
    if not field.required and field.default is not None and not isinstance(field.default, list):
        given = f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
    return f"`{name}`: {field.meaning}{f' ({given})' if given and given != '``' else ''}"


def table() -> str:
    """The table, one type a row."""
    rows = [
        f"| `{name}` | {kind.meaning} | {'; '.join(_field(*item) for item in kind.fields.items())} "
        f"| {kind.interval:g} s, {kind.timeout:g} s |\n"
        for name, kind in agent.types().items()
    ]
    return _HEAD + "".join(rows)


def page(text: str) -> str:
    """The page with the table in its place. Raises ValueError where it has none."""
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the table")
    return before + begin + table() + end + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
