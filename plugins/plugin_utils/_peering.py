# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The rules of the profiles: one function for each kind of fact that a profile can state.

Each function fills what the fact knows, and holds the neighbor against it. Whether a contradiction is an error or a
warning follows from how well the fact is known (see _profiles.py), so no function decides it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import (
    FAMILIES,
    Address,
    Prefix,
    PrefixSet,
    network,
)
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import prefix
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import HOST, Findings
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Control, Neighbor, listing
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._profiles import Fact, Profile

# From which share of a prefix limit on a warning is due.
NEARLY = 0.8


@dataclass(frozen=True)
class Check:
    """A neighbor held against one fact of its profile."""

    findings: Findings
    neighbor: Neighbor
    profile: Profile
    fact: Fact

    def refuse(self, option: str, value: Any, hint: str = "") -> None:
        """Report a value of the inventory that contradicts the fact."""
        verdict = "is refused" if self.fact.certain else "is doubtful"
        self.report(option, f"{self.findings.shown(value)} {verdict}: {self.fact.because}", hint)

    def report(self, option: str, reason: str, hint: str = "", *, only_warn: bool = False, here: bool = False) -> None:
        """Report a contradiction in words of its own.

        An option that the neighbor takes over is reported at the host's variable, unless it is to be mended `here`.
        """
        where = self.neighbor.where
        if option in self.neighbor.inherited and not here:
            where, option = HOST, f"exabgp_{option}"
        record = self.findings.error if self.fact.certain and not only_warn else self.findings.warn
        record(where, option, reason, hint=hint, rule=self.fact.rule, source=self.fact.source)


def check_neighbor(findings: Findings, neighbor: Neighbor) -> None:
    """Fill a neighbor with what its profile knows, and report what contradicts it."""
    if neighbor.profile is None:
        return
    for fact_name, function in NEIGHBOR_FACTS.items():
        fact = neighbor.profile.facts.get(fact_name)
        if fact is not None:
            function(Check(findings, neighbor, neighbor.profile, fact))


def check_limits(findings: Findings, neighbors: list[Neighbor]) -> None:
    """Report where more is announced to a neighbor than the other end takes, or nearly that many."""
    for neighbor in neighbors:
        limit = neighbor.prefix_limit
        count = 0
        if limit:
            driven = [prefix for prefixes in neighbor.services.values() for prefix in prefixes]
            count = len({route["prefix"] for route in neighbor.routes}.union(driven))
        if not limit or count <= limit * NEARLY:
            continue
        fact = neighbor.profile.facts.get("prefix_limit") if neighbor.profile else None
        because, rule, source = f"the inventory says prefix_limit: {limit}", "prefix_limit", ""
        if fact and not neighbor.given("prefix_limit"):
            because, rule, source = fact.because, fact.rule, fact.source
        if count <= limit:
            reason = f"{count} of {limit} prefixes are announced, more than 80%: {because}"
            findings.warn(neighbor.where, "", reason, rule=rule, source=source)
            continue
        maximum = fact.value["maximum"] if fact else limit
        record = findings.error if fact is None or fact.certain or neighbor.given("prefix_limit") else findings.warn
        record(
            neighbor.where,
            "",
            f"{count} prefixes are too many: {because}",
            hint="state prefix_limit, if more are allowed" if maximum is None or maximum > limit else "",
            rule=rule,
            source=source,
        )


def check_sessions(findings: Findings, neighbors: list[Neighbor]) -> None:
    """Report what profiles say about sessions that belong together. Only for neighbors in which nothing is wrong."""
    groups: dict[tuple[Any, ...], list[Check]] = {}
    for neighbor in neighbors:
        sessions = neighbor.profile.facts.get("sessions") if neighbor.profile else None
        if sessions is not None and neighbor.profile:
            check = Check(findings, neighbor, neighbor.profile, sessions)
            groups.setdefault(_group_key(check), []).append(check)
    for group in groups.values():
        _sessions(group)
        _same_routes(group)


def _session_family(check: Check) -> None:
    """value: 4 or 6, the IP version of the session."""
    peer = check.neighbor.peer_address
    if peer and peer.version != check.fact.value:
        check.refuse("peer_address", peer.text)


def _addresses(check: Check) -> None:
    """value: the networks that both addresses of the session lie in."""
    networks = _prefix_set(check.fact.value)
    for option in ("peer_address", "local_address"):
        address: Address | None = getattr(check.neighbor, option)
        if address and address.version in networks.versions and not networks.covers(address):
            check.refuse(option, address.text)


