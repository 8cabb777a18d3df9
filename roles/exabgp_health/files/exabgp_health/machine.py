# SPDX-License-Identifier: GPL-3.0-or-later
"""When a check is up, and what a service announces: the two state machines. No I/O; time is an argument.

Every time is in seconds of a clock that only goes forward, never of the wall clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import expr
from .expr import DOWN, UNKNOWN, UP

GRACEFUL_SHUTDOWN = "65535:0"  # RFC 8326


@dataclass(frozen=True)
class Result:
    """What one probe found: up, down or unknown, a detail for people, and a level where the check has one."""

    status: str
    detail: str = ""
    level: float | None = None


class Check:
    """The settled state of one check: it changes after `rise` or `fall` equal results in a row."""

    def __init__(self, rise: int, fall: int, start: str, now: float) -> None:
        self.rise, self.fall = rise, fall
        self.status = start
        self.since = now
        self.detail = "no probe yet"
        self.level: float | None = None
        self._streak = 0
        self._of = ""

    @property
    def pending(self) -> bool:
        """Whether the newest results differ from the settled state, so that another probe is wanted soon."""
        return self._of not in ("", self.status)

    def observe(self, result: Result, now: float) -> bool:
        """Take one result; return whether the settled state or the level has changed."""
        self._streak = self._streak + 1 if result.status == self._of else 1
        self._of = result.status
        level_changed = result.level != self.level
        self.level = result.level
        if result.status == self.status:
            self.detail = result.detail
            return level_changed
        if self._streak < (self.rise if result.status == UP else self.fall):
            return level_changed
        self.status, self.since, self.detail = result.status, now, result.detail
        return True


@dataclass(frozen=True)
class Drain:
    """A drain: since when, until when (None: until it is ended), how, and by which run."""

    since: float
    until: float | None
    mode: str
    run: str = ""


@dataclass(frozen=True)
class View:
    """What a service sees: the state and level of checks by name, and which of its addresses the host lacks."""

    status: Callable[[str], str]
    level: Callable[[str], float | None]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What is to be announced (None: nothing), the state in a word, why, and when to ask again at the latest."""

    attributes: Mapping[str, Any] | None
    state: str
    reason: str
    again_at: float | None = None
    settled: bool = True
    """False before the first verdict, when what an earlier process announced is not touched."""


