# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd's watchdog (sd_notify(3)) of the unit that ExaBGP runs in.

The agent itself sets it: a unit that had it from its start would be killed where it runs without an agent.
"""

from __future__ import annotations

import contextlib
import os
import socket


class Watchdog:
    """Feeds the watchdog of the unit. Does nothing where the unit takes no notifications (NotifyAccess=all)."""

    def __init__(self, path: str | None = None) -> None:
        path = os.environ.get("NOTIFY_SOCKET", "") if path is None else path
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._seconds = 0.0
        self._next = 0.0
        self._socket: socket.socket | None = None

    def arm(self, seconds: float) -> None:
        """Have the unit killed after so many seconds without a feeding; 0 for never."""
        if seconds != self._seconds:
            self._seconds, self._next = seconds, 0.0
            self._send(f"WATCHDOG_USEC={int(seconds * 1e6)}")

    @property
    def interval(self) -> float | None:
        """Seconds between two feedings, or None."""
        return self._seconds / 4 if self._seconds and self._address else None

    def feed(self, now: float) -> None:
        """Say that the agent is alive, unless it has just said so."""
        if self.interval is None or now < self._next:
            return
        self._next = now + self.interval
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError):
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
                self._socket.setblocking(False)
            self._socket.sendto(text.encode(), self._address)
