# SPDX-License-Identifier: GPL-3.0-or-later
"""What FRR, BIRD and GoBGP print, turned into one form. Pure: text in, data out.

Written against the output of FRR 8.4.4, BIRD 2.0.12 and GoBGP 3.10.0 (Debian bookworm).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# RFC 1997, 3765, 7999, 8326.
_WELL_KNOWN = {
    "65535:0": "graceful-shutdown",
    "65535:666": "blackhole",
    "65535:65281": "no-export",
    "65535:65282": "no-advertise",
    "65535:65283": "no-export-subconfed",
    "65535:65284": "no-peer",
}
_FRR_NAMES = {"local-AS": "no-export-subconfed"}
_EXTENDED = {"rt": "target", "ro": "origin", "soo": "origin"}
_GOBGP_STATES = ("Unknown", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established")
_GOBGP_EXTENDED = {2: "target", 3: "origin"}


@dataclass(frozen=True)
class LearnedRoute:
    """One route as a router received it; communities in the inventory's spelling."""

    prefix: str
    next_hop: str | None
    as_path: tuple[int, ...] = ()
    med: int | None = None
    communities: tuple[str, ...] = ()
    large_communities: tuple[str, ...] = ()
    extended_communities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Peer:
    """One session as a router sees it. ``uptime_s`` is None unless it is established."""

    state_raw: str
    uptime_s: int | None = None
    last_error: str | None = None
    routes: tuple[LearnedRoute, ...] = field(default=())

    @property
    def established(self) -> bool:
        """Tell whether the session is up."""
        return self.state_raw == "Established"


def parse_frr(text: str) -> dict[str, Peer]:
    """Parse the JSON documents of ``show bgp neighbors json`` and ``show bgp FAMILY unicast json detail``, in a row.

    Returns the peers by their address.
    """
    neighbors, *tables = _documents(text)
    routes: dict[str, list[LearnedRoute]] = {}
    for table in tables:
        for prefix, items in table.get("routes", {}).items():
            # The first item only repeats the prefix; the others are its paths.
            for path in items:
                if "peer" in path:
                    routes.setdefault(path["peer"]["peerId"], []).append(_frr_route(prefix, path))
    peers: dict[str, Peer] = {}
    for address, item in neighbors.items():
        established = item["bgpState"] == "Established"
        peers[address] = Peer(
            state_raw=item["bgpState"],
            uptime_s=item.get("bgpTimerUpMsec", 0) // 1000 if established else None,
            last_error=None if established else item.get("lastNotificationReason") or _frr_reset(item),
            routes=_sorted(routes.get(address, [])),
        )
    return peers


def _frr_reset(item: Mapping[str, Any]) -> str | None:
    reason: str | None = item.get("lastResetDueTo")
    # FRR says so of a peer that was never up, whatever keeps it down.
    return None if reason == "No AFI/SAFI activated for peer" else reason


def _frr_route(prefix: str, path: Mapping[str, Any]) -> LearnedRoute:
    hops = [hop["ip"] for hop in path.get("nexthops", ()) if hop.get("scope") != "link-local"]
    numbers = [number for segment in path.get("aspath", {}).get("segments", ()) for number in segment["list"]]
    communities = path.get("community", {}).get("string", "").split()
    return LearnedRoute(
        prefix=prefix,
        next_hop=hops[0] if hops else None,
        as_path=tuple(numbers),
        med=path.get("metric"),
        communities=tuple(_FRR_NAMES.get(name, _WELL_KNOWN.get(name, name)) for name in communities),
        large_communities=tuple(path.get("largeCommunity", {}).get("string", "").split()),
        extended_communities=tuple(
            _extended(*word.split(":", 1)) for word in path.get("extendedCommunity", {}).get("string", "").split()
        ),
    )


def parse_bird(status: str, protocols: str, routes: str) -> dict[str, Peer]:
    """Parse ``show status``, ``show protocols all`` and ``show route all`` (with ``timeformat ... iso long``).

    Returns the BGP peers by the name of their protocol.
    """
    match = re.search(r"^Current server time is (\S+ \S+)", status, re.MULTILINE)
    now = _bird_time(match.group(1)) if match else None
    learned: dict[str, list[LearnedRoute]] = {}
    for name, route in _bird_routes(routes):
        learned.setdefault(name, []).append(route)
    peers: dict[str, Peer] = {}
    for block in re.split(r"\n(?=\S)", protocols):
        head = re.match(r"(\S+)\s+BGP\s+\S+\s+\S+\s+(\S+ \S+)", block)
        if head is None:
            continue
        name, since = head.group(1), _bird_time(head.group(2))
        state = re.search(r"^ +BGP state: +(\S.*)$", block, re.MULTILINE)
        error = re.search(r"^ +Last error: +(\S.*)$", block, re.MULTILINE)
        raw = state.group(1).strip() if state else "Down"
        established = raw == "Established"
        peers[name] = Peer(
            state_raw=raw,
            uptime_s=max(0, int((now - since).total_seconds())) if established and now and since else None,
            last_error=error.group(1).strip() if error and not established else None,
            routes=_sorted(learned.get(name, [])),
        )
    return peers


