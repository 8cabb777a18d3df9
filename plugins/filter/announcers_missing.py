# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter door to the count of announcers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._announcers import drain_refusals, refusals


def announcers_missing(
    answers: Mapping[str, Any], fleet: Mapping[str, Any], batch: Iterable[str], minimum: int = 1
) -> list[str]:
    """The prefixes that too few hosts would announce; see _announcers.refusals."""
    return refusals(answers, _plans(fleet), batch, int(minimum))


def drain_refused(
    answers: Mapping[str, Any],
    fleet: Mapping[str, Any],
    batch: Iterable[str],
    services: Iterable[str],
    minimum: int | None = None,
) -> list[str]:
    """The prefixes of services that too few hosts would announce; see _announcers.drain_refusals."""
    return drain_refusals(answers, _plans(fleet), batch, services, None if minimum is None else int(minimum))


def _plans(fleet: Mapping[str, Any]) -> dict[str, Any]:
    return {host: entry["plan"] for host, entry in fleet.items()}


class FilterModule:
    """Filters of the collection."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"announcers_missing": announcers_missing, "drain_refused": drain_refused}