@dataclass
class Service:
    """What one service announces, from what its checks say. `policy` is that of policy.read_policy."""

    when: Any
    policy: Mapping[str, Any]
    drain: Drain | None = None
    _known: str = UNKNOWN
    _unknown_since: float | None = None
    _healthy: bool = False
    _was_healthy: bool = False
    _announced: bool = False
    _withdrawn_at: float | None = None
    _flaps: deque[float] = field(default_factory=deque)
    _step: int = 0

    def decide(self, view: View, now: float) -> Decision:
        """Decide at the time `now`. Call again when a check has changed, and at `again_at`."""
        health, reason, again = self._health(view, now)
        if health == UNKNOWN:
            return Decision(None, "unknown", reason, again, settled=False)
        self._turn(health, now)
        held = self._held(now) if health == UP else None
        if held:
            state, reason, until = held
            decision = self._down(view, reason, _earliest(again, until))
            if decision.attributes is None:
                decision = replace(decision, state=state)
        elif health == UP:
            self._healthy = self._was_healthy = True
            decision = Decision(self._up_attributes(view), "announced", reason, again)
        else:
            decision = self._down(view, reason, again)
        if self._announced and decision.attributes is None:
            self._withdrawn_at = now
        self._announced = decision.attributes is not None
        return self._drained(decision, now)

    def _health(self, view: View, now: float) -> tuple[str, str, float | None]:
        if view.missing:
            self._unknown_since = None
            self._known = DOWN
            return DOWN, f"{', '.join(view.missing)} is not on this host", None
        found = expr.value(self.when, view.status)
        if found != UNKNOWN:
            self._unknown_since = None
            self._known = found
            return found, _reason(self.when, found, view), None
        if self._unknown_since is None:
            self._unknown_since = now
        rule = self.policy["unknown"]
        end = self._unknown_since + rule["keep"]
        why = _reason(self.when, UNKNOWN, view)
        if now < end:
            return self._known, f"{why}; the last known state is kept", end
        return rule["then"], f"{why} for {rule['keep']:g} s; counts as {rule['then']}", None

    def _turn(self, health: str, now: float) -> None:
        if health == UP:
            return
        if self._healthy:
            self._flaps.append(now)
        self._healthy = False

    def _held(self, now: float) -> tuple[str, str, float] | None:
        """Why a service whose checks are up does not count as up yet, and until when: hold-down or damping."""
        damping = self.policy["damping"]
        if damping and self._flaps:
            last = self._flaps[-1]
            while self._flaps[0] <= last - damping["within"]:
                self._flaps.popleft()
            if len(self._flaps) >= damping["max_flaps"] and now < last + damping["hold"]:
                why = f"its checks are up; it went down {len(self._flaps)} times within {damping['within']:g} s"
                return "damped", why, last + damping["hold"]
        else:
            self._flaps.clear()
        until = None if self._withdrawn_at is None else self._withdrawn_at + self.policy["hold_down"]
        if not self._announced and until is not None and now < until:
            return "held", f"its checks are up; hold-down of {self.policy['hold_down']:g} s", until
        return None

    def _up_attributes(self, view: View) -> Mapping[str, Any]:
        levels, ladder = self.policy["levels"], self.policy["ladder"]
        if levels:
            steps, level = levels["steps"], view.level(levels["check"])
            if level is not None:
                while self._step < len(steps) and level >= steps[self._step]["at"]:
                    self._step += 1
                while self._step and level < steps[self._step - 1]["below"]:
                    self._step -= 1
            if self._step:
                return {**self.policy["up"], **steps[self._step - 1]["attributes"]}
        if ladder:
            failed = sum(view.status(name) == DOWN for name in ladder["checks"])
            rungs = ladder["attributes"]
            return {**self.policy["up"], **rungs[min(failed, len(rungs) - 1)]}
        up: Mapping[str, Any] = self.policy["up"]
        return up

    def _down(self, view: View, reason: str, again: float | None) -> Decision:
        floor, down = self.policy["floor"], self.policy["down"]
        if floor and self._was_healthy and not view.missing and expr.value(floor["others"], view.status) != UP:
            why = f"{reason}; announced all the same, since no other site is up"
            return Decision({**self.policy["up"], **floor["attributes"]}, "floor", why, again)
        if down == "withdraw" or view.missing:
            return Decision(None, "withdrawn", reason, again)
        return Decision(down, "announced", f"{reason}; announced with the attributes of down", again)

    def _drained(self, decision: Decision, now: float) -> Decision:
        drain = self.drain
        if drain is None:
            return decision
        if drain.until is not None and now >= drain.until:
            self.drain = None
            return decision
        again = _earliest(decision.again_at, drain.until)
        how = f"drained by {drain.run}" if drain.run else "drained"
        hold = self.policy["drain"]["hold"]
        over = drain.mode == "withdraw" or (hold > 0 and now >= drain.since + hold)
        if decision.attributes is None or over:
            return Decision(None, "drained", how, again)
        if hold > 0:
            again = _earliest(again, drain.since + hold)
        attributes = dict(decision.attributes)
        if drain.mode == "med":
            attributes["med"] = self.policy["drain"]["med"]
        else:
            attributes["communities"] = [*attributes.get("communities", []), GRACEFUL_SHUTDOWN]
        return Decision(attributes, "drained", f"{how}; withdrawn after {hold:g} s" if hold else how, again)


def _earliest(*times: float | None) -> float | None:
    return min((time for time in times if time is not None), default=None)


def _reason(when: Any, value: str, view: View) -> str:
    """Which checks make a condition what it is."""
    if when is None:
        return "it has no check"
    if value == UP:
        return "its checks are up"
    names = [name for name in dict.fromkeys(expr.names(when)) if view.status(name) != UP]
    names = [name for name in names if view.status(name) == value] or names
    if not names:
        return f"its condition is {value}"
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {value}"
