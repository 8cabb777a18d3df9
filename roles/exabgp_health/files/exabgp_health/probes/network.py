# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces and addresses of this host."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import Any

import psutil

from ..machine import Result


def addresses() -> dict[str, set[str]]:
    """The interfaces that have an address, by address. One reading serves all services."""
    found: dict[str, set[str]] = {}
    for name, items in psutil.net_if_addrs().items():
        for item in items:
            if item.family in (socket.AF_INET, socket.AF_INET6):
                found.setdefault(str(ipaddress.ip_address(item.address.partition("%")[0])), set()).add(name)
    return found


async def address(check: Mapping[str, Any]) -> Result:
    names = addresses().get(check["address"], set())
    there = check["interface"] in names if check["interface"] else bool(names)
    return Result("up" if there else "down", f"{check['address']} is {'' if there else 'not '}here")


async def interface(check: Mapping[str, Any]) -> Result:
    state = psutil.net_if_stats().get(check["name"])
    word = "absent" if state is None else "up" if state.isup else "down"
    return Result("up" if word == "up" else "down", f"{check['name']} is {word}")
