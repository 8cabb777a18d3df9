# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The address families that the plan knows, by the names that ExaBGP gives them."""

from __future__ import annotations

UNICAST, MULTICAST, LABELLED, VPN, FLOW, FLOW_VPN = "unicast", "multicast", "nlri-mpls", "mpls-vpn", "flow", "flow-vpn"
# ExaBGP 4.2 and 5.0 have no "ipv6 multicast".
FAMILIES = (
    "ipv4 unicast",
    "ipv6 unicast",
    "ipv4 multicast",
    "ipv4 nlri-mpls",
    "ipv6 nlri-mpls",
    "ipv4 mpls-vpn",
    "ipv6 mpls-vpn",
    "ipv4 flow",
    "ipv6 flow",
    "ipv4 flow-vpn",
    "ipv6 flow-vpn",
)
ROUTE_FAMILIES = tuple(family for family in FAMILIES if not family.split()[1].startswith(FLOW))


def family(version: int, kind: str) -> str:
    """The family of an IP version (4 or 6) and a kind, e.g. C(ipv4 mpls-vpn)."""
    return f"ipv{version} {kind}"
