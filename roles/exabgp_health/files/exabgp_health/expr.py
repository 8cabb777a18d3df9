# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions over checks: a name, or all, any, at_least ... of, and not of conditions. Three-valued."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

UP, DOWN, UNKNOWN = "up", "down", "unknown"
_DEEPEST = 8
_NOT = {UP: DOWN, DOWN: UP, UNKNOWN: UNKNOWN}


def problem(condition: Any, known: Callable[[str], bool], depth: int = 0) -> str | None:
    """Say what is wrong with a condition, or None. `known` tells whether there is a check of a name."""
    if isinstance(condition, str):
        return None if known(condition) else f"there is no check {condition!r}"
    if depth > _DEEPEST:
        return f"is nested deeper than {_DEEPEST}"
    if not isinstance(condition, dict):
        return "must be the name of a check, or one of all, any, at_least with of, not"
    if set(condition) == {"not"}:
        return problem(condition["not"], known, depth + 1)
    if set(condition) == {"at_least", "of"}:
        parts, least = condition["of"], condition["at_least"]
        if isinstance(least, bool) or not isinstance(least, int) or least < 1:
            return "at_least must be a whole number from 1"
        if isinstance(parts, list) and least > len(parts):
            return f"at_least is {least}, and of has {len(parts)}"
    elif len(condition) == 1 and set(condition) <= {"all", "any"}:
        (parts,) = condition.values()
    else:
        return "must be the name of a check, or one of all, any, at_least with of, not"
    if not isinstance(parts, list) or not parts:
        return "all, any and of must be lists that are not empty"
    return next(filter(None, (problem(part, known, depth + 1) for part in parts)), None)


def names(condition: Any) -> Iterator[str]:
    """The checks that a condition names."""
    if isinstance(condition, str):
        yield condition
    elif isinstance(condition, dict):
        for key, value in condition.items():
            if key != "at_least":
                for part in value if isinstance(value, list) else [value]:
                    yield from names(part)


def value(condition: Any, status: Callable[[str], str]) -> str:
    """Up, down or unknown. Unknown only where the unknown parts could make it either."""
    if condition is None:
        return UP
    if isinstance(condition, str):
        return status(condition)
    if "not" in condition:
        return _NOT[value(condition["not"], status)]
    parts = condition.get("of") or condition.get("all") or condition["any"]
    found = [value(part, status) for part in parts]
    least = condition.get("at_least") or (len(parts) if "all" in condition else 1)
    up, unknown = found.count(UP), found.count(UNKNOWN)
    if up >= least:
        return UP
    return UNKNOWN if up + unknown >= least else DOWN
