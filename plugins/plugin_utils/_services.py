# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""exabgp_services: prefixes that are announced as long as checks say that what stands behind them is well."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _service_fields as service_fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import (
    BITS,
    FAMILIES,
    Address,
    Prefix,
    PrefixSet,
)
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._checks import EXAMPLE, Checks
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._durations import DAY, duration
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor, together
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._policy import ALLOWED, Policy
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._recipients import Recipients
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._routes import SELF, next_hop_of

VARIABLE = "exabgp_services"
OPTIONS = (
    "name",
    "prefixes",
    "addresses",
    "next_hop",
    "neighbors",
    "check",
    "when",
    "up",
    "med_by_role",
    "med_by_region",
    "down",
    "levels",
    "ladder",
    "hold_down",
    "damping",
    "unknown",
    "floor",
    "drain",
    "minimum_announcers",
)
_ADVICE = {
    "prefix": "did you mean prefixes",
    "checks": "did you mean check, or when for several",
    "med": "did you mean up: {med: ...}",
    "communities": "did you mean up: {communities: [...]}",
    "neighbor": "did you mean neighbors",
    "vip": "did you mean addresses",
    "holddown": "did you mean hold_down",
}
# RFC 4786 section 4.4.1 asks for a delay after a withdrawal.
_HOLD_DOWN = 10
# The one type of check that is told of an event: it does not fail by chance.
_TOLD = "systemd"


@dataclass
class Service:
    """One service: what the plan shows of it, and what the agent is told."""

    name: str
    minimum_announcers: int
    neighbors: list[Neighbor]
    agent: dict[str, Any]


@dataclass
class Services:
    """The services of a host, and the checks that they ask."""

    entries: list[Service]
    checks: dict[str, dict[str, Any]]


def read_services(findings: Findings, host: Section, neighbors: list[Neighbor]) -> Services:
    """Read all services of a host, and hang their prefixes on the neighbors that they are announced to."""
    checks = Checks(findings, host)
    service_fields.host_names(host)
    entries = host.read_list(VARIABLE, lambda entry: entry)
    if not entries:
        return Services([], {})
    if not host.has(ALLOWED):
        reason = f"is missing, and {VARIABLE} are announced inside of it only"
        host.refuse(ALLOWED, Refusal(reason, "list the networks that this host may announce", rule="services.allowed"))
    reader = _Reader(findings, host, neighbors, checks)
    services = []
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, dict):
            service = reader.read(number, entry)
            services += [service] if service else []
        else:
            findings.error(f"service #{number}", "", f"must be a mapping, but is {kind(entry)}", rule="service.form")
    _warn_of_graceful_restart(findings, neighbors)
    return Services(services, checks.used)


