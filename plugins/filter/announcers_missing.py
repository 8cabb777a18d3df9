# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter door to the count of announcers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._announcers import refusals


def announcers_missing(
    answers: Mapping[str, Any], fleet: Mapping[str, Any], batch: Iterable[str], minimum: int = 1
) -> list[str]:
    """The prefixes that too few hosts would announce; see _announcers.refusals."""
    plans = {host: entry["plan"] for host, entry in fleet.items()}
    return refusals(answers, plans, batch, int(minimum))


class FilterModule:
    """Filters of the collection."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"announcers_missing": announcers_missing}
