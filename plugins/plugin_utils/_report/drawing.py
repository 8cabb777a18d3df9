# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Where everything stands in the drawing of one site: hosts at the left, the routers they peer with at the right.

A small site shows each session. A large one shows each host as a tile, and its routers by kind with sessions counted.
Positions are in units that are pixels at a width of WIDTH.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_classes as classes

WIDTH = 360
MOST_HOSTS, MOST_ROUTERS, MOST_PREFIXES = 12, 16, 4
_HOST_WIDTH, _ROUTER_WIDTH = 176, 118
_LINE, _GAP, _PAD = 13, 12, 4
_LETTER = 6.1  # the widest letter of the drawing's font, by its size of 10


def draw(
    site: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]], prefixes: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Lay out one site.

    :return: C(width), C(height), C(dense), C(hosts), C(routers), C(edges) with their positions and texts.
    """
    own = sorted((host for host in hosts if host["site"] == site["name"]), key=_natural)
    peers = {(item["peer_as"], item["peer_address"]) for host in own for item in host["sessions"]}
    if len(own) > MOST_HOSTS or len(peers) > MOST_ROUTERS:
        return _dense(own)
    return _sparse(own, list(prefixes))


def _sparse(own: Sequence[Mapping[str, Any]], prefixes: list[Mapping[str, Any]]) -> dict[str, Any]:
    top = 2.0
    boxes, routers, edges = [], {}, []  # type: list[dict[str, Any]], dict[Any, dict[str, Any]], list[dict[str, Any]]
    for host in own:
        lines = _announcements(host["name"], prefixes)
        height = 2 * _PAD + _LINE * (2 + len(lines))
        size = _HOST_WIDTH - 2 * _PAD - 2
        texts = [_fit(f"AS {_numbers(host)}", size), *(_fit(line, size) for line in lines)]
        boxes.append({**_box(host, 1, top, _HOST_WIDTH, height, size - 14), "lines": texts})
        top += max(height, 34 * len(host["sessions"]) / 2) + _GAP
        for item in host["sessions"]:
            routers.setdefault((item["profile"], item["peer_as"], item["peer_address"]), {"sessions": []})[
                "sessions"
            ].append(item)
    room = 2 * _PAD + 3 * _LINE
    tall = max(top, len(routers) * (room + _GAP) + 2)
    step = tall / max(len(routers), 1)
    left, size = WIDTH - _ROUTER_WIDTH - 1, _ROUTER_WIDTH - 2 * _PAD - 2
    for number, key in enumerate(sorted(routers)):
        profile, peer_as, peer_address = key
        texts = [_fit(text, size) for text in (str(peer_address), f"AS {peer_as}", profile.replace("_", " "))]
        routers[key].update(
            x=left, y=round(step * number + (step - room) / 2, 1), width=_ROUTER_WIDTH, height=room, lines=texts
        )
    for host, box in zip(own, boxes, strict=True):
        count = len(host["sessions"])
        for number, item in enumerate(sorted(host["sessions"], key=lambda one: routers[_key(one)]["y"])):
            router = routers[_key(item)]
            start = box["y"] + box["height"] * (number + 1) / (count + 1)
            end = router["y"] + room / 2
            edges.append(_edge(item, _HOST_WIDTH + 1, start, left, end))
    return {
        "width": WIDTH,
        "height": round(tall),
        "dense": False,
        "hosts": boxes,
        "routers": list(routers.values()),
        "edges": edges,
    }


def _dense(own: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    longest = max((len(host["name"]) for host in own), default=1)
    columns = max(1, min(5, int(WIDTH // (longest * _LETTER + 26))))
    width, height = WIDTH / columns - 4, 20
    kinds: dict[tuple[str, int], Counter[str]] = {}
    for host in own:
        for item in host["sessions"]:
            kinds.setdefault((item["profile"], item["peer_as"]), Counter())[item["status"]] += 1
    top, routers = 2.0, []
    for (profile, peer_as), counts in sorted(kinds.items()):
        told = ", ".join(f"{counts[name]} {name}" for name in reversed(classes.SEVERITIES) if counts[name])
        size = WIDTH - 2 * _PAD - 4
        texts = [
            _fit(f"{profile.replace('_', ' ')}, AS {peer_as}", size),
            _fit(f"{counts.total()} sessions: {told}", size),
        ]
        routers.append({"x": 1, "y": top, "width": WIDTH - 2, "height": 2 * _PAD + 2 * _LINE, "lines": texts})
        top += 2 * _PAD + 2 * _LINE + _GAP
    boxes = []
    for number, host in enumerate(own):
        row, column = divmod(number, columns)
        boxes.append(
            {**_box(host, 1 + column * (width + 4), top + row * (height + 4), width, height, width - 22), "lines": []}
        )
    tall = top + math.ceil(len(own) / columns) * (height + 4)
    return {"width": WIDTH, "height": round(tall), "dense": True, "hosts": boxes, "routers": routers, "edges": []}


def _box(host: Mapping[str, Any], x: float, y: float, width: float, height: float, size: float) -> dict[str, Any]:
    place = {"x": round(x, 1), "y": round(y, 1), "width": round(width, 1), "height": round(height, 1)}
    return {**place, "name": host["name"], "label": _fit(host["name"], size), "status": host["status"]}


def _edge(item: Mapping[str, Any], x1: float, y1: float, x2: float, y2: float) -> dict[str, Any]:
    middle = (x1 + x2) / 2
    return {
        "path": f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}",
        "x": round(x1 + 9, 1),
        "y": round(y1, 1),
        "status": item["status"],
        "title": f"{item['host']}, {item['neighbor']}: daemon {item['daemon']}, cloud {item['cloud']}",
    }


def _announcements(name: str, prefixes: list[Mapping[str, Any]]) -> list[str]:
    """What a host announces, each prefix once with the MEDs that it has; then how many are left out."""
    meds: dict[str, set[str]] = {}
    for row in prefixes:
        if row["host"] == name and row["announced"]:
            meds.setdefault(row["prefix"], set()).add("none" if row["med"] is None else str(row["med"]))
    lines = [" ".join([item, *_told(values)]) for item, values in meds.items()]
    if len(lines) > MOST_PREFIXES:
        return [*lines[: MOST_PREFIXES - 1], f"and {len(lines) - MOST_PREFIXES + 1} prefixes more"]
    return lines or ["announces nothing"]


def _told(meds: set[str]) -> list[str]:
    return [] if meds == {"none"} else [f"MED {'/'.join(sorted(meds))}"]


def _natural(host: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Orders edge-2 before edge-10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", host["name"])]


def _fit(text: str, width: float) -> dict[str, Any]:
    """A text, and the width that it has to be squeezed into when it is longer."""
    return {"text": text, "squeeze": round(width, 1) if len(text) * _LETTER > width else None}


def _numbers(host: Mapping[str, Any]) -> str:
    return ", ".join(str(number) for number in sorted({item["local_as"] for item in host["sessions"]})) or "none"


def _key(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return item["profile"], item["peer_as"], item["peer_address"]
