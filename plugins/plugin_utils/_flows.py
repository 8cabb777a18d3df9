# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""exabgp_flows: FlowSpec rules, which filter, limit or redirect traffic on the routers that get them.

exabgp_flows:
  - name: ntp-reflection
    match: {destination: 203.0.113.10/32, protocol: udp, source_port: 123, packet_length: ">200"}
    action: {discard: true}
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _families as families
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _flow_action as action_
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _flow_match as match_
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import PrefixSet
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor, together
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nested import nested
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._policy import ALLOWED
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._recipients import Recipients
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._route_fields import rd

VARIABLE = "exabgp_flows"
OPTIONS = ("name", "match", "action", "rd", "neighbors")
_ADVICE = {
    "then": "did you mean action",
    "from": "did you mean match",
    "route_distinguisher": "did you mean rd",
    "neighbor": "did you mean neighbors",
    **dict.fromkeys(("source", "destination", "protocol", "port", "destination_port"), "it belongs into match"),
    **dict.fromkeys(("discard", "rate_limit", "redirect", "mark"), "it belongs into action"),
}


def read_flows(findings: Findings, host: Section, neighbors: list[Neighbor], allowed: PrefixSet | None) -> None:
    """Read all rules of a host and hang each on the neighbors that it is announced to."""
    reader = _FlowReader(findings, neighbors, allowed)
    for number, entry in enumerate(host.read_list(VARIABLE, lambda entry: entry), start=1):
        if isinstance(entry, dict):
            reader.read(number, entry)
        else:
            findings.error(f"flow #{number}", "", f"must be a mapping, but is {kind(entry)}", rule="flow.form")


class _FlowReader:
    def __init__(self, findings: Findings, neighbors: list[Neighbor], allowed: PrefixSet | None) -> None:
        self._findings = findings
        self._neighbors = neighbors
        # A neighbor's families are written out for FlowSpec: no profile has it by default.
        self._recipients = Recipients(neighbors, "flow", "match")
        self._allowed = allowed
        self._seen: set[str] = set()
        self._rules: dict[str, list[Neighbor]] = {}
        self._options = Nearest(OPTIONS)
        self._matches, self._actions = Nearest(match_.OPTIONS), Nearest(action_.OPTIONS)

    def read(self, number: int, entry: dict[Any, Any]) -> None:
        name = entry.get("name")
        try:
            where = f"flow {fields.name(name)}"
        except Refusal:  # reported below, where the name is read for good
            where = f"flow #{number}"
        section = Section(self._findings, where, entry)
        section.refuse_unknown(OPTIONS, self._options, _ADVICE)
        section.require("name", "every rule has a name of its own")
        name = section.read("name", fields.keyless(self._findings, fields.name))
        if name is not None and name in self._seen:
            section.refuse("name", Refusal("is the name of two rules", rule="flow.name.twice"))
        elif name is not None:
            self._seen.add(name)
        section.require("match", "what traffic it is about")
        section.require("action", "what becomes of that traffic")
        matched, version = self._match(section)
        distinguisher = section.read("rd", rd)
        action = self._action(section, version)
        named = self._recipients.named(section)
        if version is None or matched is None:
            return
        family = families.family(version, families.FLOW_VPN if section.has("rd") else families.FLOW)
        carriers = self._recipients.carriers(section, family, named)
        self._check_once(section, (family, distinguisher, matched), carriers)
        flow = {"name": name, "family": family, "rd": distinguisher, "match": matched, "action": action}
        if action is not None and not section.failed("action"):
            self._doubts(section, matched, action)
        for neighbor in carriers:
            neighbor.flows.append(flow)

    def _match(self, section: Section) -> tuple[dict[str, Any] | None, int | None]:
        inner = nested(section, "match", "{destination: 203.0.113.10/32, protocol: udp}")
        if inner is None:
            return None, None
        matched, version = match_.read(inner, self._matches)
        if section.failed("match"):
            return None, None
        if not matched:
            section.refuse(
                "match",
                Refusal(
                    "is empty, and would match every packet",
                    "name a destination",
                    rule="flow.match.empty",
                    source="RFC 8955 section 4.2",
                ),
            )
            return None, None
        destination = matched.get("destination")
        if destination and self._allowed is not None and not self._allowed.covers(fields.prefix(destination)):
            reason = f"{destination} lies outside {ALLOWED}"
            section.refuse_inner("match", "destination", Refusal(reason, rule="prefix.allowed"))
        return matched, version

    def _action(self, section: Section, version: int | None) -> dict[str, Any] | None:
        inner = nested(section, "action", "{discard: true}")
        return None if inner is None else action_.read(inner, self._actions, version)

    def _check_once(self, section: Section, rule: tuple[Any, ...], carriers: list[Neighbor]) -> None:
        key = json.dumps(rule)
        already = self._rules.setdefault(key, [])
        twice = [neighbor for neighbor in carriers if any(neighbor is other for other in already)]
        if twice:
            reason = f"{together(twice, 'has', 'have')} a rule with this match already"
            section.refuse("match", Refusal(reason, "each match once", rule="flow.twice"))
        already += carriers

    def _doubts(self, section: Section, matched: dict[str, Any], action: dict[str, Any]) -> None:
        if "destination" not in matched:
            self._findings.warn(
                section.where,
                "match",
                "has no destination: a router that validates rules does not install it",
                hint="name the prefix that the traffic is going to",
                rule="flow.destination",
                source="RFC 8955 section 6",
            )
        rate = action["rate_limit"]
        if rate is not None and 0 < rate < action_.LOWEST_GOOD_RATE:
            self._findings.warn(
                section.where,
                "action.rate_limit",
                f"{rate} bytes a second may be too few for a router to count",
                hint=f"use {action_.LOWEST_GOOD_RATE} or more, or discard",
                rule="flow.rate_limit.low",
                source="ExaBGP 5.0.15",
            )
