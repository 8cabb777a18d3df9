# SPDX-License-Identifier: GPL-3.0-or-later
"""The only part that speaks ExaBGP: it makes what the daemon announces equal to what is wanted.

One command is one line on the daemon's side, answered by one line, `done` or `error`, in their order. No more than
WINDOW commands wait for an answer, so that a slow daemon is given the newest state when it reads on, not all between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from .config import Config, Route

WINDOW = 64
RETRY_FIRST, RETRY_MOST = 1.0, 60.0  # seconds
_NOTHING: Mapping[str, Any] | None = None


class _Unknown:
    """What an earlier process may have left in the daemon."""


_UNKNOWN = _Unknown()


def command(route: Route, attributes: Mapping[str, Any] | None) -> str:
    """The API command that announces a route, or withdraws it where there are no attributes."""
    ends = f"neighbor {route.peer_address} local-ip {route.local_address}"
    if attributes is None:
        return f"{ends} withdraw route {route.prefix} next-hop {route.next_hop}"
    words = [f"{ends} announce route {route.prefix} next-hop {attributes['next_hop']}"]
    for keyword, name in (("origin", "origin"), ("med", "med"), ("local-preference", "local_preference")):
        if attributes.get(name) is not None:
            words.append(f"{keyword} {attributes[name]}")
    for keyword, name in (
        ("as-path", "prepend"),
        ("community", "communities"),
        ("large-community", "large_communities"),
        ("extended-community", "extended_communities"),
    ):
        if attributes.get(name):
            words.append(f"{keyword} [ {' '.join(map(str, attributes[name]))} ]")
    return " ".join(words)


class Announcer:
    """Wanted and acknowledged state of every route. `write` takes one line; it must not block."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._config: Config | None = None
        self._routes: set[Route] = set()
        self._wanted: dict[Route, Mapping[str, Any] | None] = {}
        self._held: dict[Route, Mapping[str, Any] | _Unknown | None] = {}
        self._waiting: deque[tuple[Route, Mapping[str, Any] | None, float]] = deque()
        self._dirty: dict[Route, None] = {}
        self._retry_at: dict[Route, tuple[float, float]] = {}
        self.refused: dict[str, str] = {}
        """What is not announced though it is wanted, and why."""

    def configure(self, config: Config) -> None:
        """Take a configuration: routes that are no longer in it are withdrawn, the others stay as they are."""
        self._config = config
        self._routes = {route for service in config.services.values() for route in service.routes}
        for route in self._routes:
            self._held.setdefault(route, _UNKNOWN)
        for route in [route for route in self._held if route not in self._routes]:
            self._want(route, _NOTHING)
            self._forget(route)

    def again(self, peer_address: str | None = None) -> None:
        """Forget what the daemon holds, for one neighbor or for all, so that it is said again, once."""
        for route in self._wanted:
            # What is no longer in the configuration may by now be a static route of the daemon.
            if route in self._routes and peer_address in (None, route.peer_address):
                self._held[route] = _UNKNOWN
                self._dirty[route] = None

    def want(self, route: Route, attributes: Mapping[str, Any] | None) -> None:
        """Say how a route is to be announced; None withdraws it. What the allow-list does not hold is withdrawn."""
        text = f"{route.prefix} to {route.neighbor}"
        if attributes is not None and (self._config is None or not self._config.allows(route.prefix)):
            self.refused[text] = "lies outside allowed_prefixes"
            attributes = None
        elif attributes is None:
            self.refused.pop(text, None)
        self._want(route, None if attributes is None else {**attributes, "next_hop": route.next_hop})

    def _want(self, route: Route, attributes: Mapping[str, Any] | None) -> None:
        if route in self._wanted and self._wanted[route] == attributes:
            return
        self._wanted[route] = attributes
        self._retry_at.pop(route, None)
        self._dirty[route] = None

    def turn(self, now: float) -> float | None:
        """Write what can be written; return when something is to be tried again, or None."""
        for route, (time, _pause) in self._retry_at.items():
            if time <= now:
                self._dirty[route] = None
        for route in list(self._dirty):
            if len(self._waiting) >= WINDOW:
                return None
            if any(item[0] == route for item in self._waiting):
                continue  # one at a time: its answer brings it back
            del self._dirty[route]
            wanted = self._wanted[route]
            if self._held.get(route) == wanted:
                continue
            self._write(command(route, wanted))
            self._waiting.append((route, wanted, now))
        return min((time for time, _pause in self._retry_at.values() if time > now), default=None)

    def answer(self, line: str, now: float) -> bool:
        """Take one line of the daemon; return whether it was the answer to a command."""
        word = line.strip()
        if word not in ("done", "error") or not self._waiting:
            return False
        route, sent, _time = self._waiting.popleft()
        text = f"{route.prefix} to {route.neighbor}"
        # The daemon also says error for the withdrawal of what it does not have.
        if word == "done" or sent is None:
            self._held[route] = sent
            self._retry_at.pop(route, None)
            if sent is not None:
                self.refused.pop(text, None)
        else:
            pause = min(RETRY_MOST, 2 * self._retry_at[route][1]) if route in self._retry_at else RETRY_FIRST
            self._retry_at[route] = (now + pause, pause)
            self.refused[text] = f"ExaBGP refused it; tried again in {pause:g} s"
        if self._held.get(route) != self._wanted[route] and route not in self._retry_at:
            self._dirty[route] = None
        self._forget(route)
        return True

    def _forget(self, route: Route) -> None:
        """Let go of a route that is withdrawn and no longer in the configuration: somebody else may announce it."""
        if route in self._routes or self._held.get(route, _UNKNOWN) is not None or self._wanted[route] is not None:
            return
        if all(waiting != route for waiting, _sent, _time in self._waiting):
            del self._held[route], self._wanted[route]
            self._dirty.pop(route, None)

    def silent_for(self, now: float) -> float:
        """How long the daemon owes an answer, in seconds."""
        return now - self._waiting[0][2] if self._waiting else 0.0

    def settled(self) -> bool:
        """Whether nothing is left to be written or answered."""
        return not self._dirty and not self._waiting and not self._retry_at
