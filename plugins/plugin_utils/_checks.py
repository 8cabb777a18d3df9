# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""exabgp_checks: named checks, and expressions over them (all, any, at_least, not)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _agent as agent
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._durations import spelled
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nested import Nested

VARIABLE = "exabgp_checks"
OPERATORS = ("all", "any", "at_least", "of", "not")
Expression = Any  # a name, or a mapping with one operator
_DEEPEST = 8
_LARGEST = 200
_ADVICE = {
    "uri": "did you mean url",
    "period": "did you mean interval",
    "failures": "did you mean fall",
    "expect_body": "did you mean body",
    "cmd": "did you mean argv",
    "shell": "did you mean argv",
    "service": "did you mean unit",
    "hostname": "did you mean host",
    "threshold": "did you mean max",
    "fail": "did you mean fall",
}
EXAMPLE = "{type: http, url: http://127.0.0.1:8080/health}"


class Checks:
    """The checks of one host. `used` are those that a service asks, in the agent's form."""

    def __init__(self, findings: Findings, host: Section) -> None:
        self._findings = findings
        self._types = agent.types()
        self._type = fields.one_of(tuple(self._types))
        self.used: dict[str, dict[str, Any]] = {}
        self._plain: dict[str, dict[str, Any]] = {}
        self._combined: dict[str, Any] = {}
        self._known: set[str] = set()
        self._broken: set[str] = set()
        entries = host.read(VARIABLE, _mapping)
        for name, entry in (entries or {}).items():
            self._read_named(name, entry)
        self._nearest = Nearest([*self._plain, *self._combined])
        for name in self._combined:
            self._check_combined(name)

    def inline(self, section: Section, option: str, name: str, data: dict[Any, Any]) -> str | None:
        """Read a check that a service holds; it is called as the service. Returns its name."""
        if name in self._known:
            reason = f"{VARIABLE} has a check {name} already"
            section.refuse(option, Refusal(reason, f"write {option}: {name}, or rename one", rule="check.twice"))
            return None
        check = self._read(Nested(self._findings, section, option, data))
        if check is None:
            return None
        self.used[name] = check
        return name

    def expression(self, value: Any) -> Expression:
        """An expression of the inventory, with the names of combined checks replaced by what they stand for.

        Raises Refusal for what is none, or names a check that does not exist.
        """
        size = [0]
        expression = self._expand(value, (), size)
        for name in _names(expression):
            check = self._plain.get(name)
            if check is not None:
                self.used[name] = check
        return expression

    def named(self, value: Any) -> str:
        """The name of one check that is not combined of others. Raises Refusal."""
        if isinstance(value, str) and value in self._combined:
            raise Refusal("is made of several checks, and one is wanted here", value=value, rule="check.combined")
        name = self.expression(value) if isinstance(value, str) else None
        if not isinstance(name, str):
            raise Refusal("is not the name of a check", value=value, rule="check.name")
        return name

    def _read_named(self, name: Any, entry: Any) -> None:
        where = f"check {self._findings.shown(name)}"
        try:
            fields.name(name)
        except Refusal as refusal:
            self._findings.refuse(where, "", refusal)
            return
        self._known.add(name)
        if not isinstance(entry, dict):
            reason = f"must be a mapping like {EXAMPLE}, but is {kind(entry)}"
            self._findings.error(where, "", reason, rule="check.form")
        elif "type" not in entry and any(operator in entry for operator in OPERATORS):
            self._combined[name] = entry
        else:
            check = self._read(Section(self._findings, where, entry))
            # One that is wrong is reported, and is not to be reported as missing too.
            self._plain[name] = check or {}

    def _check_combined(self, name: str) -> None:
        try:
            self._expand(name, (), [0])
        except Refusal as refusal:
            self._findings.refuse(f"check {name}", "", refusal)
            self._broken.add(name)

    def _expand(self, value: Any, path: tuple[str, ...], size: list[int], depth: int = 0) -> Expression:
        size[0] += 1
        if size[0] > _LARGEST or depth > _DEEPEST:
            raise Refusal(
                f"is too large: at most {_LARGEST} checks, {_DEEPEST} levels deep", rule="check.expression.size"
            )
        if isinstance(value, str):
            return self._expand_name(value, path, size, depth)
        if not isinstance(value, dict):
            reason = f"must be the name of a check, or like {{all: [web, dns]}}, but is {kind(value)}"
            raise Refusal(reason, rule="check.expression")
        keys = set(value)
        if keys == {"not"}:
            return {"not": self._expand(value["not"], path, size, depth + 1)}
        if keys in ({"all"}, {"any"}):
            (operator,) = keys
            return {operator: self._expand_list(value[operator], operator, path, size, depth)}
        if keys == {"at_least", "of"}:
            items = self._expand_list(value["of"], "of", path, size, depth)
            count = fields.whole_number(value["at_least"])
            if count is None or not 1 <= count <= len(items):
                raise Refusal(f"at_least is not a number from 1 to {len(items)}", rule="check.at_least")
            return {"at_least": count, "of": items}
        reason = "is not one of all, any, not, or at_least together with of"
        raise Refusal(reason, "as in {at_least: 2, of: [a, b, c]}", rule="check.expression")

    def _expand_list(self, value: Any, operator: str, path: tuple[str, ...], size: list[int], depth: int) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise Refusal(f"{operator} must be a list of checks", rule="check.expression")
        return [self._expand(item, path, size, depth + 1) for item in value]

    def _expand_name(self, name: str, path: tuple[str, ...], size: list[int], depth: int) -> Expression:
        if name in self._broken:  # reported already
            return name
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise Refusal(f"goes round in a circle: {circle}", rule="check.circle")
        if name in self._combined:
            return self._expand(self._combined[name], (*path, name), size, depth + 1)
        if name not in self._known:
            hint = self._nearest.hint(name) or f"name it in {VARIABLE}"
            raise Refusal("is no check of this host", hint, value=name, rule="check.unknown")
        return name

    def _read(self, section: Section) -> dict[str, Any] | None:
        """One check in the agent's form. None when anything in it is wrong, which is reported."""
        errors = len(self._findings.errors)
        section.require("type", f"one of {', '.join(self._types)}")
        name = section.read("type", self._type)
        if name is None:
            return None
        form = self._types[name].all_fields()
        section.refuse_unknown(("type", *form), Nearest(("type", *form)), _ADVICE)
        check: dict[str, Any] = {"type": name}
        for option, field in form.items():
            if field.required:
                section.require(option, f"as in {agent.example(name)}")
            value = section.read(option, _reader(self._findings, field.read))
            if value is not None:
                check[option] = value
            elif option in self._types[name].common():
                check[option] = _whole(field.default)
        self._check_together(section, check)
        return check if len(self._findings.errors) == errors else None

    def _check_together(self, section: Section, check: dict[str, Any]) -> None:
        if check["timeout"] > check["interval"] and not (section.failed("timeout") or section.failed("interval")):
            self._findings.warn(
                section.where,
                section.path("timeout"),
                f"{spelled(check['timeout'])} is longer than the interval of {spelled(check['interval'])}: "
                "a check that hangs is asked less often than that",
                hint=f"a hanging check is seen after interval + {check['fall']} x timeout",
                rule="check.timeout",
                source="ExaBGP's healthcheck, measured: 22 s with its defaults",
            )


