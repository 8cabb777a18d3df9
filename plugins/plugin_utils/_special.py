# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Addresses and AS numbers that mean nothing outside of one's own networks, from IANA's registries."""

from __future__ import annotations

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import BITS, Prefix
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import prefix

# IANA IPv4 and IPv6 Special-Purpose Address Registries: what they do not call globally reachable, with its document.
_NETWORKS = {
    "0.0.0.0/8": ("this network", "RFC 791"),
    "10.0.0.0/8": ("private", "RFC 1918"),
    "100.64.0.0/10": ("shared address space", "RFC 6598"),
    "127.0.0.0/8": ("loopback", "RFC 1122"),
    "169.254.0.0/16": ("link local", "RFC 3927"),
    "172.16.0.0/12": ("private", "RFC 1918"),
    "192.0.0.0/24": ("for protocol assignments", "RFC 6890"),
    "192.0.2.0/24": ("for documentation", "RFC 5737"),
    "192.88.99.0/24": ("deprecated 6to4 relays", "RFC 7526"),
    "192.168.0.0/16": ("private", "RFC 1918"),
    "198.18.0.0/15": ("for benchmarks", "RFC 2544"),
    "198.51.100.0/24": ("for documentation", "RFC 5737"),
    "203.0.113.0/24": ("for documentation", "RFC 5737"),
    "224.0.0.0/4": ("multicast", "RFC 5771"),
    "240.0.0.0/4": ("reserved", "RFC 1112"),
    "2001:2::/48": ("for benchmarks", "RFC 5180"),
    "2001:10::/28": ("deprecated ORCHID", "RFC 4843"),
    "2001:db8::/32": ("for documentation", "RFC 3849"),
    "3fff::/20": ("for documentation", "RFC 9637"),
    "fc00::/7": ("unique local", "RFC 4193"),
    "fe80::/10": ("link local", "RFC 4291"),
    "ff00::/8": ("multicast", "RFC 4291"),
}
_SPECIAL = [(prefix(text), *words) for text, words in _NETWORKS.items()]
_GLOBAL_UNICAST = prefix("2000::/3")
_AS_NUMBERS = (
    (64512, 65534, "private", "RFC 6996"),
    (4200000000, 4294967294, "private", "RFC 6996"),
    (64496, 64511, "for documentation", "RFC 5398"),
    (65536, 65551, "for documentation", "RFC 5398"),
    (65552, 131071, "reserved", "IANA Autonomous System Numbers"),
)


def special_network(item: Prefix) -> tuple[str, str, str] | None:
    """The special network that a prefix overlaps, what it is, and its source. None for a prefix of the Internet."""
    for network, what, source in _SPECIAL:
        if _overlap(network, item):
            return network.text, what, source
    if item.version == 6 and not _overlap(_GLOBAL_UNICAST, item):
        return _GLOBAL_UNICAST.text, "all that is global unicast", "RFC 4291"
    return None


def special_as(number: int) -> tuple[str, str] | None:
    """What an AS number is that nobody may use on the Internet, and the source. None for a public one."""
    for low, high, what, source in _AS_NUMBERS:
        if low <= number <= high:
            return what, source
    return None


def _overlap(one: Prefix, other: Prefix) -> bool:
    if one.version != other.version:
        return False
    shift = BITS[one.version] - min(one.length, other.length)
    return one.value >> shift == other.value >> shift
