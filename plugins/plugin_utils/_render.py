# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The plan as an exabgp.conf. Nothing is decided here; the template prints, and this file knows ExaBGP's spelling."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._statements import (
    flow_statement,
    is_static,
    route_statement,
)

TEMPLATE = Path(__file__).parent / "exabgp.conf.j2"


def render(plan: Mapping[str, Any]) -> str:
    """Return the configuration for ExaBGP 4.2 and 5.x, with @@md5:NAME@@ wherever a key has to be put in."""
    return _template().render(
        plan=plan,
        route_statement=_remembered_statement(),
        flow_statement=flow_statement,
        is_static=is_static,
    )


def _remembered_statement() -> Any:
    """route_statement for one rendering: neighbors share route dicts, and each is spelled once."""
    known: dict[int, str] = {}

    def statement(route: Mapping[str, Any]) -> str:
        text = known.get(id(route))
        if text is None:
            text = known[id(route)] = route_statement(route)
        return text

    return statement


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701  (not HTML)
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