def _inside_cidr(check: Check) -> None:
    """value: within, length, reserved: the small networks of tunnels; local_hosts, peer_hosts: who is where in one.

    Without hosts, both ends are anywhere in the same one.
    """
    value, neighbor = check.fact.value, check.neighbor
    peer, local = neighbor.peer_address, neighbor.local_address
    within = prefix(value["within"])
    if not peer or peer.version != within.version:
        return
    inside = network(peer, value["length"])
    if not _prefix_set([value["within"]]).covers(peer) or inside.text in value.get("reserved", ()):
        check.refuse("peer_address", peer.text)
        return
    if "peer_hosts" not in value:
        if local and (local.version != peer.version or network(local, value["length"]) != inside):
            reason = f"{local.text} is refused: the other end is in {inside.text}"
            check.report("local_address", reason, f"give the neighbor a local_address in {inside.text}", here=True)
        return
    peers = [inside.at(number) for number in value["peer_hosts"]]
    if peer.text not in peers:
        check.report(
            "peer_address",
            f"{peer.text} is refused: in {inside.text} the other end has {listing(peers, 'or')}",
        )
    locals_ = [inside.at(number) for number in value["local_hosts"]]
    if local and local.text not in locals_:
        check.report(
            "local_address",
            f"{local.text} is refused: in {inside.text} the appliance has {listing(locals_, 'or')}",
            f"give the neighbor local_address: {next((text for text in locals_ if text != peer.text), locals_[0])}",
            here=True,  # no other session of the host can have this address
        )


def _peer_as(check: Check) -> None:
    """value: is (the one AS number), default, allowed (ranges)."""
    value, neighbor = check.fact.value, check.neighbor
    only = value.get("is")
    if only is not None:
        if neighbor.peer_as not in (None, only):
            check.refuse("peer_as", neighbor.peer_as, "leave peer_as out")
        elif not neighbor.section.failed("peer_as"):
            neighbor.peer_as = only
        return
    if "default" in value and not neighbor.given("peer_as"):
        neighbor.peer_as = value["default"]
    _as_number(check, "peer_as")


def _local_as(check: Check) -> None:
    """value: allowed, or refused (ranges)."""
    _as_number(check, "local_as")


def _other_as(check: Check) -> None:
    """value: required, or advised: whether the two AS numbers have to differ."""
    neighbor = check.neighbor
    if neighbor.local_as is not None and neighbor.local_as == neighbor.peer_as:
        reason = f"{neighbor.peer_as} is also the local AS: {check.fact.because}"
        check.report("peer_as", reason, only_warn=check.fact.value != "required")


def _passive(check: Check) -> None:
    """value: refused: the other end never opens the session; allowed: it does."""
    if check.neighbor.passive and check.fact.value == "refused":
        check.refuse("passive", True, "leave passive out")


def _hold_time(check: Check) -> None:
    """value: the default, in seconds."""
    if not check.neighbor.given("hold_time"):
        check.neighbor.hold_time = check.fact.value


def _hold_time_minimum(check: Check) -> None:
    """value: the shortest hold time, in seconds. 0, which turns keepalives off, is shorter than any."""
    neighbor = check.neighbor
    if neighbor.given("hold_time") and neighbor.hold_time is not None and neighbor.hold_time < check.fact.value:
        check.refuse("hold_time", neighbor.hold_time, f"write {check.fact.value} or more")


def _maintenance(check: Check) -> None:
    """value: for how many seconds the other end can be silent while it is maintained."""
    neighbor = check.neighbor
    if neighbor.given("hold_time") and neighbor.hold_time and neighbor.hold_time < check.fact.value:
        reason = f"{neighbor.hold_time} is short: {check.fact.because}"
        check.report("hold_time", reason, f"write {check.fact.value} or more", only_warn=True)


def _families(check: Check) -> None:
    """value: default and allowed (lists, or session for the family of the session), required (a list)."""
    value, neighbor = check.fact.value, check.neighbor
    if not neighbor.given("families"):
        default = value["default"]
        if default != "session":
            neighbor.families = list(default)
        elif neighbor.peer_address:
            neighbor.families = [FAMILIES[neighbor.peer_address.version]]
        return
    allowed = value["allowed"]
    if allowed == "session":
        allowed = [FAMILIES[neighbor.peer_address.version]] if neighbor.peer_address else FAMILIES.values()
    for family in neighbor.families or []:
        if family not in allowed:
            check.refuse("families", family)
    for family in value.get("required", []):
        if neighbor.families is not None and family not in neighbor.families:
            check.report("families", f"lacks {family}: {check.fact.because}", f"add {family}")


def _md5(check: Check) -> None:
    """value: none, optional or required."""
    check.neighbor.md5 = _control(check, "md5", check.neighbor.md5)


def _ttl_security(check: Check) -> None:
    """value: none or optional."""
    check.neighbor.ttl_security = _control(check, "ttl_security", check.neighbor.ttl_security)


