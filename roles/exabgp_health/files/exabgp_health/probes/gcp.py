# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of a backend service (Compute Engine v1, backendServices.getHealth), with the host's service account."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import google.auth
from google.auth.transport.requests import AuthorizedSession

from .. import threads
from ..machine import Result

CLOUD = "https://compute.googleapis.com/compute/v1"
_SCOPE = "https://www.googleapis.com/auth/compute.readonly"


@functools.cache
def _session() -> AuthorizedSession:
    credentials, _project = google.auth.default(scopes=[_SCOPE])
    return AuthorizedSession(credentials)


async def probe(check: Mapping[str, Any]) -> Result:
    return await threads.run(_ask, check)


def _ask(check: Mapping[str, Any]) -> Result:
    where = f"regions/{check['region']}" if check["region"] else "global"
    base = (
        f"{check['endpoint'] or CLOUD}/projects/{check['project']}/{where}/backendServices/{check['backend_service']}"
    )
    answer = _session().get(base, timeout=check["timeout"])
    if answer.status_code != 200:
        return Result("unknown", f"Compute Engine answered {answer.status_code}")
    groups = [backend["group"] for backend in answer.json().get("backends", [])]
    if not groups:
        return Result("down", "the backend service has no backend")

    def ask(group: str) -> list[str] | None:
        answer = _session().post(f"{base}/getHealth", json={"group": group}, timeout=check["timeout"])
        if answer.status_code != 200:
            return None
        return [item.get("healthState", "") for item in answer.json().get("healthStatus") or []]

    with ThreadPoolExecutor(len(groups)) as pool:
        found = list(pool.map(ask, groups))
    states = [state for group in found for state in group or []]
    good = states.count("HEALTHY")
    if good >= check["min_healthy"]:
        return Result("up", f"{good} of {len(states)} backends are healthy")
    if None in found or not states:
        return Result("unknown", "not all backend groups told their health")
    return Result("down", f"{good} of {len(states)} backends are healthy")
