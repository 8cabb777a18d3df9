# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check can be: its types with their fields, as data.

Read by the agent, by the controller's plan and by the documentation. Nothing but the standard library is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import readers as r

MISSING = object()


class Problem(NamedTuple):
    """A field of an entry that is wrong, and why."""

    field: str
    reason: str


@dataclass(frozen=True)
class Field:
    """One field of a check: how it is read, what it is when it is not given, and what it means."""

    read: r.Reader
    meaning: str
    default: Any = None

    @property
    def required(self) -> bool:
        return self.default is MISSING


@dataclass(frozen=True)
class Type:
    """One type of check. `shared`: it asks a cloud, and so is asked seldom."""

    meaning: str
    fields: Mapping[str, Field]
    interval: float = 1.0
    timeout: float = 1.0
    rise: int = 2
    fall: int = 2
    lowest_interval: float = 0.1
    extra: str = ""

    def common(self) -> dict[str, Field]:
        """The fields of every check, with the defaults of this type."""
        return {
            "interval": Field(
                r.duration(self.lowest_interval, 3600),
                "time between probes, half of it while the state is in doubt",
                self.interval,
            ),
            "timeout": Field(r.duration(0.01, 300), "after which a probe without an answer has failed", self.timeout),
            "rise": Field(r.integer(1, 1000), "good probes in a row until it is up", self.rise),
            "fall": Field(r.integer(1, 1000), "bad probes in a row until it is down", self.fall),
            "start": Field(r.choice("unknown", "up", "down"), "what it is before the first verdict", "unknown"),
            "jitter": Field(r.number(0, 0.5), "part of the interval by which a probe may come earlier", 0.1),
        }

    def all_fields(self) -> dict[str, Field]:
        return {**self.common(), **self.fields}


_HTTP = {
    "method": Field(r.choice("GET", "HEAD", "POST"), "method of the request", "GET"),
    "status": Field(r.statuses, "status codes that are good: numbers, or classes such as `2xx`", list(range(200, 300))),
    "body": Field(r.pattern, "regular expression that has to be found in the first 64 KiB of the body"),
    "header": Field(r.patterns, "regular expressions by name of a response header"),
    "host": Field(r.text, "value of the request's Host header"),
}
_TLS = {
    "tls_name": Field(r.text, "name that the certificate has to be for; the URL's host by default"),
    "ca_file": Field(r.path, "certificates to trust; the system's by default"),
    "verify": Field(r.boolean, "whether the certificate is checked", True),
    "expiry_days": Field(r.integer(0, 3650), "down when the certificate ends within so many days"),
}
_ENDPOINT = {
    "host": Field(r.text, "address or name", "127.0.0.1"),
    "port": Field(r.integer(1, 65535), "port", MISSING),
}
_CLOUD: dict[str, Any] = {"interval": 30.0, "timeout": 10.0, "lowest_interval": 10.0}

