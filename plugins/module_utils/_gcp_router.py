# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""A Cloud Router's status and configuration, as peerings. Pure: the API's answers in, the contract out.

https://cloud.google.com/compute/docs/reference/rest/v1/routers/getRouterStatus
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _cloud, _contract

_STATES = {"UP": _contract.ESTABLISHED, "DOWN": _contract.DOWN}
_REASONS = {
    "MD5_AUTH_INTERNAL_PROBLEM": "Google cannot use the MD5 key (its own problem; call support after an hour)",
    "IPV4_PEER_ON_IPV6_ONLY_CONNECTION": "an IPv4 peer on a connection that has IPv6 only",
    "IPV6_PEER_ON_IPV4_ONLY_CONNECTION": "an IPv6 peer on a connection that has IPv4 only",
}
# Words of the state that say that the configuration is not whole.
_INVALID = ("invalid", "no interface", "unknown.")
_APPLIANCE, _TUNNEL, _ATTACHMENT = "gcp_router_appliance", "gcp_ha_vpn", "gcp_interconnect"


def peerings(
    router: Mapping[str, t.Any], status: Mapping[str, t.Any] | None, spokes: Iterable[Mapping[str, t.Any]] | None
) -> list[dict[str, t.Any]]:
    """Join the configuration with the status, peer by peer.

    :param router: a C(Router) of routers.list.
    :param status: the C(RouterStatus) of getRouterStatus; None when it could not be had, so every state is unknown.
    :param spokes: the C(Spoke)s of the region; None when they were not asked.
    """
    told = {item.get("name"): item for item in (status or {}).get("bgpPeerStatus") or ()}
    interfaces = {item.get("name"): item for item in router.get("interfaces") or ()}
    found = []
    for peer in router.get("bgpPeers") or ():
        interface = interfaces.get(peer.get("interfaceName")) or {}
        found.append(_peering(router, peer, interface, told.pop(peer.get("name"), None), status is not None, spokes))
    for name, item in told.items():  # made since the configuration was read
        entry = _peering(router, {"name": name}, {}, item, True, None)
        entry["problems"].append("the router's configuration does not have this peer (it is changing just now)")
        found.append(entry)
    return found


def _peering(
    router: Mapping[str, t.Any],
    peer: Mapping[str, t.Any],
    interface: Mapping[str, t.Any],
    told: Mapping[str, t.Any] | None,
    asked: bool,
    spokes: Iterable[Mapping[str, t.Any]] | None,
) -> dict[str, t.Any]:
    now = told or {}
    state, problems = _state(now, told is not None, asked)
    if str(peer.get("enable", "TRUE")).upper() == "FALSE":
        problems.append("the peer is disabled in the router's configuration")
    instance = peer.get("routerApplianceInstance") or now.get("routerApplianceInstance")
    if instance and spokes is not None:
        problems += _spoke(instance, spokes)
    up = state == _contract.ESTABLISHED
    return _contract.peering(
        name=peer["name"],
        cloud="gcp",
        profile=_profile(interface, now, instance),
        resource_id=f"{_path(router.get('selfLink', ''))}/{peer['name']}",
        local_address=peer.get("ipAddress") or now.get("ipAddress"),
        local_as=(router.get("bgp") or {}).get("asn"),
        peer_address=peer.get("peerIpAddress") or now.get("peerIpAddress"),
        peer_as=peer.get("peerAsn"),
        state=state,
        state_raw=_raw(now) or None,
        uptime_s=_cloud.number(now.get("uptimeSeconds")) if up else None,
        prefixes_received=_cloud.number(now.get("numLearnedRoutes")) if now else None,
        prefixes_advertised=len(now.get("advertisedRoutes") or ()) if now else None,
        md5=now["md5AuthEnabled"] if "md5AuthEnabled" in now else bool(peer.get("md5AuthenticationKeyName")),
        bfd=_bfd(peer, now),
        problems=problems,
    )


