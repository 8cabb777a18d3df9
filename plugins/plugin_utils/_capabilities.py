# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""What a neighbor offers in its OPEN message, and the other options of a session that need no profile."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._families import ROUTE_FAMILIES
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nested import nested

OPTIONS = ("capabilities", "host_name", "domain_name", "source_interface", "listen_port")
CAPABILITIES = (
    "route_refresh",
    "graceful_restart",
    "extended_message",
    "asn4",
    "add_path",
    "add_path_families",
)
ADD_PATH = ("send", "receive", "send/receive")
# RFC 4724 section 3: twelve bits.
MAX_RESTART = 4095
_ADVICE = {"refresh": "did you mean route_refresh", "addpath": "did you mean add_path", "as4": "did you mean asn4"}
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?")
_INTERFACE = re.compile(r"[A-Za-z0-9_.@-]{1,15}")
_NEAREST = Nearest(CAPABILITIES)


def host_name(value: Any) -> str:
    """A name for the FQDN capability."""
    if not isinstance(value, str) or not _HOST_NAME.fullmatch(value) or ".." in value:
        raise Refusal(
            "is not a host name: letters, digits, hyphens and dots, as in edge-1.example.com",
            value=value,
            rule="host_name",
        )
    return value


def interface(value: Any) -> str:
    """The name of a network interface of Linux."""
    if not isinstance(value, str) or not _INTERFACE.fullmatch(value):
        raise Refusal("is not the name of an interface, as in eth0", value=value, rule="interface")
    return value


def graceful_restart(value: Any) -> int | bool:
    """Seconds that the other end keeps the routes of a session that is lost; false does not offer it."""
    if value is False or (isinstance(value, str) and value.strip().lower() in ("false", "no", "off")):
        return False
    number = fields.whole_number(value)
    if number is None or not 1 <= number <= MAX_RESTART:
        raise Refusal(
            f"is not a restart time: 1 to {MAX_RESTART} seconds, or false",
            value=value,
            rule="graceful_restart",
            source="RFC 4724 section 3",
        )
    return number


def add_path(value: Any) -> str | bool:
    """Which way several paths of a prefix may go; false does not offer it."""
    if value is False:
        return False
    return fields.one_of(ADD_PATH)(value)


def read(findings: Findings, neighbor: Neighbor) -> None:
    """Read the options of this file into a neighbor."""
    section = neighbor.section
    neighbor.host_name = section.read("host_name", fields.keyless(findings, host_name))
    neighbor.domain_name = section.read("domain_name", fields.keyless(findings, host_name))
    neighbor.source_interface = section.read("source_interface", fields.keyless(findings, interface))
    neighbor.listen_port = section.read("listen_port", fields.integer(1, fields.MAX_U16))
    inner = nested(section, "capabilities", "{graceful_restart: 120}")
    neighbor.capabilities = dict.fromkeys(CAPABILITIES, None) | {"add_path_families": []}
    if inner is None:
        return
    inner.refuse_unknown(CAPABILITIES, _NEAREST, _ADVICE)
    capabilities = neighbor.capabilities
    for option in ("route_refresh", "extended_message", "asn4"):
        capabilities[option] = inner.read(option, fields.boolean)
    capabilities["graceful_restart"] = inner.read("graceful_restart", graceful_restart)
    capabilities["add_path"] = inner.read("add_path", add_path)
    families = inner.read_list("add_path_families", fields.one_of(ROUTE_FAMILIES))
    capabilities["add_path_families"] = list(dict.fromkeys(families))
    if inner.has("add_path_families") and not inner.failed("add_path_families") and not inner.failed("add_path"):
        if not families:
            refusal = Refusal("is an empty list", "leave it out for all families", rule="add_path.families")
            inner.refuse("add_path_families", refusal)
        elif not capabilities["add_path"]:
            refusal = Refusal("has no effect without add_path", "add add_path: send", rule="add_path.families")
            inner.refuse("add_path_families", refusal)
    _check_asn4(findings, neighbor)


def _check_asn4(findings: Findings, neighbor: Neighbor) -> None:
    if neighbor.capabilities["asn4"] is not False:
        return
    for option in ("local_as", "peer_as"):
        number: int | None = getattr(neighbor, option)
        if number is not None and number > fields.MAX_U16:
            findings.error(
                neighbor.where,
                "capabilities.asn4",
                f"cannot be off: the {option} {number} has more than 16 bits",
                hint="leave asn4 out",
                rule="asn4",
                source="RFC 6793",
            )


def check_families(neighbor: Neighbor) -> None:
    """Report families of add_path that the session does not carry. Called when the profile has filled the families."""
    lacking = [f for f in neighbor.capabilities["add_path_families"] if not neighbor.carries(f)]
    for family in lacking:
        reason = f"{family} is not one of the neighbor's families"
        neighbor.section.refuse_inner("capabilities", "add_path_families", Refusal(reason, rule="add_path.families"))


def sends_paths(neighbor: Neighbor, family: str) -> bool:
    """Tell whether several paths of a prefix of the family can be announced to the neighbor, as far as it is known."""
    if neighbor.section.failed("capabilities") or neighbor.section.failed("group"):
        return True
    chosen = neighbor.capabilities["add_path_families"]
    return "send" in (neighbor.capabilities["add_path"] or "") and (not chosen or family in chosen)
