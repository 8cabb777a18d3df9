# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""What becomes of the traffic that a FlowSpec rule matches (RFC 8955 section 7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _communities as communities
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import parse_address
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import MAX_U16, MAX_U32
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Refusal
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nested import Nested

# What is done with the traffic; at most one of each line, and `discard` and `accept` stand alone.
OPTIONS = (
    "accept",
    "discard",
    "rate_limit",
    "rate_limit_packets",
    "redirect",
    "copy",
    "mark",
    "sample",
    "terminal",
    "communities",
    "large_communities",
    "extended_communities",
)
ADVICE = {
    "drop": "did you mean discard",
    "deny": "did you mean discard",
    "permit": "did you mean accept",
    "police": "did you mean rate_limit",
    "rate-limit": "did you mean rate_limit",
    "dscp": "did you mean mark",
    "community": "did you mean communities",
}
_EXCLUSIVE = (
    ("accept", ("discard", "rate_limit", "rate_limit_packets", "redirect", "copy")),
    ("discard", ("rate_limit", "rate_limit_packets", "redirect", "copy", "mark")),
    ("rate_limit", ("rate_limit_packets",)),
    ("redirect", ("copy",)),
)
# ExaBGP cuts what is above, and warns below (5.0.15).
_HIGHEST_RATE = 1_000_000_000_000
LOWEST_GOOD_RATE = 9600
_TARGET = re.compile(r"([0-9]{1,10}):([0-9]{1,10})")
_RATE_OF_PACKETS = fields.integer(0, MAX_U32)


def redirect(value: Any) -> str:
    """A route target "65010:7", whose VRF gets the traffic, or the address of a next hop."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Refusal(
            "is a number: YAML reads unquoted colons as base 60",
            'write it in quotes, as in "65010:7"',
            value=value,
            rule="flow.redirect",
        )
    text = value.strip() if isinstance(value, str) else ""
    target = _TARGET.fullmatch(text)
    if target:
        high, low = int(target[1]), int(target[2])
        if high <= MAX_U32 and low <= (MAX_U32 if high <= MAX_U16 else MAX_U16):
            return f"{high}:{low}"
    elif parse_address(text):
        return fields.address(text).text
    raise Refusal('is neither a route target like "65010:7" nor an address', value=value, rule="flow.redirect")


def read(action: Nested, suggest: Nearest, version: int | None) -> dict[str, Any]:
    """Read an action. What is not asked for is None, false or empty."""
    action.refuse_unknown(OPTIONS, suggest, ADVICE)
    found: dict[str, Any] = {
        "accept": bool(action.read("accept", fields.boolean)),
        "discard": bool(action.read("discard", fields.boolean)),
        "rate_limit": action.read("rate_limit", fields.integer(0, _HIGHEST_RATE)),
        "rate_limit_packets": action.read("rate_limit_packets", _RATE_OF_PACKETS),
        "redirect": action.read("redirect", redirect),
        "copy": action.read("copy", lambda value: fields.address(value).text),
        "mark": action.read("mark", fields.integer(0, 63)),
        "sample": bool(action.read("sample", fields.boolean)),
        "terminal": bool(action.read("terminal", fields.boolean)),
        "communities": _list(action, "communities", communities.standard),
        "large_communities": _list(action, "large_communities", communities.large),
        "extended_communities": _list(action, "extended_communities", communities.extended),
    }
    if action.broken:
        return found
    if not any(value is not None and value is not False and value != [] for value in found.values()):
        hint = "accept: true does nothing on purpose"
        action.refuse("discard", Refusal("is not asked for, and nothing else is", hint, rule="flow.action.none"))
    for option, others in _EXCLUSIVE:
        clash = [other for other in others if _asked(found, other)]
        if _asked(found, option) and clash:
            action.refuse(option, Refusal(f"excludes {' and '.join(clash)}", rule="flow.action.exclusive"))
    for option in ("redirect", "copy"):
        address = parse_address(found[option]) if found[option] else None
        if address and version and address.version != version:
            reason = f"{address.text} is IPv{address.version}, but the rule is for IPv{version}"
            action.refuse(option, Refusal(reason, rule="flow.redirect.version"))
    return found


def _asked(found: dict[str, Any], option: str) -> bool:
    return found[option] is not None and found[option] is not False


def _list(action: Nested, option: str, reader: Callable[[Any], str]) -> list[str]:
    return list(dict.fromkeys(action.read_list(option, reader)))
