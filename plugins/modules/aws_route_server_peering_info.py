#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aws_route_server_peering_info
short_description: Ask AWS for the BGP sessions of VPC Route Servers
version_added: "0.2.0"
description:
  - Returns each peer of VPC Route Servers as AWS sees it, with the state of BGP and BFD.
  - Asks once for each 1000 peers and once for each 1000 Route Servers. With O(include_routes), once more for each 1000
    routes of each Route Server.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.aws
  - cloudbgp.exabgp.peerings
options:
  route_server_ids:
    description: Return the peers of these Route Servers only.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is ever changed.
notes:
  - Needs C(ec2:DescribeRouteServerPeers) and C(ec2:DescribeRouteServers), and with O(include_routes)
    C(ec2:GetRouteServerRoutingDatabase).
  - A peer that is C(available) is one that exists; whether its session is up is another question, and RV(peerings)
    answers that.
seealso:
  - module: cloudbgp.exabgp.exabgp_peering_info
"""

EXAMPLES = r"""
- name: Ask for the peers of one Route Server, and which routes it has installed
  cloudbgp.exabgp.aws_route_server_peering_info:
    region: eu-central-1
    route_server_ids: [rs-0123456789abcdef0]
    include_routes: true
  register: aws

- name: Name what is learned and not installed
  ansible.builtin.debug:
    msg: "{{ aws.peerings | map(attribute='routes_received') | flatten | rejectattr('installed') }}"
"""

RETURN = r"""
peerings:
  description:
    - The peers, sorted by name, which is the tag Name, or the id. C(local_address) and C(local_as) are the Route
      Server's end, C(peer_address) and C(peer_as) yours.
    - In C(routes_received), C(installed) tells whether a route table has the route, and C(reason) why not.
  returned: always
  type: list
  elements: dict
  sample:
    - name: appliance-a
      cloud: aws
      profile: aws_route_server
      resource_id: rsp-0123456789abcdef0
      local_address: 10.0.1.78
      local_as: 65000
      peer_address: 10.0.1.10
      peer_as: 65001
      state: established
      state_raw: up
      uptime_s:
      prefixes_received:
      prefixes_advertised:
      md5:
      bfd: up
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
  description: The peers as the API told them.
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

_PAGE = 1000
_PEERS = "ec2:DescribeRouteServerPeers"
_SERVERS = "ec2:DescribeRouteServers"
_DATABASE = "ec2:GetRouteServerRoutingDatabase"


def session(peer: dict[str, t.Any], server: dict[str, t.Any]) -> dict[str, t.Any]:
    """A C(RouteServerPeer), with the C(RouteServer) that it belongs to."""
    problems = [] if peer.get("State") == "available" else [f"the peer is {peer.get('State')}"]
    if peer.get("FailureReason"):
        problems.append(str(peer["FailureReason"]))
    if server.get("State") not in ("available", None):
        problems.append(f"the Route Server is {server['State']}")
    options = peer.get("BgpOptions") or {}
    status = (peer.get("BgpStatus") or {}).get("Status")
    bfd = (peer.get("BfdStatus") or {}).get("Status") if options.get("PeerLivenessDetection") == "bfd" else "disabled"
    return _contract.peering(
        name=_aws.name_of(peer, peer["RouteServerPeerId"]),
        cloud="aws",
        profile="aws_route_server",
        resource_id=peer["RouteServerPeerId"],
        local_address=peer.get("EndpointEniAddress"),
        local_as=_cloud.number(server.get("AmazonSideAsn")),
        peer_address=peer.get("PeerAddress"),
        peer_as=_cloud.number(options.get("PeerAsn")),
        state=_aws.state_of(status, problems),
        state_raw=status,
        bfd=None if bfd is None else str(bfd).lower(),
        problems=problems,
    )


