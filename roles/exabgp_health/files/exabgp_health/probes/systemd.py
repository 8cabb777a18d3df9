# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of systemd units over D-Bus (org.freedesktop.systemd1), told by signals: see `watch`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

from ..machine import Result

_NAME = "org.freedesktop.systemd1"
_ROOT = "/org/freedesktop/systemd1"
_UNIT = f"{_NAME}.Unit"
_GOOD = ("active", "reloading")


class _Units:
    """One connection for all units; `wake` is called with a unit's path when its properties change."""

    def __init__(self) -> None:
        self.bus: MessageBus | None = None
        self.paths: dict[str, str] = {}
        self.wake: dict[str, list[Callable[[], None]]] = {}
        self._lock = asyncio.Lock()

    async def call(self, path: str, interface: str, member: str, signature: str = "", *body: Any) -> list[Any]:
        async with self._lock:
            if self.bus is None or not self.bus.connected:
                self.bus, self.paths = await MessageBus(bus_type=BusType.SYSTEM).connect(), {}
                self.bus.add_message_handler(self._heard)
                await self._ask(_ROOT, f"{_NAME}.Manager", "Subscribe")
                rule = f"type='signal',interface='org.freedesktop.DBus.Properties',path_namespace='{_ROOT}/unit'"
                await self._ask(
                    "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", rule, to="org.freedesktop.DBus"
                )
        return await self._ask(path, interface, member, signature, *body)

    async def _ask(
        self, path: str, interface: str, member: str, signature: str = "", *body: Any, to: str = _NAME
    ) -> list[Any]:
        if self.bus is None:
            raise ConnectionError("not connected to D-Bus")
        answer = await self.bus.call(Message(to, path, interface, member, signature=signature, body=list(body)))
        if answer is None or answer.message_type is MessageType.ERROR:
            raise ConnectionError(f"{member}: {answer.body[0] if answer and answer.body else 'no answer'}")
        found: list[Any] = answer.body
        return found

    def _heard(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.path in self.wake:
            for call in self.wake[message.path]:
                call()

    async def path(self, unit: str) -> str:
        """The object of a unit, loaded if it is not yet."""
        if unit not in self.paths or self.bus is None or not self.bus.connected:
            (path,) = await self.call(_ROOT, f"{_NAME}.Manager", "LoadUnit", "s", unit)
            self.paths[unit] = path
        return self.paths[unit]


_units: _Units | None = None


def _shared() -> _Units:
    global _units
    if _units is None:
        _units = _Units()
    return _units


async def probe(check: Mapping[str, Any]) -> Result:
    units = _shared()
    path = await units.path(check["unit"])
    (value,) = await units.call(path, "org.freedesktop.DBus.Properties", "Get", "ss", _UNIT, "ActiveState")
    return Result("up" if value.value in _GOOD else "down", f"{check['unit']} is {value.value}")


async def watch(check: Mapping[str, Any], wake: Callable[[], None]) -> Callable[[], None]:
    """Call `wake` whenever the unit's properties change; return what ends that."""
    units = _shared()
    path = await units.path(check["unit"])
    calls = units.wake.setdefault(path, [])
    calls.append(wake)
    return lambda: calls.remove(wake)
