#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aws_direct_connect_peering_info
short_description: Ask AWS for the BGP peers of Direct Connect virtual interfaces
version_added: "0.2.0"
description:
  - Returns each BGP peer of Direct Connect virtual interfaces, as AWS sees it.
  - Asks once for each 100 interfaces. With O(include_routes), once more for each 100 routes of each interface, several
    interfaces at a time.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.aws
  - cloudbgp.exabgp.peerings
options:
  virtual_interface_ids:
    description: Return the peers of these virtual interfaces only.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is ever changed.
notes:
  - Needs C(directconnect:DescribeVirtualInterfaces), and with O(include_routes) a boto3 that knows
    C(ListVirtualInterfaceRoutes), of July 2026 or newer, and the permission of that name.
  - That a peer is up does not say that AWS takes its routes. O(include_routes) does.
  - AWS returns the MD5 keys; this module does not, not even with O(include_raw).
seealso:
  - module: cloudbgp.exabgp.exabgp_peering_info
"""

EXAMPLES = r"""
- name: Ask for the peers of one virtual interface, and what AWS has accepted
  cloudbgp.exabgp.aws_direct_connect_peering_info:
    region: eu-central-1
    virtual_interface_ids: [dxvif-0123abcd]
    include_routes: true
  register: aws
"""

RETURN = r"""
peerings:
  description:
    - The BGP peers, sorted by name, which is that of the virtual interface, or its id. C(local_address) and C(local_as)
      are AWS's end, C(peer_address) and C(peer_as) yours.
  returned: always
  type: list
  elements: dict
  sample:
    - name: frankfurt-a
      cloud: aws
      profile: aws_direct_connect
      resource_id: dxvif-0123abcd/dxpeer-0123abcd
      local_address: 169.254.255.1
      local_as: 64512
      peer_address: 169.254.255.2
      peer_as: 65000
      state: established
      state_raw: up
      uptime_s:
      prefixes_received:
      prefixes_advertised:
      md5: true
      bfd:
      problems: []
summary:
  description: How many peerings have which state.
  returned: always
  type: dict
  sample: {total: 1, established: 1, down: 0, unknown: 0}
reached:
  description: Whether what O(wait_for) wants was seen. True when nothing was wanted and everything was answered.
  returned: always
  type: bool
calls:
  description: How many calls of the API were made, without those that were made again.
  returned: success
  type: int
raw:
  description: The virtual interfaces as the API told them, without secrets.
  returned: when O(include_raw)
  type: list
  elements: dict
failure:
  description: The first call that failed, with C(code), C(message) and C(hint).
  returned: failure
  type: dict
