# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's configuration: read whole, or refused with all that is wrong in it."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import expr
from . import readers as r
from .checks import MISSING, TYPES, Field, read_check, read_fields
from .policy import POLICY, read_policy

VERSION = 1
_TOP = {
    "version": Field(r.integer(VERSION, VERSION), "version of this form", MISSING),
    "host": Field(r.text, "name of the host", MISSING),
    "site": Field(r.text, "site of the host"),
    "socket": Field(r.path, "socket of the command line", "/run/exabgp/health.sock"),
    "drains": Field(r.path, "where drains outlive a restart", "/var/lib/exabgp-health/drains.json"),
    "watchdog": Field(r.duration(0, 3600), "after which a silent agent takes ExaBGP down; 0 for never", 5.0),
    "metrics": Field(lambda value: value, "address and port of the Prometheus exposition"),
    "allowed_prefixes": Field(r.texts, "the allow-list", MISSING),
    "next_hops": Field(lambda value: value, "addresses that may be next hops", []),
    "neighbors": Field(lambda value: value, "the neighbors by name", MISSING),
    "checks": Field(lambda value: value, "the checks by name", {}),
    "services": Field(lambda value: value, "the services by name", {}),
}
_METRICS = {
    "address": Field(r.address, "where to listen", "127.0.0.1"),
    "port": Field(r.integer(1, 65535), "where to listen", 9469),
}
_NEIGHBOR = {
    "peer_address": Field(r.address, "address of the neighbor", MISSING),
    "local_address": Field(r.address, "this end", MISSING),
    "families": Field(r.texts, "families of the session", MISSING),
}
_SERVICE = {
    "prefixes": Field(r.texts, "what is announced", MISSING),
    "next_hop": Field(r.next_hop, "self, or an address", "self"),
    "neighbors": Field(r.texts, "to whom", MISSING),
    "when": Field(lambda value: value, "the condition"),
    "addresses": Field(lambda value: value, "addresses that the host has to have", []),
}


class ConfigError(Exception):
    """A configuration that is refused; `errors` are the lines that say why."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class Route:
    """A prefix for one neighbor: the unit that is announced and withdrawn. One with another next hop is the same."""

    neighbor: str
    prefix: str
    peer_address: str
    local_address: str
    next_hop: str = field(compare=False)


@dataclass(frozen=True)
class Service:
    """One service: its routes, the condition that it is up on, and its policy (policy.POLICY)."""

    name: str
    prefixes: tuple[str, ...]
    routes: tuple[Route, ...]
    when: Any
    addresses: tuple[str, ...]
    policy: Mapping[str, Any]

    def checks(self) -> set[str]:
        """The names of all checks that the service looks at."""
        found = set(expr.names(self.when))
        if self.policy["levels"]:
            found.add(self.policy["levels"]["check"])
        if self.policy["ladder"]:
            found.update(self.policy["ladder"]["checks"])
        if self.policy["floor"]:
            found.update(expr.names(self.policy["floor"]["others"]))
        return found


@dataclass(frozen=True)
class Config:
    """A configuration that is right."""

    host: str
    socket: str
    drains: str
    watchdog: float
    metrics: Mapping[str, Any] | None
    allowed: tuple[Any, ...]
    checks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)

    def allows(self, prefix: str) -> bool:
        """Tell whether a prefix lies inside the allow-list."""
        network = ipaddress.ip_network(prefix)
        return any(network.version == item.version and network.subnet_of(item) for item in self.allowed)


def load(path: Path) -> Config:
    """Read a file. Raises ConfigError when it is missing, no JSON, or wrong."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError([f"{path}: {error}"]) from None
    return read(data)


def read(data: Any) -> Config:
    """Read a configuration. Raises ConfigError with everything that is wrong in it."""
    return _Reading(data).config()