class _Reader:
    """Reads the services of one host."""

    def __init__(self, findings: Findings, host: Section, neighbors: list[Neighbor], checks: Checks) -> None:
        self._findings = findings
        self._host = host
        self._neighbors = neighbors
        self._checks = checks
        self._policy = Policy(findings, host, neighbors)
        self._recipients = Recipients(neighbors, "service", "prefixes")
        self._options = Nearest(OPTIONS)
        self._names: set[str] = set()
        self._routes = {
            id(neighbor): {route["prefix"] for route in neighbor.routes if str(route["family"]).endswith(" unicast")}
            for neighbor in neighbors
        }

    def read(self, number: int, entry: dict[Any, Any]) -> Service | None:
        errors = len(self._findings.errors)
        name = None
        with contextlib.suppress(Refusal):  # reported below, where it is read for good
            name = fields.name(entry.get("name"))
        section = Section(self._findings, f"service {name}" if name else f"service #{number}", entry)
        section.refuse_unknown(OPTIONS, self._options, _ADVICE)
        section.require("name", "every service has a name of its own")
        section.read("name", fields.name)
        if name in self._names:
            section.refuse("name", Refusal("is the name of two services", rule="service.name.twice"))
        if name:
            self._names.add(name)
        section.require("prefixes", "what is announced for the service, as a list")
        prefixes = self._prefixes(section)
        next_hop = section.read("next_hop", next_hop_of) if section.has("next_hop") else SELF
        when = self._when(section, name)
        up, down = service_fields.up(section, self._host), service_fields.down(section)
        policies = {
            "levels": service_fields.levels(section, self._checks) if section.has("levels") else None,
            "ladder": service_fields.ladder(section, self._checks) if section.has("ladder") else None,
            "damping": service_fields.damping(section) if section.has("damping") else None,
            "unknown": service_fields.unknown(section),
            "floor": service_fields.floor(section, self._checks) if section.has("floor") else None,
            "drain": service_fields.drain(section),
        }
        if policies["levels"] and policies["ladder"]:
            section.refuse("ladder", Refusal("excludes levels", "leave one of them out", rule="service.ladder"))
        hold_down = section.read("hold_down", duration(0, DAY))
        minimum = section.read("minimum_announcers", fields.integer(1, 1000))
        carriers = self._carriers(section, prefixes, next_hop, _prepended(up, down, policies))
        addresses = self._addresses(section, prefixes)
        self._check_pace(section, hold_down, when)
        if len(self._findings.errors) > errors or name is None:
            return None
        agent = {
            "prefixes": [prefix.text for prefix in prefixes],
            "next_hop": next_hop.text if isinstance(next_hop, Address) else next_hop,
            "neighbors": [neighbor.name for neighbor in carriers],
            "when": when,
            "addresses": addresses,
            "up": up,
            "down": down,
            "hold_down": _HOLD_DOWN if hold_down is None else hold_down,
            **policies,
        }
        return Service(name, minimum or 1, carriers, agent)

    def _prefixes(self, section: Section) -> list[Prefix]:
        prefixes = section.read_list("prefixes", fields.prefix)
        if not prefixes and section.has("prefixes") and not section.failed("prefixes"):
            section.refuse("prefixes", Refusal("is an empty list", rule="service.prefixes"))
        if len(set(prefixes)) < len(prefixes):
            section.refuse("prefixes", Refusal("names a prefix twice", rule="service.prefixes"))
        return list(dict.fromkeys(prefixes))

    def _when(self, section: Section, name: str | None) -> Any:
        if section.has("check") and section.has("when"):
            section.refuse("when", Refusal("excludes check", "name the check in when", rule="service.when"))
            return None
        if section.has("when"):
            return section.read("when", self._checks.expression)
        value = section.raw("check")
        if isinstance(value, dict):
            return self._checks.inline(section, "check", name, value) if name else None
        if value is not None and not isinstance(value, str):
            reason = f"must be the name of a check, or one like {EXAMPLE}, but is {kind(value)}"
            section.refuse("check", Refusal(reason, rule="service.check"))
            return None
        return section.read("check", self._checks.expression)

    def _carriers(
        self, section: Section, prefixes: list[Prefix], next_hop: Address | str | None, prepended: list[int]
    ) -> list[Neighbor]:
        """The neighbors that the service is announced to, each prefix held against the policy for them."""
        named = self._recipients.named(section)
        versions = sorted({prefix.version for prefix in prefixes})
        if isinstance(next_hop, Address) and any(version != next_hop.version for version in versions):
            reason = f"{next_hop.text} is IPv{next_hop.version}, and not all prefixes are"
            section.refuse("next_hop", Refusal(reason, "make a service for each family", rule="next_hop.family"))
            next_hop = None
        found: list[Neighbor] = []
        for version in versions:
            family = FAMILIES[version]
            if named is not None and len(versions) > 1:
                carriers = [neighbor for neighbor in named if neighbor.carries(family)]
            else:
                carriers = self._recipients.carriers(section, family, named)
            self._check_next_hop(section, version, next_hop, carriers)
            for prefix in prefixes:
                if prefix.version == version:
                    self._announce(section, prefix, prepended, carriers)
            found += [neighbor for neighbor in carriers if neighbor not in found]
        return [neighbor for neighbor in self._neighbors if neighbor in found]

    def _check_next_hop(
        self, section: Section, version: int, next_hop: Address | str | None, carriers: list[Neighbor]
    ) -> None:
        if isinstance(next_hop, Address):
            self._policy.check_next_hop(section, next_hop, carriers)
            return
        others = [n for n in carriers if n.families and n.local_address and n.local_address.version != version]
        if next_hop == SELF and others:
            reason = f"self is not possible: {together(others, 'has', 'have')} no IPv{version} local_address"
            hint = f"give an IPv{version} next_hop, or name other neighbors"
            section.refuse("next_hop", Refusal(reason, hint, rule="next_hop.self"))

    def _announce(self, section: Section, prefix: Prefix, prepended: list[int], carriers: list[Neighbor]) -> None:
        of_prefix = _OfPrefix(section, prefix)
        if self._host.has(ALLOWED):  # else that is reported, and stands for all that it may be needed for
            self._policy.check(of_prefix, prefix, prepended, carriers)
        for neighbor in carriers:
            if prefix.text in self._routes[id(neighbor)]:
                reason = f"{neighbor.where} has it already, in exabgp_routes, whatever the checks say"
                of_prefix.refuse("prefix", Refusal(reason, "leave it out there", rule="service.route"))
            for name, taken in neighbor.services.items():
                if prefix.text in taken:
                    reason = f"{neighbor.where} has it already, of service {name}"
                    of_prefix.refuse("prefix", Refusal(reason, "each prefix once", rule="service.twice"))
            neighbor.services.setdefault(section.where.removeprefix("service "), []).append(prefix.text)

    def _addresses(self, section: Section, prefixes: list[Prefix]) -> list[str]:
        """The addresses that must be on the host: those of host routes, unless the service says which."""
        if not section.has("addresses"):
            return [prefix.text.partition("/")[0] for prefix in prefixes if prefix.length == BITS[prefix.version]]
        inside = PrefixSet(prefixes)
        addresses = section.read_list("addresses", fields.address)
        outside = [address.text for address in addresses if not inside.covers(address)]
        if outside and prefixes:
            reason = f"{outside[0]} lies outside the service's prefixes"
            section.refuse("addresses", Refusal(reason, "the collection puts it on lo", rule="service.addresses"))
        return list(dict.fromkeys(address.text for address in addresses))

    def _check_pace(self, section: Section, hold_down: float | None, when: Any) -> None:
        check = self._checks.used.get(when) if isinstance(when, str) else None
        if check and hold_down == 0 and check["fall"] == 1 and check["type"] != _TOLD:
            self._findings.warn(
                section.where,
                "hold_down",
                "is 0, and one failed check withdraws: the announcement follows every hiccup",
                hint="fall: 2, or a hold_down",
                rule="service.pace",
                source="RFC 4786 section 4.4.1",
            )


