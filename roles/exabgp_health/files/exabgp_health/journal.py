# SPDX-License-Identifier: GPL-3.0-or-later
"""Structured records in systemd's journal (its native protocol, systemd.io/JOURNAL_NATIVE_PROTOCOL).

Where there is no journal they go to the standard error output. One that cannot be written is lost, never waited for.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys

SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "exabgp-health"
_PRIORITIES = {"error": 3, "warning": 4, "info": 6}
_LONGEST = 8192


class Journal:
    """Writes records with the fields EXABGP_EVENT, EXABGP_SERVICE, EXABGP_PREFIX, EXABGP_REASON, EXABGP_RUN."""

    def __init__(self, path: str = SOCKET) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def write(self, message: str, event: str, level: str = "info", **fields: str) -> None:
        """Write one record. `fields` are the last words of EXABGP_ fields, in lower case."""
        record = {
            "MESSAGE": message,
            "PRIORITY": str(_PRIORITIES[level]),
            "SYSLOG_IDENTIFIER": IDENTIFIER,
            "EXABGP_EVENT": event,
            **{f"EXABGP_{name.upper()}": value for name, value in fields.items() if value},
        }
        if not os.path.exists(self._path):
            with contextlib.suppress(OSError, ValueError):
                print(f"{IDENTIFIER}: {event}: {message}", file=sys.stderr, flush=True)
            return
        with contextlib.suppress(OSError):
            self._socket.sendto(b"".join(_field(name, value) for name, value in record.items()), self._path)


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "replace")[:_LONGEST]
    if b"\n" in data:
        return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
    return name.encode() + b"=" + data + b"\n"
