# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53 health checks and targets of load balancers, through boto3 with the credentials of the host's role."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.config

from .. import threads
from ..machine import Result

# CloudWatch has Route 53's metrics there only, one value a minute.
ROUTE53_REGION = "us-east-1"
_WINDOW = datetime.timedelta(minutes=5)
_GOOD = "Success"


@functools.cache
def _client(service: str, region: str, endpoint: str | None) -> Any:
    settings = botocore.config.Config(connect_timeout=5, read_timeout=5, retries={"max_attempts": 1})
    return boto3.client(service, region_name=region, endpoint_url=endpoint, config=settings)  # type: ignore[call-overload]


async def route53(check: Mapping[str, Any]) -> Result:
    return await threads.run(_metric if check["via"] == "cloudwatch" else _observers, check)


def _metric(check: Mapping[str, Any]) -> Result:
    """The newest HealthCheckStatus of CloudWatch: 1 or 0."""
    now = datetime.datetime.now(datetime.timezone.utc)
    answer = _client("cloudwatch", ROUTE53_REGION, check["endpoint"]).get_metric_statistics(
        Namespace="AWS/Route53",
        MetricName="HealthCheckStatus",
        Dimensions=[{"Name": "HealthCheckId", "Value": check["health_check_id"]}],
        StartTime=now - _WINDOW,
        EndTime=now,
        Period=60,
        Statistics=["Minimum"],
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    if not points:
        return Result("unknown", "CloudWatch has no value of the last 5 minutes")
    good = points[-1]["Minimum"] >= 1
    return Result("up" if good else "down", f"Route 53 says {'healthy' if good else 'unhealthy'}")


def _observers(check: Mapping[str, Any]) -> Result:
    """What Route 53's checkers saw last. Healthy while more than 18% of them say so, as Route 53 itself decides."""
    answer = _client("route53", ROUTE53_REGION, check["endpoint"]).get_health_check_status(
        HealthCheckId=check["health_check_id"]
    )
    reports = [item["StatusReport"]["Status"] for item in answer["HealthCheckObservations"] if "StatusReport" in item]
    if not reports:
        return Result("unknown", "no checker has an observation")
    good = sum(report.startswith(_GOOD) for report in reports)
    status = "up" if good / len(reports) > 0.18 else "down"
    return Result(status, f"{good} of {len(reports)} checkers see it healthy")


async def target_group(check: Mapping[str, Any]) -> Result:
    return await threads.run(_targets, check)


def _targets(check: Mapping[str, Any]) -> Result:
    region = check["region"] or check["arn"].split(":")[3]
    answer = _client("elbv2", region, check["endpoint"]).describe_target_health(TargetGroupArn=check["arn"])
    states = [item["TargetHealth"]["State"] for item in answer["TargetHealthDescriptions"]]
    if states and all(state == "unused" for state in states):
        return Result("unknown", "no load balancer uses the target group, so nobody probes it")
    good = states.count("healthy")
    return Result("up" if good >= check["min_healthy"] else "down", f"{good} of {len(states)} targets are healthy")
