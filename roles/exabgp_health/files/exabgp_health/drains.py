# SPDX-License-Identifier: GPL-3.0-or-later
"""Drains on disk, so that they outlive a restart. The file holds times of the wall clock."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .machine import Drain


def load(path: Path, now: float) -> dict[str, Drain]:
    """The drains that have not ended, by service. A file that cannot be read holds none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {name: drain for name, entry in data.items() if (drain := _read(entry, now)) is not None}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _read(entry: Mapping[str, Any], now: float) -> Drain | None:
    wall = time.time()
    until = None if entry["until"] is None else now + entry["until"] - wall
    if until is not None and until <= now:
        return None
    return Drain(now - max(0.0, wall - entry["since"]), until, str(entry["mode"]), str(entry["run"]))


def save(path: Path, drains: Mapping[str, Drain], now: float) -> str:
    """Write the drains; return what went wrong, or "". A full disk does not end a drain."""
    offset = time.time() - now
    data = {
        name: {
            "since": drain.since + offset,
            "until": None if drain.until is None else drain.until + offset,
            "mode": drain.mode,
            "run": drain.run,
        }
        for name, drain in drains.items()
    }
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(json.dumps(data), encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        return f"{path}: {error.strerror}"
    return ""
