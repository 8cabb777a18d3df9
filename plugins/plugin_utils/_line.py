# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Which ExaBGP the host will run, as far as the inventory tells, and what that line of it cannot do.

The plan is made before the host is asked. The two variables of the role exabgp_install tell enough: the
distribution's package is 4.2 in Debian 12 and 13, everything else is what the role installs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._families import MULTICAST
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor

METHOD, VERSION = "exabgp_install_method", "exabgp_install_version"
VARIABLES = (METHOD, VERSION)
PACKAGED = (4, 2, 21)
DEFAULT = (5, 0, 15)
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?.*", re.DOTALL)
_CHECKS_TTL = (5, 0, 14)
_PACKET_RATES = (5, 0, 14)

Version = tuple[int, int, int]


def of_host(variables: Mapping[str, Any]) -> Version:
    """The version that the inventory asks for; what it leaves open, or spells oddly, is the default."""
    given = variables.get(VERSION)
    found = _VERSION.fullmatch(str(given).strip()) if isinstance(given, (str, float)) else None
    if found:
        return (int(found[1]), int(found[2]), int(found[3] or 0))
    return PACKAGED if variables.get(METHOD) == "package" else DEFAULT


def check(findings: Findings, version: Version, neighbors: list[Neighbor]) -> None:
    """Report what this version cannot do.

    An error where it would refuse the file, or would do something else than is asked for; else a warning.
    """
    text = ".".join(map(str, version if version[0] > 4 else version[:2]))
    if version < _CHECKS_TTL:
        for neighbor in neighbors:
            if neighbor.ttl_security and neighbor.ttl_security.on:
                findings.warn(
                    neighbor.where,
                    "ttl_security",
                    f"ExaBGP {text} sends TTL 255, but does not look at the TTL of what comes in",
                    hint="5.0.14 and later do; until then only a firewall can",
                    rule="line.ttl_security",
                    source="ExaBGP 4.2.25 and 5.0.13, measured",
                )
    if version < _PACKET_RATES:
        for neighbor in neighbors:
            for flow in neighbor.flows:
                if flow["action"].get("rate_limit_packets") is not None:
                    findings.error(
                        f"flow {flow['name']}",
                        "action.rate_limit_packets",
                        f"ExaBGP {text} takes the number for bytes",
                        hint="use rate_limit, or install 5.0.14 or later",
                        rule="line.rate_limit_packets",
                        source="ExaBGP 4.2.25, measured",
                    )
    if version < (5, 0, 0):
        _check_42(findings, neighbors)


def _check_42(findings: Findings, neighbors: list[Neighbor]) -> None:
    for neighbor in neighbors:
        for route in neighbor.routes:
            if route["family"] and route["family"].endswith(MULTICAST):
                findings.error(
                    f"route {route['prefix']}",
                    "family",
                    "ExaBGP 4.2 sends it as ipv4 unicast, in place of the unicast route",
                    hint="leave the route out, or install 5.0",
                    rule="line.multicast",
                    source="ExaBGP 4.2.21 with BIRD 2.0.12 and FRR 8.4.4, measured",
                )
            if route["withdraw"]:
                findings.error(
                    f"route {route['prefix']}",
                    "withdraw",
                    "ExaBGP 4.2 announces the route all the same",
                    hint="leave the route out, or install 5.0",
                    rule="line.withdraw",
                    source="ExaBGP 4.2.21, measured",
                )
        if neighbor.capabilities["add_path"]:
            findings.warn(
                neighbor.where,
                "capabilities.add_path",
                "ExaBGP 4.2.25 cannot validate a file with it, so that a change needs a restart",
                hint="install 5.0",
                rule="line.add_path",
                source="ExaBGP 4.2.25, measured",
            )
        if neighbor.source_interface is not None:
            findings.error(
                neighbor.where,
                "source_interface",
                "ExaBGP 4.2 does not know it",
                hint="leave it out, or install 5.0",
                rule="line.source_interface",
                source="ExaBGP 4.2.25, measured",
            )
        for option in ("host_name", "domain_name"):
            name: str | None = getattr(neighbor, option)
            if name and (name[-1].isdigit() or (option == "domain_name" and name[0].isdigit())):
                findings.error(
                    neighbor.where,
                    option,
                    f"ExaBGP 4.2 refuses {name}: it has a digit at an end",
                    hint="leave it out, or install 5.0",
                    rule=f"line.{option}",
                    source="ExaBGP 4.2.25, measured",
                )