def _reader(findings: Findings, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A reader of the agent as one of the plan. What it reads is shown and stored, so it may hold no key."""

    def reader(value: Any) -> Any:
        items = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else [value]
        if any(isinstance(item, str) and findings.hides(item) for item in items):
            raise Refusal("holds a key of exabgp_md5_keys", rule="text.key")
        if any(isinstance(item, str) and not item.isprintable() for item in items):
            raise Refusal("holds a character that cannot be printed", rule="check.text")
        try:
            return _whole(read(value))
        except (ValueError, OverflowError, RecursionError) as error:
            shown = Refusal.NOT_SHOWN if isinstance(value, str) and "@" in value else value  # a URL with a password
            raise Refusal(str(error), value=shown, rule="check.field") from None

    return reader


def _whole(value: Any) -> Any:
    """The same number, without a fraction where it has none."""
    return int(value) if isinstance(value, float) and value == int(value) else value


def _mapping(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise Refusal(f"must be a mapping of names to checks, but is {kind(value)}", rule="mapping")
    return value


def _names(expression: Expression) -> list[str]:
    if isinstance(expression, str):
        return [expression]
    inner = [*expression.get("all", ()), *expression.get("any", ()), *expression.get("of", ())]
    if "not" in expression:
        inner.append(expression["not"])
    return [name for item in inner for name in _names(item)]
