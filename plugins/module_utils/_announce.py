# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""A route that the daemon holds, as the API command that announces it again."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

_LISTS = {
    "communities": "community",
    "large_communities": "large-community",
    "extended_communities": "extended-community",
}
_VALUES = {"origin": "origin", "med": "med", "local_preference": "local-preference"}
_SUBTYPE = {"target": 0x02, "origin": 0x03}


def command(route: Mapping[str, Any]) -> str:
    """The API command for a route of :func:`_answers.announced`.

    :raises ValueError: for a route that is no unicast prefix with a next hop.
    """
    if route["family"] not in ("ipv4 unicast", "ipv6 unicast") or not route["next_hop"]:
        raise ValueError(f"{route['prefix']} is no unicast prefix with a next hop")
    words = [f"neighbor {route['peer_address']} local-ip {route['local_address']} announce route {route['prefix']}"]
    words.append(f"next-hop {route['next_hop']}")
    words += [f"{name} {route[key]}" for key, name in _VALUES.items() if route[key] is not None]
    if route["as_path"]:
        words.append(f"as-path [ {' '.join(map(str, route['as_path']))} ]")
    for key, name in _LISTS.items():
        items = [extended(item) if key == "extended_communities" else item for item in route[key]]
        if items:
            words.append(f"{name} [ {' '.join(items)} ]")
    return " ".join(words)


def extended(text: str) -> str:
    """An extended community as both lines of ExaBGP encode it rightly.

    5.0.15 sends C(target:70000:5) with the type of an IPv4 address, and 4.2.25 C(target:10.0.0.1:5) with that of a
    2-byte AS (both measured); in hexadecimal both send what is written (RFC 4360, RFC 5668).
    """
    parts = text.split(":")
    if len(parts) != 3 or parts[0] not in _SUBTYPE:
        return text
    kind = 0x01 if "." in parts[1] else 0x02
    administrator = int(ipaddress.IPv4Address(parts[1])) if kind == 0x01 else int(parts[1])
    if kind == 0x02 and administrator <= 0xFFFF:
        return text
    return f"0x{kind:02x}{_SUBTYPE[parts[0]]:02x}{administrator:08x}{int(parts[2]):04x}"
