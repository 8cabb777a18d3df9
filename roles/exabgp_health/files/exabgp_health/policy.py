# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service announces in which state: its policy, as data.

Read by the agent, by the controller's plan and by the documentation. Nothing but the standard library is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import expr
from . import readers as r
from .checks import MISSING, Field, Problem, read_fields

Attributes = dict[str, Any]

ATTRIBUTES: Mapping[str, Field] = {
    "med": Field(r.integer(0, r.U32), "MED"),
    "local_preference": Field(r.integer(0, r.U32), "local preference"),
    "prepend": Field(r.as_path, "AS numbers to prepend to the AS path", []),
    "communities": Field(r.communities, "communities", []),
    "large_communities": Field(r.large_communities, "large communities", []),
    "extended_communities": Field(r.extended_communities, "extended communities", []),
    "origin": Field(r.choice("igp", "egp", "incomplete"), "origin"),
}


class AttributesError(ValueError):
    """Attributes that are wrong: `problems` says all of it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{field}: {reason}" if field else reason for field, reason in problems))
        self.problems = problems


def _mapping(fields: Mapping[str, Field]) -> r.Reader:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError("must be a mapping")
        values, problems = read_fields(value, fields)
        if problems:
            raise AttributesError(problems)
        return values

    return read


def attributes(value: Any) -> Attributes:
    """Attributes of an announcement; only those that are given."""
    if not isinstance(value, Mapping):
        raise ValueError("must be attributes such as {med: 100}")
    values: Attributes = _mapping(ATTRIBUTES)(value)
    return {name: item for name, item in values.items() if item not in (None, [])}


def _down(value: Any) -> str | Attributes:
    if value == "withdraw":
        return "withdraw"
    if not isinstance(value, Mapping):
        raise ValueError("must be withdraw, or attributes such as {med: 1000}")
    return attributes(value)


def _steps(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of steps with at, below and attributes")
    read = _mapping(
        {
            "at": Field(r.number(0, 100000), "the level from which the step is taken", MISSING),
            "below": Field(r.number(0, 100000), "the level below which it is left", MISSING),
            "attributes": Field(attributes, "what is announced then", MISSING),
        }
    )
    steps = [read(item) for item in value]
    for step in steps:
        if step["below"] > step["at"]:
            raise ValueError(f"below ({step['below']:g}) must not be over at ({step['at']:g})")
    if [step["at"] for step in steps] != sorted({step["at"] for step in steps}):
        raise ValueError("must be in ascending order of at")
    return steps


def _rungs(value: Any) -> list[Attributes]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of attributes, one for each number of failed checks from 0")
    return [attributes(item) for item in value]


def _names(value: Any) -> list[str]:
    return r.texts(value)


LEVELS = {
    "check": Field(r.text, "the check that gives the level", MISSING),
    "steps": Field(_steps, "steps with `at`, `below` and `attributes`", MISSING),
}
LADDER = {
    "checks": Field(_names, "the checks that are counted", MISSING),
    "attributes": Field(_rungs, "what is announced with none of them failed, with one, ...", MISSING),
}
DAMPING = {
    "max_flaps": Field(r.integer(1, 1000), "withdrawals after which it counts as flapping", 4),
    "within": Field(r.duration(1), "the time in which they are counted", 60.0),
    "hold": Field(r.duration(1), "how long it then stays withdrawn after the last one", 300.0),
}
UNKNOWN = {
    "keep": Field(r.duration(), "how long the last known state is kept", 300.0),
    "then": Field(r.choice("down", "up"), "what it counts as afterwards", "down"),
}
FLOOR = {
    "others": Field(lambda value: value, "condition over checks of the other sites", MISSING),
    "attributes": Field(attributes, "what is announced while nobody is up", {}),
}
DRAIN = {
    "mode": Field(r.choice("community", "med", "withdraw"), "how peers are asked to go elsewhere", "community"),
    "med": Field(r.integer(0, r.U32), "the MED of the mode `med`", 1000),
    "hold": Field(r.duration(), "after which the prefix is withdrawn; 0 for never", 60.0),
}
POLICY: Mapping[str, Field] = {
    "up": Field(attributes, "attributes while it is up", {}),
    "down": Field(_down, "`withdraw`, or attributes while it is down", "withdraw"),
    "levels": Field(_mapping(LEVELS), "attributes by the level of a check, with hysteresis"),
    "ladder": Field(_mapping(LADDER), "attributes by the number of failed checks"),
    "hold_down": Field(r.duration(), "the least time from a withdrawal to the next announcement", 0.0),
    "damping": Field(_mapping(DAMPING), "keeps a flapping service withdrawn"),
    "unknown": Field(_mapping(UNKNOWN), "what holds while checks cannot tell", {"keep": 300.0, "then": "down"}),
    "floor": Field(_mapping(FLOOR), "announces although it is down, while the other sites are not up either"),
    "drain": Field(_mapping(DRAIN), "how a drain is done", {"mode": "community", "med": 1000, "hold": 60.0}),
}


def read_policy(
    data: Mapping[str, Any], has_check: Callable[[str], bool], gives_level: Callable[[str], bool]
) -> tuple[dict[str, Any], list[Problem]]:
    """Read the policy of a service, and hold the checks that it names against those that there are."""
    values, problems = read_fields({name: data[name] for name in POLICY if name in data}, POLICY)
    failed = {field for field, _reason in problems}
    levels, ladder, floor = values["levels"], values["ladder"], values["floor"]
    if levels and "levels" not in failed and not gives_level(levels["check"]):
        problems.append(Problem("levels", f"check: {levels['check']!r} is no check of the type load"))
    if ladder and "ladder" not in failed:
        problems += [
            Problem("ladder", f"checks: there is no check {x!r}") for x in ladder["checks"] if not has_check(x)
        ]
    if floor and "floor" not in failed and (reason := expr.problem(floor["others"], has_check)):
        problems.append(Problem("floor", f"others: {reason}"))
    if levels and ladder:
        problems.append(Problem("ladder", "cannot be used together with levels"))
    return values, problems
