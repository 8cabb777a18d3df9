# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Why a session is down: the one class that the evidence of both ends names best."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_join as join

HIGH, MEDIUM, LOW = "high", "medium", "low"


class Reason(NamedTuple):
    """A class of _verdict_classes, how sure it is, and why."""

    kind: str
    confidence: str
    evidence: list[str]


def _code(code: int, subcodes: str) -> str:
    return rf"(?<![\d.]){code} ?[,/] ?{subcodes}(?![\d.])"


# What ends say in words, the surest first. Codes are those of NOTIFICATION messages (RFC 4271, 4.5; RFC 4486).
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("not_configured_on_host", HIGH, r"running daemon has no such neighbor"),
    ("local_address_missing", HIGH, r"local address \S+ is not on this host"),
    ("no_route", HIGH, r"there is no route from"),
    ("as_mismatch", HIGH, r"bad[ _]peer[ _]as|remote as is \d+, expected|" + _code(2, "2")),
    ("prefix_limit", HIGH, r"max_prefixes_reached|maximum number of prefixes|prefix limit|" + _code(6, "1")),
    ("hold_timer", HIGH, r"hold ?timer (has )?expired|" + _code(4, "0")),
    ("shut_down_by_peer", HIGH, r"administrat\w+ (shutdown|down|reset)|peer de-?configured|" + _code(6, "[234]")),
)
_COUNTERS = {
    "TCPMD5Failure": ("md5_mismatch", True, r"wrong MD5 signature"),
    "TCPMD5NotFound": ("md5_missing_at_peer", True, r"without an MD5 signature"),
    "TCPMD5Unexpected": ("md5_missing_on_host", False, r"MD5 signature where none is wanted"),
}
_TTL = r"TTL below the least allowed"
_BLOCKED = r"does not answer on TCP port|connection refused|connection timed out"


def reason(
    neighbor: Mapping[str, Any],
    peering: Mapping[str, Any],
    daemon: Mapping[str, Any],
    far: join.FarEnd,
    counters: Mapping[str, int],
    others_down: int,
) -> Reason:
    """Name why the daemon's session is not Established.

    :param counters: by how much the kernel's counters grew, by their names in /proc/net/netstat. They count for the
        whole host, so with C(others_down) > 0 (other sessions down) what they say is less sure.
    """
    words = [str(item) for item in peering.get("problems") or ()]
    if daemon.get("state") == "down":
        return Reason("daemon_down", HIGH, _once(str(daemon.get("problem") or "the daemon is down"), words))
    if daemon.get("state") != "running" or peering.get("state") == "unknown":
        return Reason("daemon_silent", HIGH, _once(str(daemon.get("problem") or "the daemon did not answer"), words))
    told = [*words, *(str(item) for item in (far.peering or {}).get("problems") or ())]
    first = _by_words(told, ("not_configured_on_host", "local_address_missing", "no_route"))
    if first:
        return first
    at_cloud = _of_cloud(neighbor, far)
    if at_cloud:
        return at_cloud
    found = _by_words(told) or _by_counters(neighbor, told, counters, others_down)
    if found:
        return found
    blocked = [item for item in told if re.search(_BLOCKED, item, re.IGNORECASE)]
    if blocked:
        if neighbor.get("md5"):
            blocked = [*blocked, "an MD5 key that differs looks the same from this host"]
        return Reason("transport_blocked", LOW if neighbor.get("md5") else MEDIUM, blocked)
    if far.how == join.FOUND and far.peering and far.peering.get("state") == "established":
        return Reason("ends_disagree", MEDIUM, ["the cloud says established, the daemon does not", *told])
    return Reason("session_down", LOW, told or ["the host knows no reason"])


def _once(first: str, words: Sequence[str]) -> list[str]:
    """The daemon's problem stands in each of its peerings too."""
    return list(dict.fromkeys([first, *words]))


def _of_cloud(neighbor: Mapping[str, Any], far: join.FarEnd) -> Reason | None:
    """What the cloud's configuration explains."""
    kinds = {
        join.ABSENT: ("not_configured_at_cloud", HIGH),
        join.OTHER_AS: ("cloud_other_as", HIGH),
        join.OTHER_ADDRESS: ("cloud_other_address", MEDIUM),
    }
    if far.how in kinds:
        kind, confidence = kinds[far.how]
        named = far.peering is not None and far.peering.get("name") == neighbor["name"]
        return Reason(kind, HIGH if named else confidence, far.evidence)
    theirs = (far.peering or {}).get("md5")
    ours = neighbor.get("md5")
    if theirs is None or ours is None or bool(theirs) == bool(ours):
        return None
    kind = "md5_missing_at_peer" if ours else "md5_missing_on_host"
    return Reason(
        kind, HIGH, [f"the cloud says MD5 {'on' if theirs else 'off'}, the plan has it {'on' if ours else 'off'}"]
    )


def _by_words(told: Sequence[str], kinds: Sequence[str] | None = None) -> Reason | None:
    for kind, confidence, pattern in _WORDS:
        if kinds is not None and kind not in kinds:
            continue
        evidence = [item for item in told if re.search(pattern, item, re.IGNORECASE)]
        if evidence:
            return Reason(kind, confidence, evidence)
    return None


def _by_counters(
    neighbor: Mapping[str, Any], told: Sequence[str], counters: Mapping[str, int], others_down: int
) -> Reason | None:
    confidence = MEDIUM if others_down else HIGH
    for counter, (kind, with_key, pattern) in _COUNTERS.items():
        evidence = _grown(counter, pattern, told, counters)
        if evidence and bool(neighbor.get("md5")) is with_key:
            return Reason(kind, confidence, evidence)
    evidence = _grown("TCPMinTTLDrop", _TTL, told, counters)
    protected = ((neighbor.get("controls") or {}).get("ttl_security") or {}).get("on")
    return Reason("ttl", confidence, evidence) if evidence and protected else None


def _grown(counter: str, pattern: str, told: Sequence[str], counters: Mapping[str, int]) -> list[str]:
    found = [item for item in told if re.search(pattern, item)]
    count = counters.get(counter) or 0
    return [*found, f"{counter} grew by {count}"] if count > 0 else found