class _OfPrefix(Section):
    """A service's section for one of its prefixes: what is wrong with that one is told with its name."""

    def __init__(self, section: Section, prefix: Prefix) -> None:
        super().__init__(section.findings, section.where, {})
        self._section = section
        self._prefix = prefix

    def refuse(self, field: str, refusal: Refusal) -> None:
        if field == "as_path":
            self._section.refuse("prepend", refusal)
            return
        reason = f"{self._prefix.text}: {refusal.reason}"
        self._section.refuse("prefixes", Refusal(reason, refusal.hint, rule=refusal.rule, source=refusal.source))


def _prepended(up: dict[str, Any], down: Any, policies: dict[str, Any]) -> list[int]:
    """All AS numbers that the service may put into a path."""
    every = [up, down if isinstance(down, dict) else {}]
    every += [step["attributes"] for step in (policies["levels"] or {"steps": []})["steps"]]
    every += (policies["ladder"] or {"attributes": []})["attributes"]
    every += [policies["floor"]["attributes"]] if policies["floor"] else []
    return list(dict.fromkeys(number for item in every for number in item.get("prepend", ())))


def _warn_of_graceful_restart(findings: Findings, neighbors: list[Neighbor]) -> None:
    for neighbor in neighbors:
        seconds = neighbor.capabilities.get("graceful_restart")
        if neighbor.services and seconds:
            findings.warn(
                neighbor.where,
                "capabilities.graceful_restart",
                f"keeps the prefixes of a host that died for {seconds} s: {', '.join(neighbor.services)}",
                hint="leave it out where a health check decides",
                rule="service.graceful_restart",
                source="ExaBGP 4.2.25 and 5.0.15 with BIRD, measured: 30 s without a service instead of 5 ms",
            )