def _bird_routes(text: str) -> Iterator[tuple[str, LearnedRoute]]:
    """Yield (protocol, route).

    BIRD prints a prefix once for all of its routes; a long attribute goes on on lines that begin with two tabs.
    """
    prefix = ""
    name: str | None = None
    attributes: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        head = re.match(r"(\S*)\s+(?:unicast|unreachable|blackhole|prohibit)\s+\[(\S+) ", line)
        if head is not None:
            if name is not None and attributes:
                yield name, _bird_route(prefix, attributes)
            prefix, name, attributes = head.group(1) or prefix, head.group(2), {}
        elif line.startswith("\t\t") and last:
            attributes[last] += " " + line.strip()
        elif (match := re.match(r"\tBGP\.(\w+): ?(.*)", line)) is not None:
            last = match.group(1)
            attributes[last] = match.group(2)
        else:
            last = ""
    if name is not None and attributes:
        yield name, _bird_route(prefix, attributes)


def _bird_route(prefix: str, attributes: Mapping[str, str]) -> LearnedRoute:
    def groups(name: str) -> list[list[str]]:
        return [
            [part.strip() for part in group.split(",")]
            for group in re.findall(r"\(([^)]*)\)", attributes.get(name, ""))
        ]

    hops = attributes.get("next_hop", "").split()
    med = attributes.get("med")
    return LearnedRoute(
        prefix=prefix,
        next_hop=hops[0] if hops else None,
        as_path=tuple(int(word) for word in re.findall(r"\d+", attributes.get("as_path", ""))),
        med=None if med is None else int(med),
        communities=tuple(_community(*group) for group in groups("community")),
        large_communities=tuple(":".join(group) for group in groups("large_community")),
        extended_communities=tuple(_extended(kind, ":".join(rest)) for kind, *rest in groups("ext_community")),
    )


def _bird_time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def parse_gobgp(neighbors: str, adj_in: Mapping[str, str], now: float) -> dict[str, Peer]:
    """Parse ``gobgp neighbor -j`` and, by peer and family, ``gobgp neighbor PEER adj-in -a FAMILY -j``.

    ``adj_in`` maps a peer's address to all of its documents in a row; ``now`` is the time in seconds since 1970.
    Returns the peers by their address. The keys that GoBGP prints are left where they are.
    """
    peers: dict[str, Peer] = {}
    for item in json.loads(neighbors):
        state = item.get("state", {})
        address = item["conf"]["neighbor_address"]
        raw = _GOBGP_STATES[state.get("session_state", 0)]
        since = item.get("timers", {}).get("state", {}).get("uptime", {}).get("seconds")
        routes = [
            _gobgp_route(prefix, path)
            for document in _documents(adj_in.get(address, ""))
            for prefix, paths in document.items()
            if prefix != "error"
            for path in paths
        ]
        peers[address] = Peer(
            state_raw=raw,
            uptime_s=max(0, int(now - since)) if raw == "Established" and since else None,
            routes=_sorted(routes),
        )
    return peers


def _gobgp_route(prefix: str, path: Mapping[str, Any]) -> LearnedRoute:
    by_type: dict[int, dict[str, Any]] = {attribute["type"]: attribute for attribute in path.get("attrs", ())}
    # Attribute types of RFC 4271, 1997, 4360, 4760 and 8092; MP_REACH_NLRI (14) carries the next hop of IPv6.
    hop = by_type.get(3, {}).get("nexthop") or by_type.get(14, {}).get("nexthop")
    return LearnedRoute(
        prefix=prefix,
        next_hop=hop,
        as_path=tuple(number for part in by_type.get(2, {}).get("as_paths", ()) for number in part["asns"]),
        med=by_type.get(4, {}).get("metric"),
        communities=tuple(
            _community(str(number >> 16), str(number & 0xFFFF)) for number in by_type.get(8, {}).get("communities", ())
        ),
        large_communities=tuple(
            f"{item['ASN']}:{item['LocalData1']}:{item['LocalData2']}" for item in by_type.get(32, {}).get("value", ())
        ),
        extended_communities=tuple(
            f"{_GOBGP_EXTENDED.get(item.get('subtype'), item.get('subtype'))}:{item['value']}"
            for item in by_type.get(16, {}).get("value", ())
        ),
    )


def _community(high: str, low: str) -> str:
    text = f"{high}:{low}"
    return _WELL_KNOWN.get(text, text)


def _extended(kind: str, value: str) -> str:
    return f"{_EXTENDED.get(kind.lower(), kind.lower())}:{value}"


def _documents(text: str) -> Iterator[Any]:
    """Yield the JSON documents that stand one after the other in a text."""
    decoder = json.JSONDecoder()
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        document, position = decoder.raw_decode(text, position)
        yield document


def _sorted(routes: list[LearnedRoute]) -> tuple[LearnedRoute, ...]:
    def order(route: LearnedRoute) -> tuple[int, int, int]:
        network = ipaddress.ip_network(route.prefix)
        return network.version, int(network.network_address), network.prefixlen

    return tuple(sorted(routes, key=order))
