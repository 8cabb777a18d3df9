# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter door to a name for what a folder holds."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

SUFFIXES = (".py", ".txt")


@functools.cache
def fingerprint(folder: str, *more: str) -> str:
    """A short name that changes with the Python files and lock files of a folder, and with the texts `more`."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix in SUFFIXES and path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\0{path.relative_to(folder)} {content}".encode())
    return digest.hexdigest()[:12]


class FilterModule:
    """Filters of the collection."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"fingerprint": lambda folder, *more: fingerprint(str(folder), *map(str, more))}
