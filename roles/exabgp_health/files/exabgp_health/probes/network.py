# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces and addresses of this host, read without netlink sockets, which a sandbox may forbid (netdevice(7))."""

from __future__ import annotations

import array
import fcntl
import ipaddress
import socket
import struct
from collections.abc import Mapping
from typing import Any

from ..machine import Result

_SIOCGIFCONF, _SIOCGIFFLAGS = 0x8912, 0x8913
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_RECORD = 40 if struct.calcsize("P") == 8 else 32  # struct ifreq
_INET6 = "/proc/self/net/if_inet6"


def addresses() -> dict[str, set[str]]:
    """The interfaces that have an address, by address. One reading serves all services. Raises OSError."""
    found: dict[str, set[str]] = {}
    for name, address in [*_ipv4(), *_ipv6()]:
        found.setdefault(address, set()).add(name)
    return found


def _ipv4() -> list[tuple[str, str]]:
    size = 64 * _RECORD
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        while True:
            records = array.array("B", bytes(size))
            request = struct.pack("iP", size, records.buffer_info()[0])
            (used,) = struct.unpack_from("i", fcntl.ioctl(probe, _SIOCGIFCONF, request))
            if used < size:
                break
            size *= 2
    found = []
    for start in range(0, used, _RECORD):
        record = records[start : start + _RECORD].tobytes()
        name = record[:16].partition(b"\0")[0].decode().partition(":")[0]
        found.append((name, socket.inet_ntoa(record[20:24])))
    return found


def _ipv6() -> list[tuple[str, str]]:
    try:
        with open(_INET6, encoding="ascii") as file:
            rows = [line.split() for line in file]
    except FileNotFoundError:  # a kernel without IPv6
        return []
    return [(row[5], str(ipaddress.IPv6Address(int(row[0], 16)))) for row in rows if len(row) == 6]


async def address(check: Mapping[str, Any]) -> Result:
    names = addresses().get(check["address"], set())
    there = check["interface"] in names if check["interface"] else bool(names)
    return Result("up" if there else "down", f"{check['address']} is {'' if there else 'not '}here")


async def interface(check: Mapping[str, Any]) -> Result:
    request = struct.pack("16sh22x", check["name"].encode()[:15], 0)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            (flags,) = struct.unpack_from("h", fcntl.ioctl(probe, _SIOCGIFFLAGS, request), 16)
    except OSError:
        return Result("down", f"{check['name']} is absent")
    up = flags & _IFF_UP and flags & _IFF_RUNNING
    return Result("up" if up else "down", f"{check['name']} is {'up' if up else 'down'}")
