# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The less common fields of a route: what makes it one of another family than unicast, and further attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _families as families
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import (
    BITS,
    Address,
    Prefix,
    network,
    parse_address,
)
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import MAX_U16, MAX_U32, Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Refusal

OPTIONS = (
    "family",
    "label",
    "rd",
    "path_information",
    "split",
    "watchdog",
    "withdraw",
    "atomic_aggregate",
    "aggregator",
    "originator_id",
    "cluster_list",
)
ADVICE = {
    "labels": "did you mean label",
    "route_distinguisher": "did you mean rd",
    "path_id": "did you mean path_information",
    "safi": "did you mean family",
}
# Fields of every route in the plan, with what stands there for a route that has none of them.
ABSENT: Mapping[str, Any] = {
    "label": None,
    "rd": None,
    "path_information": None,
    "watchdog": None,
    "withdraw": False,
    "atomic_aggregate": False,
    "aggregator": None,
    "originator_id": None,
    "cluster_list": [],
}
_GIVEN = frozenset(OPTIONS)
_MAX_LABEL = (1 << 20) - 1
_MOST_PIECES = 4096
_WATCHDOG = re.compile(r"[A-Za-z0-9._-]{1,64}")
_RD = re.compile(r"([0-9.]{1,15}):([0-9]{1,10})")
_LENGTH = re.compile(r"/?([0-9]{1,3})")

_label = fields.integer(0, _MAX_LABEL)


def _one_label(value: Any) -> int:
    """An MPLS label."""
    if isinstance(value, list):
        raise Refusal(
            "is a list, but more than one label needs a capability that ExaBGP does not have",
            "write one number",
            rule="label",
            source="RFC 8277 section 2.1",
        )
    return _label(value)


