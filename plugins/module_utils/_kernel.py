# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""What the host's kernel knows of a session: its sockets, its route, the segments that it dropped."""

from __future__ import annotations

import ipaddress
import typing as t

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

COUNTERS = {
    "TCPMD5NotFound": "segments without an MD5 signature where one is required (the peer has no key)",
    "TCPMD5Unexpected": "segments with an MD5 signature where none is wanted (this host has no key)",
    "TCPMD5Failure": "segments with a wrong MD5 signature (the keys differ)",
    "TCPMinTTLDrop": "segments with a TTL below the least allowed (TTL security)",
}


def counters() -> dict[str, int]:
    """Segments dropped since boot, by the kernel's name of the counter (/proc/net/netstat)."""
    found: dict[str, int] = {}
    try:
        with open("/proc/net/netstat", encoding="ascii") as stream:
            lines = [line.split() for line in stream]
    except OSError:
        return found
    for names, values in zip(lines[::2], lines[1::2]):
        found.update({name: int(value) for name, value in zip(names[1:], values[1:]) if name in COUNTERS})
    return found


def socket_states(module: AnsibleModule, local: str, peer: str) -> list[str]:
    """States of the TCP sockets between two addresses with port 179 at either end, as ss(8) names them."""
    rc, out, _err = module.run_command(["ss", "--no-header", "--numeric", "--tcp", "--all", "src", local, "dst", peer])
    return [line.split()[0] for line in out.splitlines() if line] if rc == 0 else []


def has_address(module: AnsibleModule, local: str) -> bool | None:
    """Whether an address is on this host; None when that cannot be told."""
    rc, out, _err = module.run_command(["ip", "-o", "address", "show", "to", local])
    return bool(out.strip()) if rc == 0 else None


def route(module: AnsibleModule, local: str, peer: str) -> str | None:
    """The route to a peer as ip-route(8) prints it, or None when there is none."""
    family = "-6" if ipaddress.ip_address(peer).version == 6 else "-4"
    rc, out, _err = module.run_command(["ip", family, "route", "get", peer, "from", local])
    if rc != 0 or out.startswith(("unreachable", "prohibit", "blackhole")):
        return None
    return str(out).split("\n", 1)[0].strip()
