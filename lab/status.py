# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions and prefixes as both ends see them; also for tests: ``collect(Lab())`` returns plain data."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from . import hosts, inside, preflight
from .errors import LabError
from .lifecycle import Lab
from .parsers import Peer, parse_bird, parse_frr, parse_gobgp
from .podman import Container
from .topology import Router, Session

_QUERY_TIMEOUT_S = 15
_SESSION_TITLES = (
    "SITE",
    "SESSION",
    "SOFTWARE",
    "ROUTER",
    "HOST",
    "SECURITY",
    "ROUTER SAYS",
    "UPTIME",
    "LEARNED",
    "HOST SAYS",
    "ANNOUNCED",
)
_ROUTE_TITLES = ("SESSION", "PREFIX", "NEXT HOP", "MED", "AS PATH", "COMMUNITIES")


def collect(lab: Lab) -> list[dict[str, Any]]:
    """Ask every router and return one mapping per session, in the order of the topology.

    Keys: name, site, router, software, host, local_address, local_as, peer_address, peer_as (local is the router;
    peer_as is what it expects), families, md5, ttl_security, passive, state (``established`` or ``down``), state_raw
    (the router's own word, or why it could not be asked), uptime_s, last_error, routes. A route has prefix, next_hop,
    as_path, med, communities, large_communities, extended_communities. host_state is the daemon's word at the other
    end, or why there is none, and host_prefixes what it announces. Never raises for what is down.
    """
    preflight.check_machine()
    containers = lab.podman.containers()
    expected_as = lab.state.faults().peer_as
    with ThreadPoolExecutor() as pool:
        answers = {host: pool.submit(hosts.ask, containers.get(host)) for host in lab.topology.hosts}
        asked = pool.map(lambda router: _ask(router, containers.get(router.name)), lab.topology.routers.values())
        return [
            {
                **_describe(router, session, peers.get(session.name), expected_as),
                **_other_end(session, answers[session.host].result()),
            }
            for router, peers in zip(lab.topology.routers.values(), asked, strict=True)
            for session in router.sessions
        ]


def _ask(router: Router, container: Container | None) -> dict[str, Peer]:
    """Return the router's peers by session name."""
    try:
        if container is None or not container.running:
            raise LabError("container not running")
        by_key = {"frr": _ask_frr, "bird": _ask_bird, "gobgp": _ask_gobgp}[router.software](router, container.pid)
    except (LabError, json.JSONDecodeError) as error:
        reason = str(error) if container is None or not container.running else "daemon not running"
        return {session.name: Peer(state_raw=reason) for session in router.sessions}
    key = "name" if router.software == "bird" else "peer_address"
    return {
        session.name: by_key[getattr(session, key)] for session in router.sessions if getattr(session, key) in by_key
    }


def _ask_frr(router: Router, pid: int) -> dict[str, Peer]:
    commands = ("show bgp neighbors json", "show bgp ipv4 unicast json detail", "show bgp ipv6 unicast json detail")
    return parse_frr(_query(pid, "vtysh", *(word for command in commands for word in ("-c", command))))


def _ask_bird(router: Router, pid: int) -> dict[str, Peer]:
    return parse_bird(
        _query(pid, "birdc", "show", "status"),
        _query(pid, "birdc", "show", "protocols", "all"),
        # The tables of the unicast families; a session may have others.
        "\n".join(_query(pid, "birdc", "show", "route", "table", table, "all") for table in ("master4", "master6")),
    )


def _ask_gobgp(router: Router, pid: int) -> dict[str, Peer]:
    neighbors = _query(pid, "gobgp", "neighbor", "-j")
    up = {address for address, peer in parse_gobgp(neighbors, {}, time.time()).items() if peer.established}
    adj_in = {
        session.peer_address: "".join(
            # Not checked: a session that went down since is answered with an error.
            _query(pid, "gobgp", "neighbor", session.peer_address, "adj-in", "-a", family.split()[0], "-j", check=False)
            for family in session.families
            if family.endswith(" unicast")
        )
        for session in router.sessions
        if session.peer_address in up
    }
    return parse_gobgp(neighbors, adj_in, time.time())


def _query(pid: int, *command: str, check: bool = True) -> str:
    return inside.enter(pid, *command, check=check, timeout=_QUERY_TIMEOUT_S).stdout


def _describe(router: Router, session: Session, peer: Peer | None, expected_as: Mapping[str, int]) -> dict[str, Any]:
    peer = peer or Peer(state_raw="not configured")
    return {
        "name": session.name,
        "site": router.site,
        "router": router.name,
        "software": router.software,
        "host": session.host,
        "local_address": session.local_address,
        "local_as": session.local_as,
        "peer_address": session.peer_address,
        "peer_as": expected_as.get(session.name, session.peer_as),
        "families": list(session.families),
        "md5": session.md5,
        "ttl_security": session.ttl_security,
        "passive": session.passive,
        "state": "established" if peer.established else "down",
        "state_raw": peer.state_raw,
        "uptime_s": peer.uptime_s,
        "last_error": peer.last_error,
        "routes": [
            {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(route).items()}
            for route in peer.routes
        ],
    }


def _other_end(session: Session, answer: dict[tuple[str, str], dict[str, Any]] | str) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"host_state": answer, "host_prefixes": []}
    found = answer.get((session.local_address, session.peer_address), {"state": "not configured", "prefixes": []})
    return {"host_state": found["state"], "host_prefixes": found["prefixes"]}


def table(sessions: Sequence[Mapping[str, Any]]) -> str:
    """Return sessions and their prefixes as two tables of text."""
    up = sum(item["state"] == "established" and item["host_state"] == "ESTABLISHED" for item in sessions)
    heads = [
        (
            item["site"],
            item["name"],
            item["software"],
            f"{item['local_address']} AS{item['local_as']}",
            f"{item['peer_address']} AS{item['peer_as']}",
            "/".join(word for word, on in (("md5", item["md5"]), ("gtsm", item["ttl_security"])) if on) or "-",
            item["state_raw"] + (f" ({item['last_error']})" if item["last_error"] else ""),
            duration(item["uptime_s"]),
            str(len(item["routes"])),
            item["host_state"].capitalize(),
            str(len(item["host_prefixes"])),
        )
        for item in sessions
    ]
    routes = [
        (
            item["name"],
            route["prefix"],
            route["next_hop"] or "-",
            "-" if route["med"] is None else str(route["med"]),
            " ".join(map(str, route["as_path"])) or "-",
            " ".join([*route["communities"], *route["large_communities"], *route["extended_communities"]]) or "-",
        )
        for item in sessions
        for route in item["routes"]
    ]
    text = _columns([_SESSION_TITLES, *heads])
    if routes:
        text += "\n\n" + _columns([_ROUTE_TITLES, *routes])
    return f"{text}\n\n{up} of {len(sessions)} sessions established at both ends, {len(routes)} prefixes learned"


def duration(seconds: int | None) -> str:
    """Return seconds in words of at most two units, e.g. ``1h05m``."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
