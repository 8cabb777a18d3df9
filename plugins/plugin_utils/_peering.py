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
    """Report where more is announced to a neighbor than the other end takes."""
    for neighbor in neighbors:
        limit = neighbor.profile.facts.get("prefix_limit") if neighbor.profile else None
        if limit is not None and neighbor.profile:
            _prefix_limit(Check(findings, neighbor, neighbor.profile, limit))


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
    """value: within, length, reserved: the small networks of tunnels; local_hosts, peer_hosts: who is where in one."""
    value, neighbor = check.fact.value, check.neighbor
    peer, local = neighbor.peer_address, neighbor.local_address
    within = prefix(value["within"])
    if not peer or peer.version != within.version:
        return
    inside = network(peer, value["length"])
    if not _prefix_set([value["within"]]).covers(peer) or inside.text in value["reserved"]:
        check.refuse("peer_address", peer.text)
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
            f"give the neighbor local_address: {locals_[0]}",
            here=True,  # no other session of the host can have this address
        )


def _peer_as(check: Check) -> None:
    """value: is (the one AS number) or allowed (ranges)."""
    value, neighbor = check.fact.value, check.neighbor
    only = value.get("is")
    if only is not None:
        if neighbor.peer_as not in (None, only):
            check.refuse("peer_as", neighbor.peer_as, "leave peer_as out")
        elif not neighbor.section.failed("peer_as"):
            neighbor.peer_as = only
    else:
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
    """value: refused: the other end never opens the session."""
    if check.neighbor.passive and check.fact.value == "refused":
        check.refuse("passive", True, "leave passive out")


def _hold_time(check: Check) -> None:
    """value: the default, in seconds."""
    if not check.neighbor.given("hold_time"):
        check.neighbor.hold_time = check.fact.value


def _families(check: Check) -> None:
    """value: default (a list, or session for the family of the session), allowed, required."""
    value, neighbor = check.fact.value, check.neighbor
    if not neighbor.given("families"):
        default = value["default"]
        if default != "session":
            neighbor.families = list(default)
        elif neighbor.peer_address:
            neighbor.families = [FAMILIES[neighbor.peer_address.version]]
        return
    for family in neighbor.families or []:
        if family not in value["allowed"]:
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
    """value: default (a TTL, or null for the kernel's) and minimum."""
    neighbor, value = check.neighbor, check.fact.value
    if not neighbor.given("multihop"):
        neighbor.multihop = value["default"]
    elif neighbor.multihop is not None and neighbor.multihop < value["minimum"]:
        check.refuse("multihop", neighbor.multihop, f"write {value['minimum']} or more")


def _prefix_limit(check: Check) -> None:
    """value: how many prefixes the other end takes over one session."""
    count = len({route["prefix"] for route in check.neighbor.routes})
    if count > check.fact.value:
        check.report("", f"{count} prefixes are too many: {check.fact.because}")


def _sessions(group: list[Check]) -> None:
    """value: wanted: how many sessions belong together; same: what they have in common, an option or inside_cidr."""
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
    "peer_as": _peer_as,
    "local_as": _local_as,
    "local_as_reserved": _local_as,
    "other_as": _other_as,
    "passive": _passive,
    "hold_time": _hold_time,
    "families": _families,
    "md5": _md5,
    "ttl_security": _ttl_security,
    "multihop": _multihop,
}
GROUP_FACTS = ("prefix_limit", "sessions", "same_routes")
