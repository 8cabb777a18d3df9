# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Addresses and prefixes as values: parsed once, in one spelling, cheap to compare.

The C library's inet_pton does the parsing. It is as strict as the `ipaddress` module (no leading zeros, no scope)
and several times faster, which is felt with ten thousand routes.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import NamedTuple

FAMILIES = {4: "ipv4 unicast", 6: "ipv6 unicast"}
_SOCKET_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
BITS = {4: 32, 6: 128}


class Address(NamedTuple):
    """An IP address."""

    text: str
    version: int
    value: int


class Prefix(NamedTuple):
    """An IP network without host bits."""

    text: str
    version: int
    value: int
    length: int

    @property
    def family(self) -> str:
        return FAMILIES[self.version]

    def at(self, number: int) -> str:
        """The text of the address that stands `number` places after the network address."""
        return _text(self.version, self.value + number)


def parse_address(text: str) -> Address | None:
    """Return the address that the text spells, or None."""
    version = 6 if ":" in text else 4
    try:
        packed = socket.inet_pton(_SOCKET_FAMILY[version], text)
    except (OSError, ValueError):  # ValueError: a NUL, or what cannot be encoded
        return None
    return Address(socket.inet_ntop(_SOCKET_FAMILY[version], packed), version, int.from_bytes(packed, "big"))


def network(address: Address, length: int) -> Prefix:
    """The network of `length` bits that holds the address."""
    shift = BITS[address.version] - length
    value = address.value >> shift << shift
    return Prefix(f"{_text(address.version, value)}/{length}", address.version, value, length)


class PrefixSet:
    """Prefixes of any length and family, with a lookup that costs one step for each distinct length."""

    def __init__(self, prefixes: Iterable[Prefix]) -> None:
        self._networks: dict[int, dict[int, set[int]]] = {4: {}, 6: {}}
        for prefix in prefixes:
            shift = BITS[prefix.version] - prefix.length
            self._networks[prefix.version].setdefault(prefix.length, set()).add(prefix.value >> shift)

    @property
    def versions(self) -> set[int]:
        """The IP versions of which there are any."""
        return {version for version, lengths in self._networks.items() if lengths}

    def covers(self, item: Prefix | Address) -> bool:
        """Tell whether the prefix lies inside one of these, or the address in one."""
        bits = BITS[item.version]
        own_length = item.length if isinstance(item, Prefix) else bits
        return any(
            length <= own_length and item.value >> (bits - length) in values
            for length, values in self._networks[item.version].items()
        )


def _text(version: int, value: int) -> str:
    return socket.inet_ntop(_SOCKET_FAMILY[version], value.to_bytes(BITS[version] // 8, "big"))
