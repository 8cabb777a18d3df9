# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Typed readers of single values, and the section that reads a mapping with them.

A reader takes a plain value and returns the typed one, or raises Refusal with the reason. YAML and Jinja hand over
text where a number is meant, so text that spells a number or a truth value is taken for one, as Ansible does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeVar

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import (
    BITS,
    Address,
    Prefix,
    network,
    parse_address,
)
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest

T = TypeVar("T")
Reader = Callable[[Any], T]

# Stands for a variable that is there and whose failure is already reported.
UNREADABLE: Final = object()

MAX_U16: Final = 0xFFFF
MAX_U32: Final = 0xFFFFFFFF
_DIGITS = re.compile(r"[0-9]{1,10}")
_ASDOT = re.compile(r"([0-9]{1,5})\.([0-9]{1,5})")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LENGTH = re.compile(r"[0-9]{1,3}")
_TRUE = frozenset({"yes", "on", "true", "1", "y", "t"})
_FALSE = frozenset({"no", "off", "false", "0", "n", "f"})
_RESERVED_AS = {
    0: ("AS 0 is nobody's number", "RFC 7607"),
    23456: ("AS 23456 stands for AS_TRANS", "RFC 6793"),
    65535: ("AS 65535 is reserved", "RFC 7300"),
    MAX_U32: ("AS 4294967295 is reserved", "RFC 7300"),
}


def whole_number(value: Any) -> int | None:
    """The whole number that a value is or spells, or None. True and false are none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    return None


def integer(low: int, high: int) -> Reader[int]:
    """A reader of whole numbers from `low` to `high`, both included."""

    def read(value: Any) -> int:
        number = whole_number(value)
        if number is None or not low <= number <= high:
            raise Refusal(f"is not a whole number from {low} to {high}", value=value, rule="number")
        return number

    return read


def hold_time(value: Any) -> int:
    """A BGP hold time in seconds; 0 turns keepalives off."""
    number = whole_number(value)
    if number is None or not 0 <= number <= MAX_U16:
        raise Refusal("is not a hold time: 0 or 3 to 65535 seconds", value=value, rule="hold_time")
    if number in (1, 2):
        raise Refusal(
            "is refused: a hold time is 0 or at least 3 seconds",
            value=value,
            rule="hold_time",
            source="RFC 4271 section 4.2",
        )
    return number


def boolean(value: Any) -> bool:
    """True or false, or a word that Ansible takes for one."""
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Refusal("is neither true nor false", value=value, rule="boolean")


def md5_switch(value: Any) -> bool:
    """True or false. The value is never shown: whoever writes something else has probably written the key."""
    try:
        return boolean(value)
    except Refusal:
        hint = "the key itself belongs in exabgp_md5_keys"
        raise Refusal("must be true or false", hint, rule="boolean") from None


def as_number(value: Any) -> int:
    """An AS number that a BGP speaker may have: 1 to 4294967294 without the reserved ones, also as asdot text."""
    if isinstance(value, float):
        raise Refusal(
            "is no AS number: YAML reads an unquoted 1.10 as 1.1",
            'write asdot in quotes: "1.10"',
            value=value,
            rule="as_number",
        )
    number = whole_number(value)
    if number is None and isinstance(value, str) and (dotted := _ASDOT.fullmatch(value.strip())):
        high, low = int(dotted[1]), int(dotted[2])
        number = (high << 16) + low if max(high, low) <= MAX_U16 else None
    if number is None or not 0 <= number <= MAX_U32:
        raise Refusal("is not an AS number: 1 to 4294967294, or asdot", value=value, rule="as_number")
    if number in _RESERVED_AS:
        reason, source = _RESERVED_AS[number]
        raise Refusal(f"is refused: {reason}", value=value, rule="as_number.reserved", source=source)
    return number


def address(value: Any) -> Address:
    """The IP address of one machine."""
    if not isinstance(value, str):
        raise Refusal(f"must be an IP address, but is {kind(value)}", rule="address")
    text = value.strip()
    found = parse_address(text)
    if found is None:
        bare = parse_address(text.partition("/")[0])
        hint = f"write {bare.text}" if bare else ""
        raise Refusal("is not an IP address", hint, value=value, rule="address")
    if not _of_one_machine(found):
        raise Refusal("is refused: it is not the address of one machine", value=value, rule="address.unicast")
    return found


def router_id(value: Any) -> str:
    """A BGP identifier, written as an IPv4 address."""
    found = parse_address(value.strip()) if isinstance(value, str) else None
    if found is None or found.version == 6:
        raise Refusal("is not a router id: four numbers with dots, as in 10.0.2.10", value=value, rule="router_id")
    if found.value == 0:
        raise Refusal("is refused: a router id is not 0.0.0.0", value=value, rule="router_id", source="RFC 6286")
    return found.text


def prefix(value: Any) -> Prefix:
    """An IP network, with its length and without host bits."""
    if not isinstance(value, str):
        raise Refusal(f"must be a prefix like 203.0.113.0/24, but is {kind(value)}", rule="prefix")
    text, slash, length_text = value.strip().partition("/")
    found = parse_address(text)
    if found is None:
        raise Refusal("is not a prefix", value=value, rule="prefix")
    bits = BITS[found.version]
    if not slash:
        raise Refusal("has no length", f"for the one address write {found.text}/{bits}", value=value, rule="prefix")
    length = int(length_text) if _LENGTH.fullmatch(length_text) else bits + 1
    if length > bits:
        raise Refusal(f"is not a prefix: its length is not 0 to {bits}", value=value, rule="prefix")
    if found.value & ((1 << (bits - length)) - 1):
        raise Refusal(
            "has bits set behind its length",
            f"the network is {network(found, length).text}",
            value=value,
            rule="prefix.host_bits",
        )
    return Prefix(f"{found.text}/{length}", found.version, found.value, length)


def name(value: Any) -> str:
    """The name of a neighbor, as it stands in files, labels and command lines."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Refusal("is not a name: 1 to 64 letters, digits, dots, hyphens and underscores", value=value, rule="name")
    return str(value)


