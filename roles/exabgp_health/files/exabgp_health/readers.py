# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of single values: each returns the typed value, or raises ValueError with what is allowed.

The controller's plan reads an inventory with the same functions. Nothing but the standard library is imported here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection
from typing import Any

Reader = Callable[[Any], Any]

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
_STANDARD = re.compile(r"[0-9]{1,5}:[0-9]{1,5}")
_LARGE = re.compile(r"[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10}")
_EXTENDED = re.compile(r"(target|origin):[0-9.]+:[0-9]+|0x[0-9a-f]{16}")
WELL_KNOWN = ("no-export", "no-advertise", "no-export-subconfed", "no-peer", "blackhole", "graceful-shutdown")
U32 = 0xFFFFFFFF


def text(value: Any) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be text")
    return value


def texts(value: Any) -> list[str]:
    """A list of texts, not empty."""
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise ValueError("must be a list of texts")
    return list(value)


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def number(low: float, high: float) -> Reader:
    """A number from `low` to `high`."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return value

    return read


def integer(low: int, high: int) -> Reader:
    """A whole number from `low` to `high`; text that spells one is taken too."""

    def read(value: Any) -> int:
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return read


def duration(low: float = 0.0, high: float = 86400.0 * 7) -> Reader:
    """Seconds as a number, or a text such as 500ms, 2s, 5m, 1h. Returns seconds."""

    def read(value: Any) -> float:
        found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if found:
            value = float(found[1]) * _UNITS[found[2]]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"must be a duration from {low:g} to {high:g} seconds, as in 500ms, 2s or 5m")
        return float(value)

    return read


def choice(*words: str) -> Reader:
    """One of some words."""

    def read(value: Any) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return str(value)

    return read


def pattern(value: Any) -> str:
    """A regular expression."""
    try:
        re.compile(text(value))
    except re.error as error:
        raise ValueError(f"must be a regular expression ({error})") from None
    return str(value)


def patterns(value: Any) -> dict[str, str]:
    """Regular expressions by name."""
    if not isinstance(value, dict) or not value:
        raise ValueError("must be regular expressions by name")
    return {text(name): pattern(item) for name, item in value.items()}


def url(*schemes: str) -> Reader:
    """A URL of one of the schemes, without user and password."""

    def read(value: Any) -> str:
        scheme, separator, rest = text(value).partition("://")
        if not separator or scheme not in schemes or not rest or rest.startswith("/"):
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{name}://' for name in schemes)}")
        if "@" in rest.partition("/")[0] or any(character.isspace() for character in rest):
            raise ValueError("must be a URL without user, password and blanks")
        return str(value)

    return read


def statuses(value: Any) -> list[int]:
    """HTTP status codes: numbers, or classes such as 2xx. Returns the numbers."""
    found: list[int] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and re.fullmatch(r"[1-5]xx", item):
            found += range(int(item[0]) * 100, int(item[0]) * 100 + 100)
        else:
            try:
                found.append(integer(100, 599)(item))
            except ValueError:
                raise ValueError("must be status codes such as 200, or classes such as 2xx") from None
    if not found:
        raise ValueError("must not be empty")
    return found


def numbers(value: Any) -> list[int]:
    """Exit codes."""
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of exit codes")
    return [integer(0, 255)(item) for item in value]


def path(value: Any) -> str:
    """An absolute path."""
    if not text(value).startswith("/"):
        raise ValueError("must be an absolute path")
    return str(value)


def command(value: Any) -> list[str]:
    """A program by its absolute path, and its arguments. No shell is between."""
    words = texts(value)
    path(words[0])
    return words


def unit(value: Any) -> str:
    """The name of a systemd unit; without a suffix it is a service."""
    name = text(value)
    if not re.fullmatch(r"[A-Za-z0-9:_.@\\-]{1,250}", name):
        raise ValueError("must be the name of a systemd unit")
    return (
        name
        if re.search(r"\.(service|socket|target|timer|path|mount|device|slice|scope)$", name)
        else f"{name}.service"
    )


def address(value: Any) -> str:
    """An IP address, in its canonical form."""
    try:
        return str(ipaddress.ip_address(text(value)))
    except ValueError:
        raise ValueError("must be an IP address") from None


def prefix(value: Any) -> str:
    """An IP prefix without host bits, in its canonical form."""
    try:
        return str(ipaddress.ip_network(text(value)))
    except ValueError:
        raise ValueError("must be a prefix such as 203.0.113.10/32, without host bits") from None


def next_hop(value: Any) -> str:
    """Self, or an IP address."""
    return "self" if value == "self" else address(value)


def _community(value: Any) -> str:
    if isinstance(value, str) and value in WELL_KNOWN:
        return value
    if not isinstance(value, str) or not _STANDARD.fullmatch(value) or any(int(p) > 0xFFFF for p in value.split(":")):
        raise ValueError('must be communities such as "65010:1", or well-known names')
    return value


def communities(value: Any) -> list[str]:
    """Standard communities (RFC 1997)."""
    if not isinstance(value, list):
        raise ValueError("must be a list of communities")
    return [_community(item) for item in value]


def matching(expression: re.Pattern[str], form: str) -> Reader:
    """A list of texts of one form."""

    def read(value: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(x, str) and expression.fullmatch(x) for x in value):
            raise ValueError(f"must be a list of communities such as {form}")
        return list(value)

    return read


large_communities = matching(_LARGE, '"65010:1:2"')
extended_communities = matching(_EXTENDED, '"target:65010:1"')


def as_path(value: Any) -> list[int]:
    """AS numbers to prepend."""
    if not isinstance(value, list):
        raise ValueError("must be a list of AS numbers")
    return [integer(1, U32 - 1)(item) for item in value]


def one_of_names(names: Collection[str], what: str) -> Reader:
    """A name out of some."""

    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(f"{value!r} is no {what} of this host")
        return str(value)

    return read
