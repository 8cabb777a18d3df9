# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of services and checks for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_VALUE = {"up": 1.0, "down": 0.0}


class _State(Collector):
    def __init__(self, status: Callable[[], Mapping[str, Any]]) -> None:
        self._status = status

    def collect(self) -> Iterator[GaugeMetricFamily]:
        status = self._status()
        announced = GaugeMetricFamily(
            "exabgp_health_service_announced", "Whether the service is announced", labels=["service", "state"]
        )
        for name, service in status["services"].items():
            announced.add_metric([name, service["state"]], float(service["announced"]))
        yield announced
        up = GaugeMetricFamily("exabgp_health_check_up", "1 up, 0 down, -1 unknown", labels=["check", "type"])
        for name, check in status["checks"].items():
            up.add_metric([name, check["type"]], _VALUE.get(check["state"], -1.0))
        yield up
        yield GaugeMetricFamily(
            "exabgp_health_refused", "Routes that ExaBGP or the allow-list refused", len(status["refused"])
        )


def serve(address: str, port: int, status: Callable[[], Mapping[str, Any]]) -> None:
    """Serve the state over HTTP in a thread of its own. Raises OSError where the port is taken."""
    registry = CollectorRegistry()
    registry.register(_State(status))
    start_http_server(port, address, registry)
