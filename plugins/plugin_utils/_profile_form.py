# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""What the value of each fact of a profile looks like. What it means tells the function of its name in _peering.py.

A form is a reader of one value, or a mapping of parts, each with its reader.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import BITS
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._families import FAMILIES
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import MAX_U16, MAX_U32, Reader, Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest

MOST_PREFIXES = 10_000_000
RULE = "profile.value"


@dataclass(frozen=True)
class Part:
    """One part of a value that is a mapping. nullable: whether it may be written as null."""

    read: Reader[Any]
    required: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class Parts:
    """A value that is a mapping. agree: what its parts have to be together; a Refusal's rule is RULE."""

    parts: Mapping[str, Part]
    agree: Callable[[Mapping[str, Any]], None] = lambda value: None


def read_value(findings: Findings, where: str, section: Section, form: Reader[Any] | Parts) -> Any:
    """Read the field `value` of a fact, reporting what is wrong. None when anything is."""
    if not isinstance(form, Parts):
        return section.read("value", form)
    data = section.raw("value")
    if data is None:
        return None
    if not isinstance(data, dict):
        section.refuse("value", Refusal(f"must be a mapping, but is {kind(data)}", rule=RULE))
        return None
    inner = Section(findings, f"{where}: value", data)
    inner.refuse_unknown(tuple(form.parts), Nearest(form.parts), {})
    value: dict[str, Any] = {}
    for name, part in form.parts.items():
        if part.required:
            inner.require(name, f"{where.rpartition(': ')[2]} cannot be told without it")
        if name in data:
            value[name] = None if part.nullable and data[name] is None else inner.read(name, part.read)
    if any(inner.failed(name) for name in form.parts):
        return None
    try:
        form.agree(value)
    except Refusal as refusal:
        section.refuse("value", refusal)
        return None
    return value


def list_of(reader: Reader[Any]) -> Reader[list[Any]]:
    """A reader of lists that are not empty."""

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Refusal(f"must be a list, but is {kind(value)}", rule=RULE)
        if not value:
            raise Refusal("is an empty list", rule=RULE)
        return [reader(item) for item in value]

    return read


def _number_of(*choices: int) -> Reader[int]:
    def read(value: Any) -> int:
        number = fields.whole_number(value)
        if number not in choices:
            raise Refusal(f"is none of {', '.join(map(str, choices))}", value=value, rule=RULE)
        return int(number)

    return read


def _always(value: Any) -> bool:
    if not fields.boolean(value):
        raise Refusal("can only be true", "leave the fact out", rule=RULE)
    return True


def _prefix(value: Any) -> str:
    return fields.prefix(value).text


def _range(value: Any) -> list[int]:
    numbers = [fields.whole_number(item) for item in value] if isinstance(value, list) else []
    if len(numbers) != 2 or any(number is None or number > MAX_U32 for number in numbers):
        raise Refusal("must be pairs of AS numbers, each the first and the last of a range", rule=RULE)
    low, high = (int(number or 0) for number in numbers)
    if low > high:
        raise Refusal(f"has a range from {low} down to {high}", rule=RULE)
    return [low, high]


def _family_list(value: Any) -> str | list[str]:
    if isinstance(value, str) and value.strip().lower() == "session":
        return "session"
    return list_of(fields.one_of(FAMILIES))(value)


def _inside(value: Mapping[str, Any]) -> None:
    within, length = fields.prefix(value["within"]), value["length"]
    if not within.length <= length < BITS[within.version]:
        raise Refusal(f"has no networks of length {length} in {within.text}", rule=RULE)
    if ("local_hosts" in value) != ("peer_hosts" in value):
        raise Refusal("has local_hosts and peer_hosts only together", rule=RULE)
    size = 1 << (BITS[within.version] - length)
    if any(number >= size for number in value.get("local_hosts", []) + value.get("peer_hosts", [])):
        raise Refusal(f"has no host of that number: a network of length {length} has {size}", rule=RULE)


