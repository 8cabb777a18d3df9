# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes: one file a kind, imported when a check of the kind is configured.

A probe is a coroutine function of a check's fields that returns a machine.Result. The scheduler ends it at the check's
timeout and turns what it raises into a result, so a probe has neither for itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..machine import Result

Probe = Callable[[Mapping[str, Any]], Awaitable[Result]]

_PROBES = {
    "http": "http.probe",
    "https": "http.probe",
    "peer": "http.probe",
    "tcp": "tcp.probe",
    "udp": "udp.probe",
    "dns": "dns.probe",
    "command": "command.probe",
    "systemd": "systemd.probe",
    "file": "file.probe",
    "load": "load.probe",
    "process": "process.probe",
    "interface": "network.interface",
    "address": "network.address",
    "aws_route53": "aws.route53",
    "aws_target_group": "aws.target_group",
    "azure_load_balancer": "azure.probe",
    "gcp_backend_service": "gcp.probe",
}


def find(kind: str) -> Probe:
    """Return the probe of a type of check. Raises ImportError where a library is missing."""
    name, _dot, function = _PROBES[kind].partition(".")
    probe: Probe = getattr(importlib.import_module(f"{__name__}.{name}"), function)
    return probe
