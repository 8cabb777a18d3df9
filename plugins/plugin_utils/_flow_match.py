# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""What a FlowSpec rule matches (RFC 8955 section 4, RFC 8956 section 3).

A condition is a value, an expression, or a list of them of which one has to hold: 80, ">1024", "8080-8088",
">=200&<=300&!=250". Bits are names: "syn+ack" holds where one of them is set, "=syn+ack" where all of them are; "!" and
"!=" are the opposite. In the plan each condition is a list of expressions as exabgp.conf has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _flow_names as names
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import Prefix
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nested import Nested

OPTIONS = tuple(names.KEYWORDS)
ADVICE = {
    "src": "did you mean source",
    "dst": "did you mean destination",
    "dest_port": "did you mean destination_port",
    "icmp": "did you mean icmp_type",
    "flags": "did you mean tcp_flags",
    "length": "did you mean packet_length",
    "tos": "did you mean dscp",
}
# The components that only one IP version has, and what the other has instead.
_ONLY = {
    "protocol": (4, "next_header"),
    "dscp": (4, "traffic_class"),
    "next_header": (6, "protocol"),
    "traffic_class": (6, "dscp"),
    "flow_label": (6, ""),
}
_HIGHEST = {
    "protocol": 255,
    "next_header": 255,
    "port": 65535,
    "destination_port": 65535,
    "source_port": 65535,
    "icmp_type": 255,
    "icmp_code": 255,
    "packet_length": 65535,
    "dscp": 63,
    "traffic_class": 255,
    "flow_label": (1 << 20) - 1,
}
_ALIASES = {"psh": "push", "urgent": "urg", "reset": "rst"}
_TERM = re.compile(r"(!=|>=|<=|=|>|<)?\s*([A-Za-z0-9-]{1,40})")
_RANGE = re.compile(r"([0-9]{1,10})\s*-\s*([0-9]{1,10})")
_BIT_TERM = re.compile(r"(!=|=|!)?\s*([A-Za-z-]{1,20}(?:\s*\+\s*[A-Za-z-]{1,20})*)")
_LONGEST = 500


def read(match: Nested, suggest: Nearest) -> tuple[dict[str, Any], int | None]:
    """Read a match. Returns it as the plan has it, and the IP version that it is for; None where that is not clear."""
    match.refuse_unknown(OPTIONS, suggest, ADVICE)
    found: dict[str, Any] = {}
    versions: dict[int, str] = {}
    for name in OPTIONS:
        if not match.has(name):
            continue
        if name in names.PREFIXES:
            prefix = match.read(name, fields.prefix)
            if prefix:
                found[name] = prefix.text
                _agree(match, versions, name, prefix)
            continue
        conditions = _conditions(match, name)
        if conditions:
            found[name] = conditions
        if name in _ONLY and not match.failed(name):
            version, instead = _ONLY[name]
            other = versions.get(10 - version)
            if len(versions) > 1:  # reported already
                continue
            if other:
                reason = f"is for IPv{version} only, but {other} is IPv{10 - version}"
                hint = f"use {instead}" if instead else ""
                match.refuse(name, Refusal(reason, hint, rule="flow.version", source="RFC 8956"))
            else:
                versions.setdefault(version, name)
    return found, next(iter(versions), 4)


def _agree(match: Nested, versions: dict[int, str], name: str, prefix: Prefix) -> None:
    other = versions.get(10 - prefix.version)
    if other:
        reason = f"{prefix.text} is IPv{prefix.version}, but {other} is IPv{10 - prefix.version}"
        source = "ExaBGP 5.0.15, measured: it drops one of them without a word"
        match.refuse(name, Refusal(reason, rule="flow.version", source=source))
    versions.setdefault(prefix.version, name)


def _conditions(match: Section, name: str) -> list[str]:
    reader = _bits(name) if name in names.BITS else _numbers(name)
    value = match.raw(name)
    if value is None:
        return []
    if not isinstance(value, list):
        single = match.read(name, reader)
        return [] if single is None else [single]
    if not value:
        match.refuse(name, Refusal("is an empty list", "leave it out", rule="flow.condition"))
    return list(dict.fromkeys(match.read_list(name, reader)))


def _numbers(name: str) -> Callable[[Any], str]:
    highest, known = _HIGHEST[name], names.NUMBERS.get(name, {})
    spelled = {number: word for word, number in known.items()} if name in ("protocol", "next_header") else {}

    def value_of(word: str, whole: Any) -> str:
        number = known.get(word.lower(), int(word) if word.isdigit() and len(word) <= 10 else -1)
        if not 0 <= number <= highest:
            raise _no_condition(
                name, whole, f"0 to {highest}" + (f", or {', '.join(list(known)[:5])}" if known else "")
            )
        return spelled.get(number, str(number))

    def read_condition(value: Any) -> str:
        text = _text(name, value)
        ends = _RANGE.fullmatch(text)
        if ends:
            low, high = value_of(ends[1], value), value_of(ends[2], value)
            if int(ends[1]) > int(ends[2]):
                raise Refusal("is a range that ends before it begins", value=value, rule="flow.condition")
            return f">={low}&<={high}"
        terms = []
        for part in text.split("&"):
            term = _TERM.fullmatch(part.strip())
            if term is None:
                raise _no_condition(name, value, f'0 to {highest}, as in 80, ">1024", "8080-8088" or ">=200&<=300"')
            terms.append(f"{term[1] or '='}{value_of(term[2], value)}")
        return "&".join(terms)

    return read_condition


def _bits(name: str) -> Callable[[Any], str]:
    known: Mapping[str, int] = names.BITS[name]

    def read_condition(value: Any) -> str:
        text = _text(name, value)
        terms = []
        for part in text.split("&"):
            term = _BIT_TERM.fullmatch(part.strip())
            words = [word.strip().lower() for word in term[2].split("+")] if term else []
            words = [_ALIASES.get(word, word) for word in words]
            if not words or not set(words) <= set(known):
                raise _no_condition(name, value, f'{", ".join(known)}, as in "{list(known)[1]}"')
            terms.append(f"{term[1] or '' if term else ''}{'+'.join(sorted(set(words), key=lambda w: known[w]))}")
        return "&".join(terms)

    return read_condition


def _text(name: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32:
        return str(value)
    if isinstance(value, str) and 0 < len(value) <= _LONGEST:
        return value.strip()
    if isinstance(value, (str, int, float)):
        raise Refusal(f"is no condition for {name}", value=value, rule="flow.condition")
    raise Refusal(f"must be a condition like 80, but is {kind(value)}", rule="flow.condition")


def _no_condition(name: str, value: Any, wanted: str) -> Refusal:
    return Refusal(f"is no condition for {name}: {wanted}", value=value, rule="flow.condition", source="RFC 8955")
