# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter door to the table of services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._service_status import drained, table


class FilterModule:
    """Filters of the collection."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"service_status": table, "drained_services": drained}
