# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Routes and FlowSpec rules of an exabgp.conf as entries of exabgp_routes and exabgp_flows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._flow_names import KEYWORDS
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._grammar import Statement
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import parse_address

_HEX_COMMUNITY = re.compile(r"0x([0-9a-fA-F]{1,8})")
_HEX_EXTENDED = re.compile(r"0x(00|01|02)(02|03)([0-9a-fA-F]{12})")
_EXTENDED = re.compile(r"(target|origin):([0-9.]+):([0-9]+)")
_COMPONENTS = {keyword: name for name, keyword in KEYWORDS.items()}
for _name in ("source", "destination"):
    _COMPONENTS[f"{_name}-ipv4"] = _COMPONENTS[f"{_name}-ipv6"] = _name
_MAX_U16 = 0xFFFF


class NotModelledError(Exception):
    """What the inventory has no field for; the text names it."""


def routes(statement: Statement, section: str) -> Iterator[dict[str, Any]]:
    """The routes that a statement of the section `static` or `announce` announces.

    Raises NotModelledError for one that the inventory cannot express.
    """
    words = list(statement.words)
    # Order does not matter, but the words of one statement must not run into those of the next.
    parts = [words, *(inner.words for inner in statement.inner)]
    keyword = words[0] if words else ""
    if keyword in ("attributes", "attribute") and section == "static":
        place = words.index("nlri") if "nlri" in words else len(words)
        attributes = _attributes([words[1:place]], section)
        for text in words[place + 1 :]:
            yield {"prefix": _prefix(text), **attributes}
        return
    if keyword == "route" and section == "static":
        entry: dict[str, Any] = {"prefix": _prefix(_second(words))}
        if entry["prefix"].split(".")[0].isdigit() and 224 <= int(entry["prefix"].split(".")[0]) < 240:
            raise NotModelledError("a prefix of group addresses")
    elif keyword in ("unicast", "nlri-mpls") and section == "announce":
        entry = {"prefix": _prefix(_second(words))}
    elif keyword == "multicast" and section == "announce":
        entry = {"prefix": _prefix(_second(words)), "family": "ipv4 multicast"}
    else:
        raise NotModelledError(keyword)
    entry.update(_attributes([parts[0][2:], *parts[1:]], section))
    yield entry


def flow(statement: Statement) -> dict[str, Any]:
    """The rule that a section `route` of the section `flow` makes. Its name may be missing, or not fit for one."""
    if not statement.section:
        raise NotModelledError("a rule on one line")
    entry: dict[str, Any] = {"name": statement.words[1] if len(statement.words) == 2 else "", "match": {}, "action": {}}
    for inner in statement.inner:
        if inner.keyword in ("rd", "route-distinguisher") and len(inner.words) == 2:
            entry["rd"] = inner.words[1]
        elif inner.keyword == "match" and inner.section:
            for condition in inner.inner:
                _condition(entry["match"], condition.words)
        elif inner.keyword == "then" and inner.section:
            for action in inner.inner:
                _action(entry["action"], action.words)
        else:
            raise NotModelledError(inner.keyword)
    return entry


def _condition(match: dict[str, Any], words: Sequence[str]) -> None:
    name = _COMPONENTS.get(words[0])
    if name is None or name in match or len(words) < 2:
        raise NotModelledError(words[0])
    values = list(words[2:-1]) if words[1] == "[" and words[-1] == "]" else list(words[1:])
    if name in ("source", "destination"):
        if len(values) != 1:
            raise NotModelledError(f"several of {words[0]}")
        text = values[0]
        if text.count("/") == 2:
            text, _slash, offset = text.rpartition("/")
            if offset != "0":
                raise NotModelledError(f"the offset of {words[0]}")
        match[name] = text
        return
    match[name] = values[0] if len(values) == 1 else values


def _action(action: dict[str, Any], words: Sequence[str]) -> None:
    keyword, values = words[0], list(words[1:])
    if keyword in ("accept", "discard") and not values:
        action[keyword] = True
    elif keyword == "rate-limit" and (len(values) == 1 or values[1:] == ["bytes"]):
        action["rate_limit"] = _number(values[0])
    elif keyword == "rate-limit" and values[1:] == ["packets"]:
        action["rate_limit_packets"] = _number(values[0])
    elif keyword in ("redirect", "copy") and len(values) == 1:
        action[keyword] = values[0]
    elif keyword == "mark" and len(values) == 1:
        action["mark"] = _number(values[0])
    elif keyword == "action" and len(values) == 1:
        action.update({word: True for word in ("sample", "terminal") if word in values[0]})
    elif keyword in _COMMUNITIES:
        option, reader = _COMMUNITIES[keyword]
        action[option] = [reader(value) for value in _listed(values)]
    else:
        raise NotModelledError(keyword)