def route(item: dict[str, t.Any]) -> dict[str, t.Any]:
    """A C(RouteServerRoute) as a route of the contract."""
    details = item.get("RouteInstallationDetails") or ()
    installed = any(detail.get("RouteInstallationStatus") == "installed" for detail in details)
    why = [
        f"{detail.get('RouteTableId')}: {detail.get('RouteInstallationStatusReason') or 'rejected'}"
        for detail in details
        if detail.get("RouteInstallationStatus") != "installed"
    ]
    if not details:
        why = [f"it is {item.get('RouteStatus')} only: no route table has it"]
    return {
        "prefix": item.get("Prefix"),
        "next_hop": item.get("NextHopIp"),
        "as_path": [int(word) for text in item.get("AsPaths") or () for word in text.split() if word.isdigit()],
        "med": item.get("Med"),
        "communities": None,
        "installed": installed,
        "reason": None if installed else "; ".join(why),
    }


class Asker:
    """Asks one region for all that the options want."""

    def __init__(self, options: dict[str, t.Any], region: str | None) -> None:
        self._options = options
        self._client = _aws.Client(options, "ec2", region)

    def ask(self) -> _cloud.Answer:
        """One round. Raises CloudError when peers or Route Servers cannot be had."""
        client = self._client
        peers, servers = _aws.side_by_side(
            [
                lambda: client.all("describe_route_server_peers", _PEERS, "RouteServerPeers", MaxResults=_PAGE),
                lambda: client.all("describe_route_servers", _SERVERS, "RouteServers", MaxResults=_PAGE),
            ]
        )
        by_id = {server["RouteServerId"]: server for server in servers}
        wanted = self._options["route_server_ids"]
        lacking = sorted(set(wanted or ()) - set(by_id))
        if lacking:
            known = ", ".join(sorted(by_id)) or "none"
            text = f"No Route Server {', '.join(lacking)} in {client.region}"
            raise _cloud.CloudError("not_found", text, f"There are: {known}")
        peers = [
            peer
            for peer in peers
            if peer.get("State") != "deleted" and (wanted is None or peer.get("RouteServerId") in wanted)
        ]
        found = [(peer, session(peer, by_id.get(peer.get("RouteServerId"), {}))) for peer in peers]
        failure = None
        if self._options["include_routes"]:
            try:
                self._add_routes([(peer, item) for peer, item in found if _cloud.wanted(item, self._options)])
            except _cloud.CloudError as exc:
                failure = exc
        extra: dict[str, t.Any] = {"calls": client.calls}
        if self._options["include_raw"]:
            extra["raw"] = _cloud.without_secrets(peers)
        return _cloud.Answer([item for _peer, item in found], extra, failure)

    def _add_routes(self, asked: list[tuple[dict[str, t.Any], dict[str, t.Any]]]) -> None:
        servers = sorted({peer["RouteServerId"] for peer, _item in asked})
        databases = dict(
            zip(servers, _aws.side_by_side(functools.partial(self._database, server) for server in servers))
        )
        for peer, item in asked:
            routes, persisted = databases[peer["RouteServerId"]]
            own = [route(entry) for entry in routes if entry.get("RouteServerPeerId") == peer["RouteServerPeerId"]]
            item["routes_received"] = own
            item["prefixes_received"] = len(own)
            if persisted and own:
                item["problems"].append(
                    "AWS keeps these routes though no BGP session gives them (persist routes): stale"
                )

    def _database(self, server: str) -> tuple[list[dict[str, t.Any]], bool]:
        """The routes of a Route Server, and whether they are kept without a session."""
        routes: list[dict[str, t.Any]] = []
        persisted = False
        for page in self._client.pages(
            "get_route_server_routing_database", _DATABASE, "Routes", RouteServerId=server, MaxResults=_PAGE
        ):
            routes += page["Routes"]
            persisted = persisted or bool(page.get("AreRoutesPersisted"))
        return routes, persisted


def main() -> None:
    module = AnsibleModule(
        argument_spec={"route_server_ids": {"type": "list", "elements": "str"}, **_aws.SPEC, **_cloud.SPEC},
        supports_check_mode=True,
    )
    _aws.run(module, Asker)


if __name__ == "__main__":
    main()