def rd(value: Any) -> str:
    """A route distinguisher: "65010:1", "10.0.2.10:1" or, behind a 4-byte AS, "4200000001:1"."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Refusal(
            "is a number: YAML reads unquoted colons as base 60",
            'write it in quotes, as in "65010:1"',
            value=value,
            rule="rd",
        )
    found = _RD.fullmatch(value.strip()) if isinstance(value, str) else None
    if found:
        head, number = found[1], int(found[2])
        dotted = parse_address(head) if "." in head else None
        if dotted and number <= MAX_U16:
            return f"{dotted.text}:{number}"
        if head.isdigit() and int(head) <= MAX_U32 and number <= (MAX_U32 if int(head) <= MAX_U16 else MAX_U16):
            return f"{int(head)}:{number}"
    raise Refusal(
        "is not a route distinguisher: two numbers, or an IPv4 address and a number",
        'as in "65010:1"',
        value=value,
        rule="rd",
        source="RFC 4364 section 4.2",
    )


def path_information(value: Any) -> int:
    """The number that tells several paths of a prefix apart; ExaBGP also writes it as an address."""
    dotted = parse_address(value.strip()) if isinstance(value, str) and value.count(".") == 3 else None
    if dotted:
        return dotted.value
    return fields.integer(0, MAX_U32)(value)


def watchdog(value: Any) -> str:
    """The name by which a helper announces and withdraws the route."""
    if not isinstance(value, str) or not _WATCHDOG.fullmatch(value):
        raise Refusal(
            "is not a name: 1 to 64 letters, digits, dots, hyphens and underscores", value=value, rule="watchdog"
        )
    return value


def aggregator(value: Any) -> str:
    """AS and router that made an aggregate: "65010:10.0.2.10"."""
    head, colon, tail = value.strip().partition(":") if isinstance(value, str) else ("", "", "")
    address = parse_address(tail) if colon and ":" not in tail else None
    if not colon or address is None or not head.isdigit():
        raise Refusal(
            "is not an aggregator: an AS number and an IPv4 address",
            'as in "65010:10.0.2.10"',
            value=value,
            rule="aggregator",
            source="RFC 4271 section 5.1.7",
        )
    return f"{fields.as_number(head)}:{address.text}"


def read(section: Section, entry: Mapping[Any, Any], prefix: Prefix | None) -> dict[str, Any]:
    """The fields of this file, and the family that follows from them."""
    if _GIVEN.isdisjoint(entry):
        return {**ABSENT, "family": prefix.family if prefix else None}
    read_fields = {
        "label": section.read("label", _one_label),
        "rd": section.read("rd", rd),
        "path_information": section.read("path_information", path_information),
        "watchdog": section.read("watchdog", fields.keyless(section.findings, watchdog)),
        "withdraw": bool(section.read("withdraw", fields.boolean)),
        "atomic_aggregate": bool(section.read("atomic_aggregate", fields.boolean)),
        "aggregator": section.read("aggregator", aggregator),
        "originator_id": section.read("originator_id", fields.router_id),
        "cluster_list": section.read_list("cluster_list", fields.router_id),
    }
    if read_fields["withdraw"] and not section.has("watchdog"):
        section.refuse(
            "withdraw",
            Refusal(
                "needs a watchdog: nothing else would ever announce the route", "add watchdog: NAME", rule="withdraw"
            ),
        )
    read_fields["family"] = _family(section, prefix)
    return read_fields


def pieces(section: Section, prefix: Prefix) -> list[Prefix]:
    """The prefix, or the smaller ones that `split` cuts it into.

    They are planned one by one: ExaBGP's own keyword does nothing in an announce section (4.2.25 and 5.0.15, measured).
    """
    if not section.has("split"):
        return [prefix]
    length = section.read("split", _length(prefix))
    if length is None:
        return [prefix]
    return list(_cut(prefix, length))


def _cut(prefix: Prefix, length: int) -> Iterator[Prefix]:
    step = 1 << (BITS[prefix.version] - length)
    for number in range(1 << (length - prefix.length)):
        yield network(Address("", prefix.version, prefix.value + number * step), length)


def _length(prefix: Prefix) -> fields.Reader[int]:
    def read_length(value: Any) -> int:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) and value < 1000 else value
        found = _LENGTH.fullmatch(text.strip()) if isinstance(text, str) else None
        length = int(found[1]) if found else -1
        if not prefix.length < length <= BITS[prefix.version]:
            reason = f"is not a length from {prefix.length + 1} to {BITS[prefix.version]}"
            raise Refusal(reason, value=value, rule="split")
        if 1 << (length - prefix.length) > _MOST_PIECES:
            reason = f"makes more than {_MOST_PIECES} prefixes of {prefix.text}"
            raise Refusal(reason, value=value, rule="split.many")
        return length

    return read_length


def _family(section: Section, prefix: Prefix | None) -> str | None:
    """The family that the fields ask for; a `family` that is written has to be the same one."""
    if prefix is None:
        return None
    version = prefix.version
    if section.has("rd"):
        implied = families.family(version, families.VPN)
        if not section.has("label"):
            reason = "needs a label: a VPN prefix is labelled"
            section.refuse("rd", Refusal(reason, "add label: NUMBER", rule="rd.label", source="RFC 4364 section 4.3.4"))
    elif section.has("label"):
        implied = families.family(version, families.LABELLED)
    else:
        implied = prefix.family
    family = section.read("family", fields.one_of(families.ROUTE_FAMILIES))
    if family is None or family == implied:
        return implied
    if family.split()[0] != implied.split()[0]:
        section.refuse("family", Refusal(f"{family} cannot hold {prefix.text}", rule="route.family.version"))
    elif implied != prefix.family:
        reason = f"is {family}, but the route's {'rd' if section.has('rd') else 'label'} makes it {implied}"
        section.refuse("family", Refusal(reason, "leave family out", rule="route.family.fields"))
    elif family.endswith(families.VPN):
        section.refuse("family", Refusal(f"{family} needs rd and label", rule="route.family.fields"))
    elif family.endswith(families.LABELLED):
        section.refuse("family", Refusal(f"{family} needs a label", rule="route.family.fields"))
    return implied if section.failed("family") else family