def _multihop(check: Check) -> None:
    """value: default (a TTL, or null for the kernel's), minimum, maximum."""
    neighbor, value = check.neighbor, check.fact.value
    if not neighbor.given("multihop"):
        neighbor.multihop = value["default"]
    elif neighbor.multihop is not None and neighbor.multihop < value["minimum"]:
        check.refuse("multihop", neighbor.multihop, f"write {value['minimum']} or more")
    elif neighbor.multihop is not None and neighbor.multihop > value.get("maximum", neighbor.multihop):
        check.refuse("multihop", neighbor.multihop, "leave multihop out")


def _prefix_limit(check: Check) -> None:
    """value: default: how many prefixes the other end takes over one session, public: instead for a public neighbor;
    maximum: how far that can be raised, null when there is no end to it."""
    neighbor, value = check.neighbor, check.fact.value
    if not neighbor.given("prefix_limit"):
        neighbor.prefix_limit = value.get(neighbor.scope, value["default"])
    elif neighbor.prefix_limit and value["maximum"] is not None and neighbor.prefix_limit > value["maximum"]:
        check.refuse("prefix_limit", neighbor.prefix_limit, f"write at most {value['maximum']}")


def _sessions(group: list[Check]) -> None:
    """value: wanted: how many sessions belong together; same: what they have in common beside the profile and the AS of
    the other end: local_address, inside_cidr, or peer_as for nothing else."""
    first = group[0]
    wanted = first.fact.value["wanted"]
    if len(group) < wanted:
        reason = f"{len(group)} session of {wanted}: {first.fact.because}"
        first.report("", reason, "add the other neighbor", only_warn=True)


def _same_routes(group: list[Check]) -> None:
    """value: true: all sessions that belong together announce the same."""
    first = group[0]
    fact = first.profile.facts.get("same_routes")
    if fact is None:
        return
    for other in group[1:]:
        if other.neighbor.routes != first.neighbor.routes:
            Check(other.findings, other.neighbor, other.profile, fact).report(
                "", f"its routes differ from those of {first.neighbor.where}: {fact.because}", only_warn=True
            )


def _control(check: Check, option: str, asked: Control | None) -> Control | None:
    """What becomes of md5 or ttl_security: the inventory's wish, or else the profile's default."""
    value = check.fact.value
    if check.neighbor.section.failed(option):
        return None
    if asked is None:
        if value == "required":
            return Control(True, f"required: {check.fact.because}")
        if value == "none":
            return Control(False, check.fact.because)
        return Control(False, f"not asked for, and profile {check.profile.name} leaves it off")
    if value == ("none" if asked.on else "required"):
        check.refuse(option, asked.on, f"leave {option} out")
        return None if check.fact.certain else Control(asked.on, f"{asked.reason}, though {check.fact.because}")
    return Control(False, check.fact.because) if value == "none" else asked


def _as_number(check: Check, option: str) -> None:
    number = getattr(check.neighbor, option)
    value = check.fact.value
    if number is None:
        return
    allowed, refused = value.get("allowed"), value.get("refused", [])
    if (allowed is not None and not _within(number, allowed)) or _within(number, refused):
        check.refuse(option, number)


def _within(number: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(low <= number <= high for low, high in ranges)


def _group_key(check: Check) -> tuple[Any, ...]:
    """What the sessions that belong together have in common."""
    neighbor = check.neighbor
    if check.fact.value["same"] == "peer_as":
        return (check.profile.name, neighbor.peer_as)
    common: Address | Prefix | None = neighbor.local_address
    inside = check.profile.facts.get("inside_cidr")
    if check.fact.value["same"] == "inside_cidr" and inside is not None and neighbor.peer_address:
        common = network(neighbor.peer_address, inside.value["length"])
    return (check.profile.name, common, neighbor.peer_as)


def _prefix_set(texts: Iterable[str]) -> PrefixSet:
    return _cached_prefix_set(tuple(texts))


@functools.cache
def _cached_prefix_set(texts: tuple[str, ...]) -> PrefixSet:
    return PrefixSet(prefix(text) for text in texts)


NEIGHBOR_FACTS: dict[str, Callable[[Check], None]] = {
    "session_family": _session_family,
    "addresses": _addresses,
    "inside_cidr": _inside_cidr,
    "inside_cidr_6": _inside_cidr,
    "peer_as": _peer_as,
    "local_as": _local_as,
    "local_as_reserved": _local_as,
    "other_as": _other_as,
    "passive": _passive,
    "hold_time": _hold_time,
    "hold_time_minimum": _hold_time_minimum,
    "maintenance": _maintenance,
    "families": _families,
    "md5": _md5,
    "ttl_security": _ttl_security,
    "multihop": _multihop,
    "prefix_limit": _prefix_limit,
}
# Read by other rules: of the routes and of the keys (_policy.py, _keys.py), and of several sessions, above.
OTHER_FACTS = ("md5_key", "next_hop", "default_route", "sessions", "same_routes")
# What ExaBGP or this version of the collection has no option for: said in the documentation only.
TOLD_FACTS = ("bfd", "graceful_restart")