def _attributes(parts: Sequence[Sequence[str]], section: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        words = list(part)
        while words:
            keyword = words.pop(0)
            if keyword in ("atomic-aggregate", "withdraw"):
                found[keyword.replace("-", "_")] = True
            elif keyword in _SINGLE:
                option, reader = _SINGLE[keyword]
                found[option] = reader(_next(words, keyword))
            elif keyword == "split":
                length = _next(words, keyword).lstrip("/")
                if section == "static":  # in the section announce it does nothing
                    found["split"] = _number(length)
            elif keyword == "label":
                labels = _take_list(words)
                if len(labels) != 1:
                    raise NotModelledError("several labels")
                found["label"] = _number(labels[0])
            elif keyword == "aggregator":
                found["aggregator"] = _aggregator(words)
            elif keyword == "as-path":
                found["as_path"] = [_as_number(word) for word in _take_list(words) if word != ","]
            elif keyword == "cluster-list":
                found["cluster_list"] = _take_list(words)
            elif keyword in _COMMUNITIES:
                option, community = _COMMUNITIES[keyword]
                found[option] = [community(word) for word in _take_list(words)]
            else:
                raise NotModelledError(keyword)
    if found.get("split") is not None and "path_information" in found:
        raise NotModelledError("split with path-information")
    return found


def _take_list(words: list[str]) -> list[str]:
    """The words in brackets that come next, or the one word."""
    if not words:
        raise NotModelledError("a value that is missing")
    if words[0] != "[":
        if words[0] == "(":
            raise NotModelledError("a set of AS numbers")
        return [words.pop(0)]
    if "]" not in words:
        raise NotModelledError("a list without an end")
    end = words.index("]")
    items = words[1:end]
    del words[: end + 1]
    if {"[", "(", "{"} & set(items) or (words and words[0] in ("(", "[")):
        raise NotModelledError("a set of AS numbers")
    return items


def _aggregator(words: list[str]) -> str:
    text = ""
    while words:
        text += words.pop(0)
        if ":" in text and (not text.startswith("(") or text.endswith(")")):
            return text.strip("()")
    raise NotModelledError("aggregator")


def _listed(values: Sequence[str]) -> list[str]:
    return list(values[1:-1]) if values and values[0] == "[" and values[-1] == "]" else list(values)


def _standard(text: str) -> str:
    hexadecimal = _HEX_COMMUNITY.fullmatch(text)
    if hexadecimal or text.isdigit():
        number = int(hexadecimal[1], 16) if hexadecimal else int(text)
        return f"{number >> 16}:{number & _MAX_U16}"
    return text


def _extended(text: str) -> str:
    """An extended community of which the plan sends the bytes that ExaBGP sends.

    ExaBGP 5.0 gives "target:70000:5" the type of an address, so a 4-byte AS is only known in hexadecimal.
    """
    hexadecimal = _HEX_EXTENDED.fullmatch(text)
    if hexadecimal:
        word = "target" if hexadecimal[2] == "02" else "origin"
        digits = hexadecimal[3]
        if hexadecimal[1] == "00":
            return f"{word}:{int(digits[:4], 16)}:{int(digits[4:], 16)}"
        head = int(digits[:8], 16)
        shown = ".".join(str(head >> shift & 0xFF) for shift in (24, 16, 8, 0)) if hexadecimal[1] == "01" else str(head)
        return f"{word}:{shown}:{int(digits[8:], 16)}"
    plain = _EXTENDED.fullmatch(text)
    if plain is None:
        raise NotModelledError(f"the extended community {text.partition(':')[0]}")
    if parse_address(plain[2]) is None and (not plain[2].isdigit() or int(plain[2]) > _MAX_U16):
        raise NotModelledError("an extended community with a 4-byte AS")
    return text


def _prefix(text: str) -> str:
    return text if "/" in text else f"{text}/{128 if ':' in text else 32}"


def _as_number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _number(text: str) -> int:
    if not text.isdigit():
        raise NotModelledError("a number")
    return int(text)


def _second(words: Sequence[str]) -> str:
    if len(words) < 2:
        raise NotModelledError("a route without a prefix")
    return words[1]


def _next(words: list[str], keyword: str) -> str:
    if not words:
        raise NotModelledError(keyword)
    return words.pop(0)


_SINGLE: dict[str, tuple[str, Any]] = {
    "next-hop": ("next_hop", str.lower),
    "path-information": ("path_information", lambda text: int(text) if text.isdigit() else text),
    "rd": ("rd", str),
    "route-distinguisher": ("rd", str),
    "origin": ("origin", str.lower),
    "med": ("med", _number),
    "local-preference": ("local_preference", _number),
    "originator-id": ("originator_id", str),
    "watchdog": ("watchdog", str),
}
_COMMUNITIES: dict[str, tuple[str, Any]] = {
    "community": ("communities", _standard),
    "large-community": ("large_communities", str),
    "extended-community": ("extended_communities", _extended),
}