"""

import functools
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _aws, _cloud, _contract

_PAGE = 100
_INTERFACES = "directconnect:DescribeVirtualInterfaces"
_ROUTES = "directconnect:ListVirtualInterfaceRoutes"

Peer = tuple[dict[str, t.Any], dict[str, t.Any], dict[str, t.Any]]
"""A virtual interface, a BGP peer of it, and that peer as a peering."""


def peers(interface: dict[str, t.Any]) -> list[Peer]:
    """The peers of a C(VirtualInterface)."""
    found = []
    for peer in interface.get("bgpPeers") or ():
        if peer.get("bgpPeerState") == "deleted":
            continue
        problems = []
        if interface.get("virtualInterfaceState") != "available":
            problems.append(f"the virtual interface is {interface.get('virtualInterfaceState')}")
        if peer.get("bgpPeerState") != "available":
            problems.append(f"the BGP peer is {peer.get('bgpPeerState')}")
        peering = _contract.peering(
            name=interface.get("virtualInterfaceName") or interface["virtualInterfaceId"],
            cloud="aws",
            profile="aws_direct_connect",
            resource_id=f"{interface['virtualInterfaceId']}/{peer.get('bgpPeerId')}",
            local_address=_address(peer.get("amazonAddress")),
            local_as=_cloud.number(interface.get("amazonSideAsn")),
            peer_address=_address(peer.get("customerAddress")),
            # The older asn is 0 for an AS number of 4 bytes.
            peer_as=_cloud.number(peer.get("asnLong")) or _cloud.number(peer.get("asn")) or None,
            state=_aws.state_of(peer.get("bgpStatus"), problems),
            state_raw=peer.get("bgpStatus"),
            md5=bool(peer.get("authKey")),
            problems=problems,
        )
        found.append((interface, peer, peering))
    return found


def _address(text: str | None) -> str | None:
    return text.partition("/")[0] if text else None


def route(item: dict[str, t.Any]) -> dict[str, t.Any]:
    """A C(VirtualInterfaceRoute) as a route of the contract."""
    return {
        "prefix": item.get("cidr"),
        "next_hop": None,
        "as_path": [asn for part in item.get("asPath") or () for asn in part.get("path") or ()],
        "med": None,
        "communities": list(item.get("communities") or ()),
        "installed": True if item.get("routeInstalledAt") else None,
        "reason": None,
    }


class Asker:
    """Asks one region for all that the options want."""

    def __init__(self, options: dict[str, t.Any], region: str | None) -> None:
        self._options = options
        self._client = _aws.Client(options, "directconnect", region)

    def ask(self) -> _cloud.Answer:
        """One round. Raises CloudError when the virtual interfaces cannot be had."""
        wanted = self._options["virtual_interface_ids"]
        interfaces = [
            item
            for item in self._client.all(
                "describe_virtual_interfaces", _INTERFACES, "virtualInterfaces", "nextToken", maxResults=_PAGE
            )
            # AWS goes on telling of those that were deleted a quarter of an hour ago.
            if item.get("virtualInterfaceState") != "deleted"
        ]
        known = {item["virtualInterfaceId"] for item in interfaces}
        lacking = sorted(set(wanted or ()) - known)
        if lacking:
            text = f"No virtual interface {', '.join(lacking)} in {self._client.region}"
            raise _cloud.CloudError("not_found", text, f"There are: {', '.join(sorted(known)) or 'none'}")
        interfaces = [item for item in interfaces if wanted is None or item["virtualInterfaceId"] in wanted]
        found = [entry for interface in interfaces for entry in peers(interface)]
        failure = None
        if self._options["include_routes"]:
            try:
                self._add_routes([entry for entry in found if _cloud.wanted(entry[2], self._options)])
            except _cloud.CloudError as exc:
                failure = exc
        extra: dict[str, t.Any] = {"calls": self._client.calls}
        if self._options["include_raw"]:
            extra["raw"] = _cloud.without_secrets(interfaces)
        return _cloud.Answer([peering for _interface, _peer, peering in found], extra, failure)

    def _add_routes(self, asked: list[Peer]) -> None:
        ids = sorted({interface["virtualInterfaceId"] for interface, _peer, _peering in asked})
        routes = dict(zip(ids, _aws.side_by_side(functools.partial(self._routes, name) for name in ids)))
        for interface, peer, peering in asked:
            own = [
                item
                for item in routes[interface["virtualInterfaceId"]]
                if item.get("addressFamily") in (peer.get("addressFamily"), None)
            ]
            for direction, kind in (("accepted", "received"), ("advertised", "advertised")):
                rows = [route(item) for item in own if item.get("routeDirection") == direction]
                peering[f"routes_{kind}"] = rows
                peering[f"prefixes_{kind}"] = len(rows)

    def _routes(self, interface: str) -> list[dict[str, t.Any]]:
        return self._client.all(
            "list_virtual_interface_routes",
            _ROUTES,
            "routes",
            "nextToken",
            virtualInterfaceId=interface,
            maxResults=_PAGE,
        )


def main() -> None:
    module = AnsibleModule(
        argument_spec={"virtual_interface_ids": {"type": "list", "elements": "str"}, **_aws.SPEC, **_cloud.SPEC},
        supports_check_mode=True,
    )
    _aws.run(module, Asker)


if __name__ == "__main__":
    main()
