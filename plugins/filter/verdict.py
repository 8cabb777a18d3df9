# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter door to the verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._verdict import verdict


def _verdict(answer: Any, plan: Any, health: Any = None, cloud: Any = None, options: Any = None) -> dict[str, Any]:
    return verdict(plan, answer, health, cloud, options)


class FilterModule:
    """Filters of the collection."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"verdict": _verdict}