def _rising(*names: str) -> Callable[[Mapping[str, Any]], None]:
    """That the parts of these names, as far as there are any, do not decrease."""

    def agree(value: Mapping[str, Any]) -> None:
        there = [(name, value[name]) for name in names if value.get(name) is not None]
        for (lower, low), (upper, high) in itertools.pairwise(there):
            if low > high:
                raise Refusal(f"has {lower} {low} above {upper} {high}", rule=RULE)

    return agree


def _default_is_allowed(value: Mapping[str, Any]) -> None:
    default, allowed = value["default"], value["allowed"]
    if default != "session" and allowed != "session" and not set(default) <= set(allowed):
        raise Refusal("has a default that is not allowed", rule=RULE)


def _one_way(value: Mapping[str, Any]) -> None:
    if not value or ("is" in value and len(value) > 1):
        raise Refusal("has either is, or allowed and default", rule=RULE)


_ttl = fields.integer(1, 255)
_seconds = fields.integer(1, MAX_U16)
_prefixes = fields.integer(1, MOST_PREFIXES)
_host = fields.integer(0, MAX_U16)
_key_bytes = fields.integer(1, 80)
_as_ranges = list_of(_range)
_inside_form = Parts(
    {
        "within": Part(_prefix, required=True),
        "length": Part(fields.integer(1, 127), required=True),
        "reserved": Part(list_of(_prefix)),
        "local_hosts": Part(list_of(_host)),
        "peer_hosts": Part(list_of(_host)),
    },
    _inside,
)
_local_as_form = Parts({"allowed": Part(_as_ranges), "refused": Part(_as_ranges)})

FORMS: dict[str, Reader[Any] | Parts] = {
    "session_family": _number_of(4, 6),
    "addresses": list_of(_prefix),
    "inside_cidr": _inside_form,
    "inside_cidr_6": _inside_form,
    "peer_as": Parts(
        {"is": Part(fields.as_number), "default": Part(fields.as_number), "allowed": Part(_as_ranges)}, _one_way
    ),
    "local_as": _local_as_form,
    "local_as_reserved": _local_as_form,
    "other_as": fields.one_of(("required", "advised")),
    "passive": fields.one_of(("refused", "allowed")),
    "hold_time": fields.hold_time,
    "hold_time_minimum": fields.integer(3, MAX_U16),
    "maintenance": _seconds,
    "families": Parts(
        {
            "default": Part(_family_list, required=True),
            "allowed": Part(_family_list, required=True),
            "required": Part(list_of(fields.one_of(FAMILIES))),
        },
        _default_is_allowed,
    ),
    "md5": fields.one_of(("none", "optional", "required")),
    "md5_key": Parts(
        {"minimum": Part(_key_bytes, required=True), "maximum": Part(_key_bytes, required=True)},
        _rising("minimum", "maximum"),
    ),
    "ttl_security": fields.one_of(("none", "optional")),
    "multihop": Parts(
        {
            "default": Part(_ttl, required=True, nullable=True),
            "minimum": Part(_ttl, required=True),
            "maximum": Part(_ttl),
        },
        _rising("minimum", "default", "maximum"),
    ),
    "prefix_limit": Parts(
        {
            "default": Part(_prefixes, required=True),
            "maximum": Part(_prefixes, required=True, nullable=True),
            "public": Part(_prefixes),
        },
        _rising("default", "maximum"),
    ),
    "next_hop": fields.one_of(("local_address", "any")),
    "default_route": fields.one_of(("discouraged",)),
    "sessions": Parts(
        {
            "wanted": Part(fields.integer(1, 16), required=True),
            "same": Part(fields.one_of(("local_address", "inside_cidr", "peer_as")), required=True),
        }
    ),
    "same_routes": _always,
    "bfd": fields.one_of(("none", "optional")),
    "graceful_restart": fields.one_of(("none", "optional")),
}
# Without these a session has no value for an option.
NEEDED = ("hold_time", "families", "md5", "ttl_security", "multihop")
