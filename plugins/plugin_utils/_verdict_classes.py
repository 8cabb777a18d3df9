# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The classes of a verdict, as data: what each means, whether it is fatal, and what to type next."""

from __future__ import annotations

from typing import NamedTuple

OK, INFO, WARNING, UNKNOWN, FAULT = "ok", "info", "warning", "unknown", "fault"
# From the best to the worst.
SEVERITIES = (OK, INFO, WARNING, UNKNOWN, FAULT)

ALL_UP, MINIMUM_UP = "all_neighbors_up", "minimum_neighbors_up"
RECEIVED, ADVERTISED = "prefixes_received", "prefixes_advertised"
NO_STALE, HARDENING, HEALTH = "no_stale_routes", "hardening_as_planned", "services_healthy"
CHECKS = {
    ALL_UP: "every planned session is Established, as both ends say",
    MINIMUM_UP: "of the sessions that belong together, as many are Established as the peering wants",
    ADVERTISED: "the daemon announces what is planned, with the planned attributes, and nothing that it should not",
    RECEIVED: "the cloud has learned what the daemon announces, and uses it",
    NO_STALE: "the cloud holds nothing that the daemon does not announce",
    HARDENING: "MD5 and TTL security are on where the plan has them on",
    HEALTH: "the health agent runs, and announces every service",
}


class FaultClass(NamedTuple):
    """One class.

    :param title: a few words for a table.
    :param meaning: one sentence.
    :param severity: one of SEVERITIES.
    :param fatal: whether a run fails on it when nothing else is chosen.
    :param next: the command to type next; {unit}, {local}, {peer}, {peer_as}, {module}, {service} are filled in.
    """

    title: str
    meaning: str
    severity: str
    fatal: bool
    next: str


_LOG = "journalctl -u {unit} -n 50"
_SITE = "ansible-playbook cloudbgp.exabgp.site --limit {host}"
_CLOUD = "ansible localhost -m cloudbgp.exabgp.{module}"
_SERVICE = "exabgp-health explain {service}"