class _Reading:
    def __init__(self, data: Any) -> None:
        self.errors: list[str] = []
        if not isinstance(data, Mapping):
            raise ConfigError(["the configuration must be a mapping"])
        self.top = self._fields("", data, _TOP)

    def _fields(self, where: str, data: Any, table: Mapping[str, Field]) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            self.errors.append(f"{where}: must be a mapping")
            data = {}
            table = {name: Field(item.read, item.meaning) for name, item in table.items()}
        values, problems = read_fields(data, table)
        self.errors += [f"{where + '.' if where else ''}{name}: {reason}" for name, reason in problems]
        return values

    def _entries(self, name: str) -> dict[str, Any]:
        value = self.top[name] or {}
        if not isinstance(value, Mapping):
            self.errors.append(f"{name}: must be a mapping by name")
            return {}
        return dict(value)

    def _each(self, where: str, items: Any, reader: r.Reader) -> list[Any]:
        found = []
        for item in items if isinstance(items, list) else [items]:
            try:
                found.append(reader(item))
            except ValueError as error:
                self.errors.append(f"{where}: {item!r}: {error}")
        return found

    def config(self) -> Config:
        top = self.top
        allowed = [
            ipaddress.ip_network(x) for x in self._each("allowed_prefixes", top["allowed_prefixes"] or [], r.prefix)
        ]
        hops = set(self._each("next_hops", top["next_hops"], r.address))
        metrics = None if top["metrics"] is None else self._fields("metrics", top["metrics"], _METRICS)
        neighbors = {
            name: self._fields(f"neighbors.{name}", entry, _NEIGHBOR)
            for name, entry in self._entries("neighbors").items()
        }
        hops.update(entry["local_address"] for entry in neighbors.values() if entry.get("local_address"))
        checks: dict[str, Mapping[str, Any]] = {}
        for name, entry in self._entries("checks").items():
            checks[name], problems = read_check(entry)
            self.errors += [f"checks.{name}.{item}: {reason}" for item, reason in problems]
        found = Config(
            top["host"] or "", top["socket"], top["drains"], top["watchdog"], metrics, tuple(allowed), checks
        )
        services: dict[str, Service] = {}
        for name, entry in self._entries("services").items():
            service = self._service(name, entry, found, neighbors, hops)
            if service:
                services[name] = service
        self._once(services)
        if self.errors:
            raise ConfigError(self.errors)
        return Config(found.host, found.socket, found.drains, found.watchdog, metrics, found.allowed, checks, services)

    def _service(
        self, name: str, entry: Any, config: Config, neighbors: Mapping[str, Any], hops: set[str]
    ) -> Service | None:
        where, before = f"services.{name}", len(self.errors)
        if not isinstance(entry, Mapping):
            self.errors.append(f"{where}: must be a mapping")
            return None
        own = self._fields(where, {key: value for key, value in entry.items() if key not in POLICY}, _SERVICE)
        policy, problems = read_policy(entry, config.checks.__contains__, lambda x: _gives_level(config.checks, x))
        self.errors += [f"{where}.{item}: {reason}" for item, reason in problems]
        if own["when"] is not None and (reason := expr.problem(own["when"], config.checks.__contains__)):
            self.errors.append(f"{where}.when: {reason}")
        prefixes = self._each(f"{where}.prefixes", own["prefixes"] or [], r.prefix)
        for prefix in prefixes:
            if self.top["allowed_prefixes"] and not config.allows(prefix):
                self.errors.append(f"{where}.prefixes: {prefix} lies outside allowed_prefixes")
        for neighbor in own["neighbors"] or []:
            if neighbor not in neighbors:
                self.errors.append(f"{where}.neighbors: there is no neighbor {neighbor!r}")
        if own["next_hop"] not in ("self", None) and own["next_hop"] not in hops:
            self.errors.append(f"{where}.next_hop: {own['next_hop']} is no address of this host (next_hops)")
        addresses = self._each(f"{where}.addresses", own["addresses"], r.address)
        if len(self.errors) > before:
            return None
        routes = []
        for prefix in prefixes:
            family = "ipv6 unicast" if ":" in prefix else "ipv4 unicast"
            for neighbor in own["neighbors"]:
                if family in neighbors[neighbor]["families"]:
                    ends = neighbors[neighbor]
                    routes.append(Route(neighbor, prefix, ends["peer_address"], ends["local_address"], own["next_hop"]))
            if not any(route.prefix == prefix for route in routes):
                self.errors.append(f"{where}.neighbors: none of them carries {family} for {prefix}")
        return Service(name, tuple(prefixes), tuple(routes), own["when"], tuple(addresses), policy)

    def _once(self, services: Mapping[str, Service]) -> None:
        owners: dict[tuple[str, str], str] = {}
        for service in services.values():
            for route in service.routes:
                other = owners.setdefault((route.neighbor, route.prefix), service.name)
                if other != service.name:
                    self.errors.append(f"services.{service.name}.prefixes: {route.prefix} belongs to {other} already")


def _gives_level(checks: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    return checks.get(name, {}).get("type") == "load"


def extras(checks: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """What has to be installed beside the agent's own libraries: aws, azure, gcp."""
    return {TYPES[check["type"]].extra for check in checks.values()} - {""}
