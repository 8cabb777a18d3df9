# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The report's data as HTML, Markdown and JSON. What inventories and peers say is not trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_classes as classes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._report import drawing

SYMBOLS = {"ok": "✓", "info": "i", "warning": "!", "unknown": "?", "fault": "✕"}
# More rows than this are folded, what is not as planned stays open.
MOST_ROWS = 40
_DIRECTORY = Path(__file__).parent
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")


def as_html(report: Mapping[str, Any]) -> str:
    """One page without scripts that loads nothing."""
    drawings = [(site, drawing.draw(site, report["hosts"], report["prefixes"])) for site in report["sites"]]
    return _render("report.html.j2", report=report, drawings=drawings, most_rows=MOST_ROWS)


def as_markdown(report: Mapping[str, Any]) -> str:
    """The same in Markdown, for a merge request or a ticket."""
    return _render("report.md.j2", report=report)


def as_json(report: Mapping[str, Any]) -> str:
    """The data itself, as docs/report.schema.json describes it."""
    return json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _render(name: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_DIRECTORY),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["duration"] = _duration
    environment.filters["cell"] = _cell
    return environment.get_template(name).render(symbols=SYMBOLS, checks=classes.CHECKS, **values)


def _duration(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    days, rest = divmod(int(seconds), 86400)
    clock = f"{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
    return f"{days}d {clock}" if days else clock


def _cell(value: Any) -> str:
    """A text that is only a text in a Markdown table."""
    text = " ".join(str("-" if value is None else value).split())
    return _SPECIAL.sub(r"\\\1", text)
