# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Communities: read into one spelling each, so that plan, daemon and cloud can be compared as text.

A standard community is "65010:1", or the name that ExaBGP prints for it. A large one is "65010:1:2". An extended one is
"target:X:Y" or "origin:X:Y", where X is a 2-byte AS (Y 32 bits), a 4-byte AS or an IPv4 address (Y 16 bits).
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import parse_address
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import MAX_U16, MAX_U32
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Refusal, kind

_NUMBER = re.compile(r"[0-9]{1,10}")

# Names of IANA's registry of well-known communities. ExaBGP 4.2 and 5.0 know the last five of the values by name.
_GRACEFUL_SHUTDOWN = "65535:0"
_NAMES = {
    "graceful-shutdown": _GRACEFUL_SHUTDOWN,
    "accept-own": "65535:1",
    "llgr-stale": "65535:6",
    "no-llgr": "65535:7",
    "blackhole": "blackhole",
    "no-export": "no-export",
    "no-advertise": "no-advertise",
    "no-export-subconfed": "no-export-subconfed",
    "no-peer": "no-peer",
    "nopeer": "no-peer",
}
_NAME_OF = {
    "65535:666": "blackhole",
    "65535:65281": "no-export",
    "65535:65282": "no-advertise",
    "65535:65283": "no-export-subconfed",
    "65535:65284": "no-peer",
}
# Sub-types of RFC 4360.
_KINDS = ("target", "origin")


def standard(value: Any) -> str:
    """Read a standard community (RFC 1997)."""
    text = _text(value, "65010:1")
    word = text.lower().replace("_", "-")
    if word in _NAMES:
        return _NAMES[word]
    numbers = _numbers(text, 2, MAX_U16)
    if numbers is None:
        hint = "numbers above 65535 need a large community" if _numbers(text, 2, MAX_U32) else ""
        raise Refusal(
            "is not a community: two numbers of 0 to 65535, or a well-known name",
            hint,
            value=text,
            rule="community",
            source="RFC 1997",
        )
    canonical = "{}:{}".format(*numbers)
    return _NAME_OF.get(canonical, canonical)


def large(value: Any) -> str:
    """Read a large community (RFC 8092)."""
    text = _text(value, "65010:1:2")
    numbers = _numbers(text, 3, MAX_U32)
    if numbers is None:
        raise Refusal(
            "is not a large community: three numbers of 0 to 4294967295",
            value=text,
            rule="large_community",
            source="RFC 8092",
        )
    return "{}:{}:{}".format(*numbers)


def extended(value: Any) -> str:
    """Read an extended community: a route target or a route origin."""
    text = _text(value, "target:65010:1")
    parts = text.lower().split(":")
    parsed = _parse_extended(parts)
    if parsed is None:
        hint = ""
        if parts[0] in ("rt", "soo"):
            hint = f"write {'target' if parts[0] == 'rt' else 'origin'}"
        elif len(parts) == 3 and parts[0] in _KINDS:
            hint = "its last number is at most 65535 behind a 4-byte AS or an address"
        raise Refusal(
            "is not an extended community: target:AS:NUMBER or origin:AS:NUMBER, or with an IPv4 address",
            hint,
            value=text,
            rule="extended_community",
            source="RFC 4360, RFC 5668",
        )
    return f"{parts[0]}:{parsed[0]}:{parsed[1]}"


def _parse_extended(parts: list[str]) -> tuple[str, int] | None:
    """Return (administrator as text, number) of a split extended community."""
    if len(parts) != 3 or parts[0] not in _KINDS or not _NUMBER.fullmatch(parts[2]):
        return None
    number = int(parts[2])
    address = parse_address(parts[1]) if "." in parts[1] else None
    if address is not None:
        return (address.text, number) if number <= MAX_U16 else None
    if not _NUMBER.fullmatch(parts[1]):
        return None
    administrator = int(parts[1])
    highest = MAX_U32 if administrator <= MAX_U16 else MAX_U16
    return (str(administrator), number) if administrator <= MAX_U32 and number <= highest else None


def _text(value: Any, example: str) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        # YAML 1.1 reads an unquoted 65010:1 as hours and minutes.
        raise Refusal(
            "is a number: YAML reads unquoted colons as base 60",
            f'write it in quotes, as in "{example}"',
            value=value,
            rule="community.quoted",
        )
    raise Refusal(f'must be text like "{example}", but is {kind(value)}', rule="community")


def _numbers(text: str, count: int, highest: int) -> list[int] | None:
    parts = text.split(":")
    if len(parts) != count or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    numbers = [int(part) for part in parts]
    return numbers if max(numbers) <= highest else None
