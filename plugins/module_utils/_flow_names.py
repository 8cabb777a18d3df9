# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""The names that ExaBGP 4.2 and 5.0 have for values of FlowSpec components, and the components themselves."""

from __future__ import annotations

from collections.abc import Mapping

# The component's name in the inventory -> the keyword in exabgp.conf, in the order of RFC 8955 and RFC 8956.
KEYWORDS: Mapping[str, str] = {
    "destination": "destination",
    "source": "source",
    "protocol": "protocol",
    "next_header": "next-header",
    "port": "port",
    "destination_port": "destination-port",
    "source_port": "source-port",
    "icmp_type": "icmp-type",
    "icmp_code": "icmp-code",
    "tcp_flags": "tcp-flags",
    "packet_length": "packet-length",
    "dscp": "dscp",
    "traffic_class": "traffic-class",
    "fragment": "fragment",
    "flow_label": "flow-label",
}
PREFIXES = ("destination", "source")
PORTS = ("port", "destination_port", "source_port")

PROTOCOLS: Mapping[str, int] = {
    "icmp": 1,
    "igmp": 2,
    "tcp": 6,
    "egp": 8,
    "udp": 17,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ospf": 89,
    "ipip": 94,
    "pim": 103,
    "sctp": 132,
}
ICMP_TYPES: Mapping[str, int] = {
    "echo-reply": 0,
    "unreachable": 3,
    "redirect": 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicit": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp": 13,
    "timestamp-reply": 14,
    "photuris": 40,
    "experimental-mobility": 41,
    "extended-echo-request": 42,
    "extended-echo-reply": 43,
    "experimental-one": 253,
    "experimental-two": 254,
}
# Only of the type "unreachable"; ExaBGP prints codes as numbers.
ICMP_CODES: Mapping[str, int] = {
    "network-unreachable": 0,
    "host-unreachable": 1,
    "protocol-unreachable": 2,
    "port-unreachable": 3,
    "fragmentation-needed": 4,
    "source-route-failed": 5,
    "destination-network-unknown": 6,
    "destination-host-unknown": 7,
    "source-host-isolated": 8,
    "destination-network-prohibited": 9,
    "destination-host-prohibited": 10,
    "network-unreachable-for-tos": 11,
    "host-unreachable-for-tos": 12,
    "communication-prohibited-by-filtering": 13,
    "host-precedence-violation": 14,
    "precedence-cutoff-in-effect": 15,
}
TCP_FLAGS: Mapping[str, int] = {
    "fin": 0x01,
    "syn": 0x02,
    "rst": 0x04,
    "push": 0x08,
    "ack": 0x10,
    "urg": 0x20,
    "ece": 0x40,
    "cwr": 0x80,
}
FRAGMENTS: Mapping[str, int] = {
    "dont-fragment": 0x01,
    "is-fragment": 0x02,
    "first-fragment": 0x04,
    "last-fragment": 0x08,
}
NUMBERS: Mapping[str, Mapping[str, int]] = {
    "protocol": PROTOCOLS,
    "next_header": PROTOCOLS,
    "icmp_type": ICMP_TYPES,
    "icmp_code": ICMP_CODES,
}
BITS: Mapping[str, Mapping[str, int]] = {"tcp_flags": TCP_FLAGS, "fragment": FRAGMENTS}