CLASSES: dict[str, FaultClass] = {
    "as_planned": FaultClass("as planned", "What was asked is as the plan has it.", OK, False, ""),
    "not_asked": FaultClass(
        "cloud not asked", "Nobody asked the cloud; only this end of the session is known.", UNKNOWN, False, _CLOUD
    ),
    "cloud_unknown": FaultClass(
        "cloud did not answer", "The cloud's API gave no whole answer; its end is not known.", UNKNOWN, True, _CLOUD
    ),
    "not_told": FaultClass(
        "not told", "The source was asked, and does not tell what this check needs.", UNKNOWN, False, _CLOUD
    ),
    "daemon_silent": FaultClass(
        "daemon silent",
        "The daemon gave no answer in time, or was not asked.",
        UNKNOWN,
        True,
        "systemctl status {unit}",
    ),
    "daemon_down": FaultClass("daemon down", "ExaBGP does not run.", FAULT, True, "systemctl status {unit}; " + _LOG),
    "not_configured_on_host": FaultClass(
        "not configured on the host", "The plan has the session and the running daemon does not.", FAULT, True, _SITE
    ),
    "not_planned": FaultClass("not planned", "The daemon has a session, and the plan does not.", FAULT, True, _SITE),
    "not_configured_at_cloud": FaultClass(
        "not configured at the cloud", "The cloud answered, and has no such peering.", FAULT, True, _CLOUD
    ),
    "cloud_other_address": FaultClass(
        "configured with another address", "The cloud's peering has another address for this host.", FAULT, True, _CLOUD
    ),
    "cloud_other_as": FaultClass(
        "configured with another AS", "The cloud's peering has another AS number than the plan.", FAULT, True, _CLOUD
    ),
    "as_mismatch": FaultClass(
        "AS mismatch", "An OPEN message had another AS number than was configured (RFC 4271, 6.2).", FAULT, True, _LOG
    ),
    "local_address_missing": FaultClass(
        "local address missing",
        "The session's own address is not on the host.",
        FAULT,
        True,
        "ip address show to {local}",
    ),
    "no_route": FaultClass(
        "no route", "The host has no route to the peer.", FAULT, True, "ip route get {peer} from {local}"
    ),
    "transport_blocked": FaultClass(
        "transport blocked",
        "TCP port 179 of the peer does not answer: a host firewall, a security group, or nothing that listens.",
        FAULT,
        True,
        "nft list ruleset; ss -tni dst {peer}",
    ),
    "md5_mismatch": FaultClass(
        "MD5 keys differ",
        "The kernel drops segments with a wrong signature (RFC 2385).",
        FAULT,
        True,
        "nstat -az 'TcpExtTCPMD5*'",
    ),
    "md5_missing_at_peer": FaultClass(
        "no MD5 key at the peer",
        "The plan has a key, and the peer sends without one.",
        FAULT,
        True,
        "nstat -az 'TcpExtTCPMD5*'",
    ),
    "md5_missing_on_host": FaultClass(
        "no MD5 key on the host", "The peer signs, and the plan has no key.", FAULT, True, "nstat -az 'TcpExtTCPMD5*'"
    ),
    "ttl": FaultClass(
        "TTL too low",
        "Segments come with a lower TTL than TTL security allows (RFC 5082).",
        FAULT,
        True,
        "nstat -az TcpExtTCPMinTTLDrop",
    ),
    "hold_timer": FaultClass(
        "hold timer expired", "An end heard nothing for the hold time (RFC 4271, 6.5).", FAULT, True, _LOG
    ),
    "flapping": FaultClass(
        "flapping", "The session is up and was lost since the snapshot before.", WARNING, False, _LOG
    ),
    "shut_down_by_peer": FaultClass(
        "shut down by the peer", "The peer closed the session on purpose (Cease, RFC 4486).", FAULT, True, _LOG
    ),
    "ends_disagree": FaultClass(
        "the ends disagree",
        "One end says Established, the other says that it is not.",
        FAULT,
        True,
        _LOG + "; " + _CLOUD,
    ),
    "session_down": FaultClass(
        "session down",
        "The session is not Established, and nothing names the reason.",
        FAULT,
        True,
        _LOG + "; ss -tni dst {peer}",
    ),
    "one_of_two": FaultClass(
        "too few sessions", "Fewer sessions are up than the peering wants for redundancy.", FAULT, True, _LOG
    ),
    "prefix_limit": FaultClass("prefix limit", "The other end takes no more prefixes.", FAULT, True, _CLOUD),
    "not_announced": FaultClass(
        "not announced", "The plan has the prefix and the daemon does not announce it.", FAULT, True, _SITE
    ),
    "attribute_differs": FaultClass(
        "attribute differs", "The prefix is announced with another attribute than planned.", FAULT, True, _SITE
    ),
    "not_learned": FaultClass(
        "not learned",
        "The session is up and the cloud has not learned the prefix: a filter, most often.",
        FAULT,
        True,
        _CLOUD,
    ),
    "next_hop": FaultClass(
        "next hop not taken", "The cloud takes no other next hop than the session's own address.", FAULT, True, _CLOUD
    ),
    "own_as_in_path": FaultClass(
        "own AS in the path", "The cloud finds its own AS number in the path (RFC 4271, 9.1.2).", FAULT, True, _CLOUD
    ),
    "not_installed": FaultClass(
        "learned and not installed", "The cloud has learned the prefix and does not use it.", FAULT, True, _CLOUD
    ),
    "stale_route": FaultClass(
        "stale route", "The cloud still holds a prefix that the daemon does not announce.", FAULT, True, _CLOUD
    ),
    "health_down": FaultClass("health down", "The checks of a service hold it back.", WARNING, False, _SERVICE),
    "health_unknown": FaultClass(
        "health not known",
        "A service has no verdict yet, or its agent was not asked.",
        UNKNOWN,
        False,
        "exabgp-health status",
    ),
    "drained": FaultClass("drained", "An operator has taken the service out on purpose.", INFO, False, _SERVICE),
    "agent_down": FaultClass(
        "health agent down",
        "The agent does not run, or does not know what the plan has.",
        FAULT,
        True,
        "journalctl -t exabgp-health -n 50",
    ),
    "hardening_not_proven": FaultClass(
        "protection not proven",
        "The plan has a protection on, and nothing has shown that it works.",
        UNKNOWN,
        False,
        "nft list ruleset",
    ),
    "hardening_off": FaultClass("protection off", "The plan has a protection on, and it is off.", FAULT, True, _SITE),
}
