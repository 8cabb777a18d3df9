# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd's watchdog (sd_notify(3), sd_watchdog_enabled(3)): fed by the agent for the unit that ExaBGP runs in."""

from __future__ import annotations

import contextlib
import os
import socket


class Watchdog:
    """Feeds the watchdog of the unit. Does nothing where the unit has none."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        values = os.environ if environment is None else environment
        path = values.get("NOTIFY_SOCKET", "")
        microseconds = values.get("WATCHDOG_USEC", "")
        self.interval = int(microseconds) / 1e6 / 4 if path and microseconds.isdecimal() else None
        """Seconds between two feedings, a quarter of the unit's WatchdogSec, or None."""
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._next = 0.0
        self._socket: socket.socket | None = None

    def feed(self, now: float) -> None:
        """Say that the agent is alive, unless it has just said so."""
        if self.interval is None or now < self._next:
            return
        self._next = now + self.interval
        with contextlib.suppress(OSError):
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
                self._socket.setblocking(False)
            self._socket.sendto(b"WATCHDOG=1", self._address)
