# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""Read the answers of ExaBGP's C(show) commands (4.2 and 5.x print the same words)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _identity

SHOW_SESSIONS = "show neighbor extensive"
SHOW_ANNOUNCED = "show adj-rib out extensive"

_DURATION = re.compile(r"(?:(?P<days>\d+) days?, )?(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)")
_ROUTE = re.compile(
    r"^neighbor (?P<peer>\S+) local-ip (?P<local>\S+) .*? family-allowed \S+ "
    r"(?P<family>\S+ \S+) (?P<prefix>\S+/\d+)(?P<attributes>.*)$"
)
_RULE = re.compile(
    r"^neighbor (?P<peer>\S+) local-ip (?P<local>\S+) .*? family-allowed \S+ (?P<family>\S+ \S+) flow (?P<rest>.*)$"
)
_ATTRIBUTE = re.compile(
    r"(?<![\w-])(?P<name>path-information|label|rd|originator-id|cluster-list|atomic-aggregate|aggregator|next-hop|origin"
    r"|as-path|med|local-preference|community|extended-community|large-community)"
    r"(?:(?<=atomic-aggregate)|\s+(?P<value>[\[(][^\])]*[\])]|\S+))"
)
_LISTS = {
    "as-path": "as_path",
    "community": "communities",
    "extended-community": "extended_communities",
    "large-community": "large_communities",
    "cluster-list": "cluster_list",
}
_NUMBERS = {"med": "med", "local-preference": "local_preference", "label": "label"}


def sessions(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Read the answer to C(show neighbor extensive).

    :return: a dict for each neighbor of the running daemon, in its order:
        C(peer_address), C(local_address), C(state_raw) (the FSM's name, upper case),
        C(established) (bool), C(since_s) (seconds in or out of Established, or None),
        C(local_as), C(peer_as) (None where unknown), C(hold_time_local),
        C(hold_time_peer), C(families) (negotiated), C(received) and C(sent)
        (message counts by kind).
    """
    found: list[dict[str, Any]] = []
    section = ""
    for line in lines:
        if line.startswith("Neighbor "):
            found.append(
                {
                    "peer_address": line.split()[1],
                    "local_address": None,
                    "state_raw": None,
                    "established": False,
                    "since_s": None,
                    "local_as": None,
                    "peer_as": None,
                    "hold_time_local": None,
                    "hold_time_peer": None,
                    "families": [],
                    "sent": {},
                    "received": {},
                }
            )
            continue
        words = line.split()
        if not found or not words:
            continue
        if words[0] in ("Session", "Setup", "Capability", "Families", "Message"):
            section = words[0]
            continue
        _session_line(found[-1], section, line, words)
    return found


def _session_line(session: dict[str, Any], section: str, line: str, words: list[str]) -> None:
    if section == "Session":
        if words[0] == "local":
            session["local_address"] = words[1]
        elif words[0] == "state":
            session["state_raw"] = words[1]
            session["established"] = words[1] == "ESTABLISHED"
        elif words[:2] in (["up", "for"], ["down", "for"]):
            session["since_s"] = seconds(line)
    elif section == "Setup":
        if words[0] == "AS":
            session["local_as"], session["peer_as"] = _number(words[1]), _number(words[2])
        elif words[0] == "hold-time":
            session["hold_time_local"], session["hold_time_peer"] = _number(words[1]), _number(words[2])
    elif section == "Families" and len(words) >= 4 and words[2] == words[3] == "enabled":
        session["families"].append(f"{words[0]} {words[1].rstrip(':')}")
    elif section == "Message" and len(words) == 3:
        kind = words[0].rstrip(":")
        session["sent"][kind], session["received"][kind] = _number(words[1]), _number(words[2])


def announced(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Read the answer to C(show adj-rib out extensive).

    :return: a dict for each route that the daemon holds for a neighbor:
        C(peer_address), C(local_address), C(family), C(prefix), C(next_hop), C(origin),
        C(as_path), C(med), C(local_preference), C(communities), C(large_communities),
        C(extended_communities), C(label), C(rd), C(path_information), C(originator_id), C(cluster_list),
        C(atomic_aggregate), C(aggregator). Lines of families that are no prefixes are left out.
    """
    routes: list[dict[str, Any]] = []
    for line in lines:
        match = _ROUTE.match(line)
        if match is None:
            continue
        route: dict[str, Any] = {
            "peer_address": match["peer"],
            "local_address": match["local"],
            "family": match["family"],
            "prefix": match["prefix"],
            "next_hop": None,
            "origin": None,
            "as_path": [],
            "med": None,
            "local_preference": None,
            "communities": [],
            "large_communities": [],
            "extended_communities": [],
            "label": None,
            "rd": None,
            "path_information": None,
            "originator_id": None,
            "cluster_list": [],
            "atomic_aggregate": False,
            "aggregator": None,
        }
        for name, value in _ATTRIBUTE.findall(match["attributes"]):
            if name == "atomic-aggregate":
                route["atomic_aggregate"] = True
            elif name == "aggregator":
                route["aggregator"] = value.strip("() ")
            elif name == "path-information":
                route["path_information"] = _identity.path_number(value)
            elif name == "label" and not value.isdigit():
                route["label"] = value.strip("[] ")
            elif name in _LISTS:
                route[_LISTS[name]] = [_READ.get(name, str)(item) for item in value.strip("[]()").split()]
            elif name in _NUMBERS:
                route[_NUMBERS[name]] = int(value)
            else:
                route[name.replace("-", "_")] = value
        routes.append(route)
    return routes


def rules(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Read the FlowSpec rules of the answer to C(show adj-rib out extensive).

    :return: a dict for each rule: C(peer_address), C(local_address), C(family), C(rule) (its identity as two lists, see
        _identity.py) and C(text), the daemon's own words.
    """
    found = []
    for line in lines:
        match = _RULE.match(line)
        if match is None:
            continue
        rest = _identity.without_unknown(match["rest"])
        skeleton, ports = _identity.rule_of_words(rest.split())
        found.append(
            {
                "peer_address": match["peer"],
                "local_address": match["local"],
                "family": match["family"],
                "rule": [skeleton, list(ports)],
                "text": match["rest"],
            }
        )
    return found


def extended_community(text: str) -> str:
    """The usual spelling of an extended community.

    ExaBGP puts an IPv4 address behind its number (C(origin:5:10.0.0.1)), and 4.2 an L behind a 4-byte AS (C(70000L)).
    """
    parts = [part[:-1] if part[:-1].isdigit() and part.endswith("L") else part for part in text.split(":")]
    if len(parts) == 3 and "." in parts[2]:
        parts[1], parts[2] = parts[2], parts[1]
    return ":".join(parts)


_READ: dict[str, Callable[[str], Any]] = {"as-path": int, "extended-community": extended_community}


def seconds(text: str) -> int | None:
    """Read a duration as Python prints a timedelta (C(1 day, 2:03:04)).

    :return: whole seconds, or None where the text holds no duration.
    """
    match = _DURATION.search(text)
    if match is None:
        return None
    days, hours, minutes, secs = (int(match[part] or 0) for part in ("days", "hours", "minutes", "seconds"))
    return ((days * 24 + hours) * 60 + minutes) * 60 + secs


def _number(word: str) -> int | None:
    return int(word) if word.isdigit() else None
