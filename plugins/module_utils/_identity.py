# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""What makes an announcement the one that it is, whether it stands in an exabgp.conf, a plan or the daemon's answer.

A route is known by its prefix and, where it has them, by its label, its route distinguisher and its path number. A
FlowSpec rule is known by what it matches. ExaBGP 5.0 prints ports that it knows by a name of its own (C(=ntp) for 123),
so a port that is a name may be any.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _flow_names as names

_COMPONENTS = {keyword: name for name, keyword in names.KEYWORDS.items()}
for _name in names.PREFIXES:
    _COMPONENTS[f"{_name}-ipv4"] = _COMPONENTS[f"{_name}-ipv6"] = _name
# 4.2 prints "=unknown icmp type type 128" for a number that it has no name for.
_UNKNOWN = re.compile(r"unknown [a-z ]*?type (\d+)")
_TERM = re.compile(r"(!=|>=|<=|=|>|<|!)?(.+)")
_VPN, _LABELLED, _MULTICAST = "mpls-vpn", "nlri-mpls", "multicast"


class Rule(NamedTuple):
    """A FlowSpec rule: everything but its ports, and the ports in order."""

    skeleton: str
    ports: tuple[str, ...]


def prefix(text: str) -> str:
    """One spelling for each prefix; what is none is returned as it is."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text


def route(text: str, kind: str = "unicast", rd: str | None = None, path: str | int | None = None) -> str:
    """The identity of a route: C(203.0.113.0/24), C(multicast 203.0.113.0/24), C(10.0.0.0/8 rd 65010:1).

    :param kind: the second word of its family.
    :param path: its path number, as a number or as ExaBGP prints it (C(0.0.0.1)).
    """
    words = [kind] if kind in (_MULTICAST, _LABELLED) else []
    words.append(prefix(text))
    if kind == _VPN:
        words.append(f"rd {rd}")
    if path is not None:
        words.append(f"path-information {path_number(path)}")
    return " ".join(words)


def path_number(value: str | int) -> int:
    """The number that a path number written as an address stands for."""
    text = str(value)
    return int(ipaddress.IPv4Address(text)) if "." in text else int(text)


def route_of_words(words: Sequence[str]) -> str | None:
    """The identity of a statement of exabgp.conf that announces a route; None for any other statement."""
    if len(words) < 2 or words[0] not in ("route", "unicast", _MULTICAST, _LABELLED, _VPN):
        return None
    rd = _after(words, "rd") or _after(words, "route-distinguisher")
    kind = words[0]
    if kind == "route":
        kind = _VPN if rd else _LABELLED if "label" in words else "unicast"
    text = words[1] if "/" in words[1] else f"{words[1]}/{128 if ':' in words[1] else 32}"
    try:
        ipaddress.ip_network(text, strict=False)
        return route(text, kind, rd, _after(words, "path-information"))
    except ValueError:
        return None


def rule_of_words(words: Iterable[str]) -> Rule:
    """The identity of a rule from the words of its match, in the spelling of exabgp.conf or of the daemon's answer.

    Words that are no component (C(rd) aside) end it.
    """
    parts: dict[str, list[str]] = {}
    rd = ""
    pending = iter(words)
    for word in pending:
        if word in ("rd", "route-distinguisher"):
            rd = next(pending, "")
            continue
        if word not in _COMPONENTS:
            break
        name = _COMPONENTS[word]
        value = next(pending, "")
        values = [value]
        if value == "[":
            values = []
            for item in pending:
                if item == "]":
                    break
                values.append(item)
        parts.setdefault(name, []).extend(values)
    return rule(parts, rd)


def rule(match: Mapping[str, str | Sequence[str]], rd: str | None = None) -> Rule:
    """The identity of a rule from its components by their names in the plan."""
    words, ports = [], []
    for name in names.KEYWORDS:
        if name not in match:
            continue
        given = match[name]
        values = [given] if isinstance(given, str) else list(given)
        if name in names.PREFIXES:
            words.append(f"{name} {' '.join(_flow_prefix(value) for value in values)}")
            continue
        if name in names.PORTS:
            ports += [f"{name} {_expression(name, value)}" for value in values]
            continue
        words.append(f"{name} {' '.join(sorted(_expression(name, value) for value in values))}")
    if rd:
        words.append(f"rd {rd}")
    return Rule("; ".join(words), tuple(ports))


def missing(wanted: Iterable[Rule], held: Iterable[Rule]) -> list[Rule]:
    """The wanted rules that are not among those held."""
    left: dict[str, list[tuple[str, ...]]] = {}
    for item in held:
        left.setdefault(item.skeleton, []).append(item.ports)
    lacking = []
    for item in wanted:
        candidates = left.get(item.skeleton, [])
        found = next((ports for ports in candidates if _same_ports(item.ports, ports)), None)
        if found is None:
            lacking.append(item)
        else:
            candidates.remove(found)
    return lacking


def surplus(unwanted: Iterable[Rule], wanted: Iterable[Rule], held: Iterable[Rule]) -> list[Rule]:
    """The unwanted rules that are still held. Those that differ in port names only are told by their number."""
    unwanted = list(unwanted)
    count = Counter(item.skeleton for item in held)
    count.subtract(Counter(item.skeleton for item in wanted))
    return [item for item in unwanted if count[item.skeleton] > 0]


def _same_ports(wanted: tuple[str, ...], held: tuple[str, ...]) -> bool:
    return len(wanted) == len(held) and all(map(_same_expression, wanted, held))


def _same_expression(wanted: str, held: str) -> bool:
    if wanted == held:
        return True
    ours, theirs = wanted.split("&"), held.split("&")
    return len(ours) == len(theirs) and all(map(_same_term, ours, theirs))


def _same_term(wanted: str, held: str) -> bool:
    our_name, _blank, our_term = wanted.rpartition(" ")
    their_name, _blank, their_term = held.rpartition(" ")
    ours, theirs = _TERM.fullmatch(our_term), _TERM.fullmatch(their_term)
    if our_name != their_name or ours is None or theirs is None or ours[1] != theirs[1]:
        return False
    return ours[2] == theirs[2] or not theirs[2].isdigit() or not ours[2].isdigit()


def _flow_prefix(text: str) -> str:
    """A prefix without the offset 0 that ExaBGP prints behind one of IPv6."""
    if text.count("/") == 2 and text.endswith("/0"):
        text = text[:-2]
    return prefix(text)


def _expression(name: str, text: str) -> str:
    """An expression with numbers for names, so that both lines of ExaBGP and the plan agree."""
    known = names.BITS.get(name)
    terms = []
    for term in text.split("&"):
        found = _TERM.fullmatch(term)
        if found is None:
            return text
        operator, value = found[1] or "", found[2].lower()
        if known is not None:
            value = "+".join(sorted(value.split("+"), key=lambda word: known.get(word, 0)))
        else:
            number = names.NUMBERS.get(name, {}).get(value)
            operator, value = operator or "=", value if number is None else str(number)
        terms.append(operator + value)
    return "&".join(terms)


def _after(words: Sequence[str], keyword: str) -> str | None:
    place = list(words).index(keyword) + 1 if keyword in words else 0
    return words[place] if 0 < place < len(words) else None


def without_unknown(text: str) -> str:
    """A line of the daemon's answer with numbers where 4.2 says that it knows no name."""
    return _UNKNOWN.sub(r"\1", text)
