# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of a load balancing rule (Azure Resource Manager, loadBalancingRules/health), with the host's identity."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from typing import Any

from azure.core.pipeline.policies import RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from .. import threads
from ..machine import Result

CLOUD = "https://management.azure.com"
_API = "2025-07-01"
_PAUSE = 2.0  # seconds between two looks at a running operation


@functools.cache
def _client(endpoint: str) -> ARMPipelineClient[Any, Any]:
    authentication = ARMChallengeAuthenticationPolicy(DefaultAzureCredential(), f"{CLOUD}/.default")
    policies = [RetryPolicy(retry_total=0), authentication]
    return ARMPipelineClient(base_url=endpoint, policies=policies)


async def probe(check: Mapping[str, Any]) -> Result:
    return await threads.run(_ask, check)


def _ask(check: Mapping[str, Any]) -> Result:
    endpoint = check["endpoint"] or CLOUD
    url = (
        f"{endpoint}/subscriptions/{check['subscription_id']}/resourceGroups/{check['resource_group']}/providers/"
        f"Microsoft.Network/loadBalancers/{check['load_balancer']}/loadBalancingRules/{check['rule']}/health"
        f"?api-version={_API}"
    )
    end = time.monotonic() + check["timeout"]
    # A token goes over plain HTTP only where the inventory names such an endpoint.
    options = {"enforce_https": endpoint.startswith("https:")}
    answer = _client(endpoint).send_request(HttpRequest("POST", url), **options)
    while answer.status_code == 202:
        where = answer.headers.get("Location")
        if not where or time.monotonic() > end:
            return Result("unknown", "the operation does not end" if where else "the operation has no Location")
        time.sleep(min(_PAUSE, float(answer.headers.get("Retry-After", _PAUSE))))
        answer = _client(endpoint).send_request(HttpRequest("GET", where), **options)
    if answer.status_code != 200:
        return Result("unknown", f"Azure answered {answer.status_code}")
    found = answer.json()
    if not isinstance(found, dict) or not isinstance(found.get("up"), int):
        return Result("unknown", "the answer has no number of backends that are up")  # as when all of them are off
    total = found["up"] + (found.get("down") or 0)
    return Result("up" if found["up"] >= check["min_healthy"] else "down", f"{found['up']} of {total} backends are up")
