# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interpreters of this machine."""

from __future__ import annotations

import subprocess

from tests.tools import tree


def find(*versions: str) -> str | None:
    """Return the path of an interpreter of the first of `versions` (like "3.11") at hand, or None."""
    script = tree.ROOT / "tests" / "tools" / "python-for"
    found = subprocess.run([str(script), *versions], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None
