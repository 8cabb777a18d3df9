# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Route policy: what may be announced to whom, and with which next hop.

A neighbor is private (one's own networks and clouds) or public (the Internet). Refused are, everywhere: what lies
outside of the host's allow-list, the default route to a neighbor that does not ask for it by name, and a next hop that
is not the host's; to private neighbors: what is longer than /24 or /48, unless the allow-list holds it; to public
ones: that in any case, special-purpose prefixes, and AS numbers that are not public.
"""

from __future__ import annotations

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import BITS, Address, Prefix, PrefixSet
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import HOST, Findings, Refusal
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor, together
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._profiles import SCOPES, Fact
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._special import special_as, special_network

ALLOWED = "exabgp_allowed_prefixes"
NEXT_HOPS = "exabgp_next_hops"
PRIVATE, PUBLIC = SCOPES
# RFC 7454 section 6.1.3: what is longer is not expected to be carried by the Internet.
LONGEST = {4: 24, 6: 48}
# What is shorter is a default route in pieces: of IPv4 there are two halves, of IPv6 the one 2000::/3.
SHORTEST = {4: 8, 6: 16}
_BCP = "RFC 7454 section 6.1"


def read_scope(section: Section, neighbor: Neighbor) -> None:
    """Read the options of a neighbor that are for the policy."""
    # One that is wrong is reported, and is not held against the routes too.
    neighbor.default_route = bool(section.read("default_route", fields.boolean)) or section.failed("default_route")
    if section.has("scope"):
        neighbor.scope = section.read("scope", fields.one_of(SCOPES))
    elif neighbor.profile:
        neighbor.scope = neighbor.profile.scope


def check_scope(findings: Findings, neighbor: Neighbor) -> None:
    """Hold the AS numbers of a neighbor against its scope."""
    if neighbor.scope == PUBLIC:
        for option in ("local_as", "peer_as"):
            number = getattr(neighbor, option)
            special = special_as(number) if number is not None else None
            if special:
                where, field = neighbor.where, option
                if option in neighbor.inherited:
                    where, field = HOST, f"exabgp_{option}"
                reason = f"{number} is refused: it is {special[0]}, and {neighbor.where} is public"
                findings.error(where, field, reason, rule="scope.as_number", source=special[1])
    elif neighbor.scope == PRIVATE and not neighbor.given("scope") and neighbor.peer_as is not None:
        knows = neighbor.profile is not None and "peer_as" in neighbor.profile.facts
        if neighbor.external and not knows and special_as(neighbor.peer_as) is None:
            findings.warn(
                neighbor.where,
                "scope",
                f"is taken for private, though AS {neighbor.peer_as} is a public number",
                hint="say scope: public, or scope: private",
                rule="scope.unsaid",
                source="RFC 6996",
            )


class Policy:
    """The policy of one host. allowed: its allow-list, or None when there is none to hold prefixes against."""

    def __init__(self, findings: Findings, host: Section, neighbors: list[Neighbor]) -> None:
        self._findings = findings
        prefixes = host.read_list(ALLOWED, fields.prefix)
        self._has_list = host.has(ALLOWED)
        # None when there is none, or when it is wrong and that is reported.
        self.allowed = PrefixSet(prefixes) if self._has_list and not host.failed(ALLOWED) else None
        stated = host.read_list(NEXT_HOPS, fields.address)
        locals_ = [neighbor.local_address for neighbor in neighbors]
        of_host = host.read("exabgp_local_address", fields.address)
        certain = None not in locals_ and not host.failed(NEXT_HOPS) and not host.failed("exabgp_local_address")
        own = {address.text for address in [*stated, *locals_, of_host] if address}
        self._next_hops = own if certain else None

    def check(self, section: Section, prefix: Prefix, as_path: list[int], carriers: list[Neighbor]) -> None:
        """Hold a route against the policy; `carriers` are the neighbors that it goes to."""
        if prefix.length == 0 and carriers:
            self._default(section, carriers)
        if prefix.length == 0:
            return
        if self.allowed is not None and not self.allowed.covers(prefix):
            section.refuse("prefix", Refusal(f"lies outside {ALLOWED}", rule="prefix.allowed"))
            return
        public = [neighbor for neighbor in carriers if neighbor.scope == PUBLIC]
        if public:
            self._public(section, prefix, as_path, public)
        if len(public) == len(carriers):
            return
        if prefix.length > LONGEST[prefix.version]:
            if not self._has_list and any(neighbor.scope == PRIVATE for neighbor in carriers):
                self._unlisted(section, prefix)
        elif prefix.length < SHORTEST[prefix.version]:
            self._findings.warn(
                section.where,
                "prefix",
                f"is shorter than /{SHORTEST[prefix.version]}: a few of these are a default route",
                rule="prefix.short",
                source=_BCP + ".6",
            )

    def check_next_hop(self, section: Section, next_hop: Address, carriers: list[Neighbor]) -> None:
        """Hold a next hop that is an address against the host's own, and against what the other ends take."""
        if self._next_hops is not None and next_hop.text not in self._next_hops:
            refusal = Refusal(
                f"{next_hop.text} is not an address of this host",
                f"if it is meant, add it to {NEXT_HOPS}",
                rule="next_hop.own",
                source="RFC 7454 section 10",
            )
            section.refuse("next_hop", refusal)
            return
        for fact, neighbors in _by_fact("next_hop", carriers):
            others = [
                neighbor
                for neighbor in neighbors
                if neighbor.local_address
                and neighbor.local_address.version == next_hop.version
                and neighbor.local_address.text != next_hop.text
            ]
            if fact.value == "local_address" and others:
                verdict = "is refused" if fact.certain else "is doubtful"
                reason = f"{next_hop.text} {verdict} for {together(others, '', '').rstrip()}: {fact.because}"
                record = self._findings.error if fact.certain else self._findings.warn
                record(section.where, "next_hop", reason, hint="write self", rule=fact.rule, source=fact.source)

    def _default(self, section: Section, carriers: list[Neighbor]) -> None:
        without = [neighbor for neighbor in carriers if not neighbor.default_route]
        if without:
            reason = f"the default route is refused: {together(without, 'does', 'do')} not say default_route: true"
            hint = "name the neighbors that are to get it, and let each of them say so"
            section.refuse("prefix", Refusal(reason, hint, rule="prefix.default", source=_BCP + ".6"))
        for fact, neighbors in _by_fact("default_route", carriers):
            reason = f"the default route is doubtful for {neighbors[0].where}: {fact.because}"
            if not without:
                self._findings.warn(section.where, "prefix", reason, rule=fact.rule, source=fact.source)

    def _unlisted(self, section: Section, prefix: Prefix) -> None:
        what = "a host route" if prefix.length == BITS[prefix.version] else f"longer than /{LONGEST[prefix.version]}"
        refusal = Refusal(
            f"is {what}, and such are announced inside {ALLOWED} only",
            f"list there the network that it is part of, or {prefix.text} itself",
            rule="prefix.unlisted",
            source="RFC 4786 section 4.3.1" if prefix.length == BITS[prefix.version] else _BCP + ".3",
        )
        section.refuse("prefix", refusal)

    def _public(self, section: Section, prefix: Prefix, as_path: list[int], public: list[Neighbor]) -> None:
        towards = together(public, "is public", "are public")
        longest = LONGEST[prefix.version]
        special = special_network(prefix)
        if special:
            network, what, source = special
            reason = f"is refused: {network} is {what}, and {towards}"
            section.refuse("prefix", Refusal(reason, rule="scope.special", source=source))
        elif prefix.length > longest:
            reason = f"is longer than /{longest}, and {towards}"
            hint = f"announce the /{longest} that it is part of"
            section.refuse("prefix", Refusal(reason, hint, rule="scope.length", source=_BCP + ".3"))
        for number in dict.fromkeys(as_path):
            kind = special_as(number)
            if kind:
                reason = f"{number} is refused: it is {kind[0]}, and {towards}"
                section.refuse("as_path", Refusal(reason, rule="scope.as_path", source=kind[1]))


def _by_fact(name: str, neighbors: list[Neighbor]) -> list[tuple[Fact, list[Neighbor]]]:
    """The neighbors whose profiles state a fact, for each fact of that name."""
    groups: dict[str, tuple[Fact, list[Neighbor]]] = {}
    for neighbor in neighbors:
        fact = neighbor.profile.facts.get(name) if neighbor.profile else None
        if fact:
            groups.setdefault(fact.rule, (fact, []))[1].append(neighbor)
    return list(groups.values())