TYPES: Mapping[str, Type] = {
    "http": Type("an HTTP request", {"url": Field(r.url("http"), "what is asked", MISSING), **_HTTP}),
    "https": Type(
        "an HTTPS request, the certificate included",
        {"url": Field(r.url("https"), "what is asked", MISSING), **_HTTP, **_TLS},
    ),
    "tcp": Type(
        "a TCP connection",
        {
            **_ENDPOINT,
            "send": Field(r.text, "text to send"),
            "expect": Field(r.pattern, "regular expression that has to be found in the answer"),
        },
    ),
    "udp": Type(
        "a UDP datagram and its answer",
        {
            **_ENDPOINT,
            "send": Field(r.text, "text to send", MISSING),
            "expect": Field(r.pattern, "regular expression that has to be found in the answer", ""),
        },
    ),
    "dns": Type(
        "a DNS query",
        {
            "server": Field(r.address, "address of the server", "127.0.0.1"),
            "port": Field(r.integer(1, 65535), "port of the server", 53),
            "name": Field(r.text, "name to ask for", MISSING),
            "rtype": Field(r.choice("A", "AAAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"), "type to ask for", "A"),
            "answer": Field(r.texts, "values that have to be in the answer; any by default"),
            "transport": Field(r.choice("udp", "tcp"), "transport", "udp"),
        },
    ),
    "command": Type(
        "a program and its exit code; it is ended with its children at the timeout",
        {
            "argv": Field(r.command, "absolute path of the program, and arguments; no shell", MISSING),
            "exit": Field(r.numbers, "exit codes that are good", [0]),
        },
        interval=5.0,
        timeout=5.0,
        lowest_interval=0.5,
    ),
    "systemd": Type(
        "the state of a systemd unit, told by systemd as it changes",
        {"unit": Field(r.unit, "the unit; up while it is active or reloading", MISSING)},
        interval=30.0,
        timeout=5.0,
        rise=1,
        fall=1,
        lowest_interval=1.0,
    ),
    "file": Type(
        "a file",
        {
            "path": Field(r.path, "the file", MISSING),
            "must": Field(r.choice("exist", "absent"), "what is good", "exist"),
            "max_age": Field(r.duration(1), "the longest time since it was written, for one that must exist"),
        },
    ),
    "load": Type(
        "load of the host, in percent; load averages in percent of its cores",
        {
            "what": Field(r.choice("cpu", "memory", "load1", "load5", "load15"), "what is measured", "cpu"),
            "max": Field(r.number(0, 100000), "down above; without it the check only gives a level"),
        },
        interval=5.0,
    ),
    "process": Type(
        "processes that the agent's user may see",
        {
            "name": Field(r.text, "name of the program", MISSING),
            "min": Field(r.integer(1, 100000), "how many there have to be", 1),
        },
        interval=5.0,
    ),
    "interface": Type("a network interface", {"name": Field(r.text, "the interface; up while it is", MISSING)}),
    "address": Type(
        "an address on this host",
        {
            "address": Field(r.address, "the address", MISSING),
            "interface": Field(r.text, "the interface that has to have it; any by default"),
        },
    ),
    "peer": Type(
        "the endpoint of another site",
        {"url": Field(r.url("http", "https"), "what is asked", MISSING), **_HTTP, **_TLS},
        interval=5.0,
        timeout=3.0,
    ),
    "aws_route53": Type(
        "a Route 53 health check",
        {
            "health_check_id": Field(r.text, "its identifier", MISSING),
            "via": Field(r.choice("cloudwatch", "api"), "whom to ask; the API has a low quota", "cloudwatch"),
            "endpoint": Field(r.url("http", "https"), "another endpoint of the API"),
        },
        **_CLOUD,
        extra="aws",
    ),
    "aws_target_group": Type(
        "the healthy targets of a load balancer's target group",
        {
            "arn": Field(r.text, "its ARN", MISSING),
            "region": Field(r.text, "its region; the ARN's by default"),
            "min_healthy": Field(r.integer(1, 10000), "how many have to be healthy", 1),
            "endpoint": Field(r.url("http", "https"), "another endpoint of the API"),
        },
        **_CLOUD,
        extra="aws",
    ),
    "azure_load_balancer": Type(
        "the healthy backends of a load balancer's rule",
        {
            "subscription_id": Field(r.text, "the subscription", MISSING),
            "resource_group": Field(r.text, "the resource group", MISSING),
            "load_balancer": Field(r.text, "the load balancer", MISSING),
            "rule": Field(r.text, "the load balancing rule", MISSING),
            "min_healthy": Field(r.integer(1, 10000), "how many have to be healthy", 1),
            "endpoint": Field(r.url("http", "https"), "another endpoint of the API"),
        },
        **_CLOUD,
        extra="azure",
    ),
    "gcp_backend_service": Type(
        "the healthy backends of a backend service, over all of its groups",
        {
            "project": Field(r.text, "the project", MISSING),
            "backend_service": Field(r.text, "the backend service", MISSING),
            "region": Field(r.text, "its region; without one it is global"),
            "min_healthy": Field(r.integer(1, 10000), "how many have to be healthy", 1),
            "endpoint": Field(r.url("http", "https"), "another endpoint of the API"),
        },
        **_CLOUD,
        extra="gcp",
    ),
}  # fmt: skip


def read_fields(data: Mapping[str, Any], fields: Mapping[str, Field]) -> tuple[dict[str, Any], list[Problem]]:
    """Read an entry by a table of fields: the values with all defaults, and what is wrong, all of it."""
    values: dict[str, Any] = {}
    problems = [Problem(str(name), "there is no such field") for name in data if name not in fields]
    for name, field in fields.items():
        value = data.get(name)
        if value is None:
            if field.required:
                problems.append(Problem(name, "is missing"))
            values[name] = None if field.required else field.default
            continue
        try:
            values[name] = field.read(value)
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    return values, problems


def read_check(data: Any) -> tuple[dict[str, Any], list[Problem]]:
    """Read one check. Returns it with all of its defaults, and what is wrong with it."""
    if not isinstance(data, Mapping):
        return {}, [Problem("", "must be a mapping with a type")]
    kind = TYPES.get(data["type"]) if isinstance(data.get("type"), str) else None
    if kind is None:
        return {}, [Problem("type", f"must be one of {', '.join(TYPES)}")]
    rest = {name: value for name, value in data.items() if name != "type"}
    values, problems = read_fields(rest, kind.all_fields())
    return {"type": data["type"], **values}, problems