def one_of(choices: Collection[str]) -> Reader[str]:
    """A reader of one word out of several; letter case and the number of spaces do not matter."""
    nearest = Nearest(choices)

    def read(value: Any) -> str:
        word = " ".join(value.lower().split()) if isinstance(value, str) else ""
        if word not in choices:
            raise Refusal(f"is none of {', '.join(choices)}", nearest.hint(word), value=value, rule="choice")
        return word

    return read


def description(value: Any) -> str:
    """A line of text that ExaBGP can take between double quotes."""
    if not isinstance(value, str):
        raise Refusal(f"must be text, but is {kind(value)}", "put it in quotes", rule="description")
    if not value.isprintable() or any(character in value for character in "\"'\\"):
        raise Refusal(
            "may hold no quote, backslash or line break",
            value=value,
            rule="description",
            source="ExaBGP 4.2.25 and 5.0.15, measured",
        )
    if "@@" in value:
        raise Refusal("may hold no @@: it marks the places of keys", value=value, rule="description")
    return str(value)


def keyless(findings: Findings, reader: Reader[T]) -> Reader[T]:
    """A reader of text that is shown and stored, so that no key of the host may stand in it."""

    def read(value: Any) -> T:
        if isinstance(value, str) and findings.hides(value):
            raise Refusal("holds a key of exabgp_md5_keys", rule="text.key")
        return reader(value)

    return read


class Section:
    """A mapping of the inventory being read: every fault in it becomes a finding that says where it stands."""

    def __init__(self, findings: Findings, where: str, data: Mapping[Any, Any]) -> None:
        self.findings = findings
        self.where = where
        self._data = data
        self._failed: set[str] = set()

    def has(self, field: str) -> bool:
        """Tell whether the field was written, rightly or wrongly."""
        return field in self._data

    def failed(self, field: str) -> bool:
        """Tell whether the field is already reported as wrong."""
        return field in self._failed

    def path(self, field: str) -> str:
        """The field's name as findings give it."""
        return field

    def raw(self, field: str) -> Any:
        """The value as it was written, reported as wrong when it is empty. None when there is none to use."""
        if field not in self._data:
            return None
        value = self._data[field]
        if value is UNREADABLE:
            self._failed.add(field)
            return None
        if value is None:
            self.refuse(field, Refusal("is empty", "leave it out or give a value", rule="empty"))
        return value

    def read(self, field: str, reader: Reader[T]) -> T | None:
        """Read one field. None when it was not written or is wrong; `failed` tells which."""
        value = self.raw(field)
        if value is None:
            return None
        try:
            return reader(value)
        except Refusal as refusal:
            self.refuse(field, refusal)
            return None

    def read_list(self, field: str, reader: Reader[T]) -> list[T]:
        """Read a list, reporting each wrong item. What could be read is returned; `failed` tells of the rest."""
        if field not in self._data or (value := self.raw(field)) is None:
            return []
        if not isinstance(value, list):
            hint = "write it in brackets, as a list of one" if isinstance(value, (str, int)) else ""
            self.refuse(field, Refusal(f"must be a list, but is {kind(value)}", hint, rule="list"))
            return []
        try:
            return [reader(item) for item in value]
        except Refusal:
            return self._read_good_items(field, value, reader)

    def _read_good_items(self, field: str, items: list[Any], reader: Reader[T]) -> list[T]:
        good: list[T] = []
        for item in items:
            try:
                good.append(reader(item))
            except Refusal as refusal:
                self.refuse(field, refusal)
        return good

    def refuse(self, field: str, refusal: Refusal) -> None:
        """Report the field as wrong."""
        self._failed.add(field)
        self.findings.refuse(self.where, field, refusal)

    def refuse_inner(self, field: str, inner: str, refusal: Refusal) -> None:
        """Report a field of the mapping that this field holds."""
        self._failed.add(field)
        self.findings.refuse(self.where, f"{field}.{inner}", refusal)

    def refuse_unknown(self, known: Collection[str], nearest: Nearest, advice: Mapping[str, str]) -> None:
        """Report each option that does not exist; `advice` has better hints for names that are often tried."""
        for field in self._data:
            if field in known:
                continue
            word = field if isinstance(field, str) else ""
            hint = advice.get(word) or nearest.hint(word)
            reason = "there is no such option"
            self.findings.error(self.where, self.findings.shown(field), reason, hint=hint, rule="option.unknown")

    def require(self, field: str, hint: str) -> None:
        """Report a field that is missing, unless it was written and is already reported."""
        if not self.has(field):
            self.refuse(field, Refusal("is missing", hint, rule="missing"))


def _of_one_machine(found: Address) -> bool:
    top_byte = found.value >> (BITS[found.version] - 8)
    if found.version == 4:
        return 0 < top_byte < 224  # above: multicast, reserved, broadcast
    return found.value != 0 and top_byte != 0xFF