def _state(now: Mapping[str, t.Any], told: bool, asked: bool) -> tuple[str, list[str]]:
    if not told:
        return _contract.UNKNOWN, ["the router's status does not have this peer"] if asked else []
    status = now.get("status")
    state = _STATES.get(str(status), _contract.UNKNOWN)
    problems = []
    if status not in ("UP", "DOWN", "UNKNOWN"):
        problems.append(f"the status is {status!r}, which Google does not document")
    reason = now.get("statusReason")
    if reason and reason != "STATUS_REASON_UNSPECIFIED":
        problems.append(_REASONS.get(str(reason), str(reason)))
    text = str(now.get("state") or "")
    if state != _contract.ESTABLISHED and (" " in text or any(word in text.lower() for word in _INVALID)):
        problems.append(text)
    return state, problems


def _raw(now: Mapping[str, t.Any]) -> str:
    return " ".join(str(now[name]) for name in ("status", "state") if now.get(name))


def _profile(interface: Mapping[str, t.Any], now: Mapping[str, t.Any], instance: str | None) -> str | None:
    if instance or interface.get("subnetwork"):
        return _APPLIANCE
    if interface.get("linkedVpnTunnel") or now.get("linkedVpnTunnel"):
        return _TUNNEL
    return _ATTACHMENT if interface.get("linkedInterconnectAttachment") else None


def _bfd(peer: Mapping[str, t.Any], now: Mapping[str, t.Any]) -> str | None:
    """The session's state; C(disabled) where the configuration has it off, None where nothing is told."""
    told = (now.get("bfdStatus") or {}).get("localState")
    if told:
        return str(told).lower()
    mode = (peer.get("bfd") or {}).get("sessionInitializationMode")
    return "disabled" if mode == "DISABLED" else None


def _spoke(instance: str, spokes: Iterable[Mapping[str, t.Any]]) -> list[str]:
    """A router appliance must be linked to an active spoke (Network Connectivity Center)."""
    for spoke in spokes:
        linked = (spoke.get("linkedRouterApplianceInstances") or {}).get("instances") or ()
        if any(_path(item.get("virtualMachine", "")) == _path(instance) for item in linked):
            if spoke.get("state") == "ACTIVE":
                return []
            why = "; ".join(str(item.get("message") or item.get("code")) for item in spoke.get("reasons") or ())
            return [f"its spoke {_last(spoke.get('name', ''))} is {spoke.get('state')}" + (f": {why}" if why else "")]
    return [f"{_last(instance)} is in no spoke of Network Connectivity Center, so no session can come up"]


def learned(before: Iterable[Mapping[str, t.Any]], after: Iterable[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The C(BgpRoute)s of a peer before and after its import policies, as routes of the contract.

    C(installed) is false for one that the policies drop; whether one that they take is used is not told.
    """
    kept = list(after)
    taken = {_key(route) for route in kept}
    dropped = [route for route in before if _key(route) not in taken]
    return [
        *(_route(item, None, None) for item in kept),
        *(_route(item, False, "an import policy drops it") for item in dropped),
    ]


def advertised(routes: Iterable[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The C(BgpRoute)s that the router sends to a peer, after its export policies."""
    return [_route(item, None, None) for item in routes]


def _key(route: Mapping[str, t.Any]) -> tuple[t.Any, t.Any]:
    destination = route.get("destination") or {}
    return destination.get("prefix"), destination.get("pathId")


def _route(route: Mapping[str, t.Any], installed: bool | None, reason: str | None) -> dict[str, t.Any]:
    # asns overflows for 4-byte AS numbers, asns32 does not.
    path = [
        _cloud.number(asn)
        for part in route.get("asPaths") or ()
        for asn in part.get("asns32") or part.get("asns") or ()
    ]
    return {
        "prefix": (route.get("destination") or {}).get("prefix"),
        "next_hop": None,
        "as_path": path,
        "med": _cloud.number(route.get("med")),
        "communities": list(route.get("communities") or ()),
        "installed": installed,
        "reason": reason,
    }


def _path(link: str) -> str:
    """What follows the version in a link, so that links of two endpoints compare."""
    return link[link.find("projects/") :] if "projects/" in link else link


def _last(link: str) -> str:
    return link.rpartition("/")[2]
