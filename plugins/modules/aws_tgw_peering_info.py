#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aws_tgw_peering_info
short_description: Ask AWS for the BGP sessions of Transit Gateway Connect peers
version_added: "0.2.0"
description:
  - Returns both BGP sessions of each Transit Gateway Connect peer, as AWS sees them.
  - Asks once for each 1000 Connect peers. With O(include_routes), once more for each attachment, and for each 1000
    routes of the route tables that the attachments propagate to.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.aws
  - cloudbgp.exabgp.peerings
options:
  connect_peer_ids:
    description: Ask for these Connect peers only.
    type: list
    elements: str
  attachment_ids:
    description: Ask for the Connect peers of these attachments only.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is ever changed.
notes:
  - Needs C(ec2:DescribeTransitGatewayConnectPeers), and with O(include_routes)
    C(ec2:GetTransitGatewayAttachmentPropagations) and C(ec2:SearchTransitGatewayRoutes).
  - AWS tells the routes of a Connect peer, not of each of its two sessions; both have the same C(routes_received).
seealso:
  - module: cloudbgp.exabgp.exabgp_peering_info
"""

EXAMPLES = r"""
- name: Ask for all Connect peers of two regions
  cloudbgp.exabgp.aws_tgw_peering_info:
    regions: [eu-central-1, eu-west-1]
  register: aws

- name: Wait until both sessions of an appliance are Established, and see what is in the route tables
  cloudbgp.exabgp.aws_tgw_peering_info:
    region: eu-central-1
    peer_addresses: [169.254.6.1]
    include_routes: true
    wait_for: {state: established, count: 2, timeout: 120}
"""

RETURN = r"""
peerings:
  description:
    - The sessions, sorted by name, which is the tag Name of the Connect peer, or its id. C(local_address) and
      C(local_as) are the Transit Gateway's end, C(peer_address) and C(peer_as) yours.
    - In C(routes_received), C(installed) is false for a route that the table has as a black hole.
  returned: always
  type: list
  elements: dict
  sample:
    - name: appliance-a
      cloud: aws
      profile: aws_tgw_connect
      resource_id: tgw-connect-peer-0123456789abcdef0
      local_address: 169.254.6.2
      local_as: 64512
      peer_address: 169.254.6.1
      peer_as: 65010
      state: established
      state_raw: up
      uptime_s:
      prefixes_received:
      prefixes_advertised:
      md5:
      bfd:
      problems: []
summary:
  description: How many peerings have which state.
  returned: always
  type: dict
  sample: {total: 2, established: 2, down: 0, unknown: 0}
reached:
  description: Whether what O(wait_for) wants was seen. True when nothing was wanted and everything was answered.
  returned: always
  type: bool
calls:
  description: How many calls of the API were made, without those that were made again.
  returned: success
  type: int
raw:
  description: The Connect peers as the API told them, without secrets.
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
# How many values a filter of EC2 takes.
_VALUES = 200
_PEERS = "ec2:DescribeTransitGatewayConnectPeers"
_PROPAGATIONS = "ec2:GetTransitGatewayAttachmentPropagations"
_SEARCH = "ec2:SearchTransitGatewayRoutes"


def sessions(peer: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The sessions of a C(TransitGatewayConnectPeer)."""
    found = []
    for session in (peer.get("ConnectPeerConfiguration") or {}).get("BgpConfigurations") or ():
        problems = [] if peer.get("State") == "available" else [f"the Connect peer is {peer.get('State')}"]
        state = _aws.state_of(session.get("BgpStatus"), problems)
        found.append(
            _contract.peering(
                name=_aws.name_of(peer, peer["TransitGatewayConnectPeerId"]),
                cloud="aws",
                profile="aws_tgw_connect",
                resource_id=peer["TransitGatewayConnectPeerId"],
                local_address=session.get("TransitGatewayAddress"),
                local_as=_cloud.number(session.get("TransitGatewayAsn")),
                peer_address=session.get("PeerAddress"),
                peer_as=_cloud.number(session.get("PeerAsn")),
                state=state,
                state_raw=session.get("BgpStatus"),
                problems=problems,
            )
        )
    return found


def endpoints(peer: dict[str, t.Any]) -> str:
    """What a route table calls the Connect peer: C(GATEWAY(APPLIANCE)), the outer addresses."""
    addresses = peer.get("ConnectPeerConfiguration") or {}
    return f"{addresses.get('TransitGatewayAddress')}({addresses.get('PeerAddress')})"


def route(item: dict[str, t.Any]) -> dict[str, t.Any]:
    """A C(TransitGatewayRoute) as a route of the contract; AWS tells no path, MED or communities of it."""
    active = item.get("State") == "active"
    return {
        "prefix": item.get("DestinationCidrBlock"),
        "next_hop": None,
        "as_path": None,
        "med": None,
        "communities": None,
        "installed": active,
        "reason": None if active else f"the route is {item.get('State')}",
    }


class Asker:
    """Asks one region for all that the options want."""

    def __init__(self, options: dict[str, t.Any], region: str | None) -> None:
        self._options = options
        self._client = _aws.Client(options, "ec2", region)

    def ask(self) -> _cloud.Answer:
        """One round. Raises CloudError when the Connect peers cannot be had."""
        parameters: dict[str, t.Any] = {"MaxResults": _PAGE}
        if self._options["connect_peer_ids"]:
            parameters = {"TransitGatewayConnectPeerIds": self._options["connect_peer_ids"]}
        if self._options["attachment_ids"]:
            values = self._options["attachment_ids"]
            parameters["Filters"] = [{"Name": "transit-gateway-attachment-id", "Values": values}]
        peers = self._client.all(
            "describe_transit_gateway_connect_peers", _PEERS, "TransitGatewayConnectPeers", **parameters
        )
        peers = [peer for peer in peers if peer.get("State") != "deleted"]
        found = [(peer, session) for peer in peers for session in sessions(peer)]
        failure = None
        if self._options["include_routes"]:
            asked = [(peer, item) for peer, item in found if _cloud.wanted(item, self._options)]
            try:
                self._add_routes(asked)
            except _cloud.CloudError as exc:
                failure = exc
        extra: dict[str, t.Any] = {"calls": self._client.calls}
        if self._options["include_raw"]:
            extra["raw"] = _cloud.without_secrets(peers)
        return _cloud.Answer([session for _peer, session in found], extra, failure)

    def _add_routes(self, asked: list[tuple[dict[str, t.Any], dict[str, t.Any]]]) -> None:
        attachments = sorted({peer["TransitGatewayAttachmentId"] for peer, _session in asked})
        tables: dict[str, list[str]] = {}
        for attachment, found in zip(
            attachments, _aws.side_by_side(functools.partial(self._tables, x) for x in attachments)
        ):
            for table in found:
                tables.setdefault(table, []).append(attachment)
        routes: dict[str, dict[str, dict[str, t.Any]]] = {}
        more: set[str] = set()
        searches = [
            (table, values[start : start + _VALUES])
            for table, values in sorted(tables.items())
            for start in range(0, len(values), _VALUES)
        ]
        for (table, _values), (items, cut) in zip(
            searches, _aws.side_by_side(functools.partial(self._search, *search) for search in searches)
        ):
            more.update([table] if cut else [])
            for item in items:
                for attachment in item.get("TransitGatewayAttachments") or ():
                    known = routes.setdefault(str(attachment.get("ResourceId")), {})
                    known[str(item.get("DestinationCidrBlock"))] = route(item)
        for peer, session in asked:
            learned = routes.get(endpoints(peer), {})
            session["routes_received"] = [learned[prefix] for prefix in sorted(learned)]
            session["prefixes_received"] = len(learned)
            if more:
                session["problems"].append(f"AWS has more routes than it told in {', '.join(sorted(more))}")

    def _tables(self, attachment: str) -> list[str]:
        """The route tables that an attachment propagates to."""
        found = self._client.all(
            "get_transit_gateway_attachment_propagations",
            _PROPAGATIONS,
            "TransitGatewayAttachmentPropagations",
            TransitGatewayAttachmentId=attachment,
            MaxResults=_PAGE,
        )
        return [item["TransitGatewayRouteTableId"] for item in found if item.get("State") == "enabled"]

    def _search(self, table: str, attachments: list[str]) -> tuple[list[dict[str, t.Any]], bool]:
        """The routes of attachments in a table, and whether there are more than can be had."""
        filters = [
            {"Name": "type", "Values": ["propagated"]},
            {"Name": "attachment.transit-gateway-attachment-id", "Values": attachments},
        ]
        found: list[dict[str, t.Any]] = []
        cut = False
        for page in self._client.pages(
            "search_transit_gateway_routes",
            _SEARCH,
            "Routes",
            TransitGatewayRouteTableId=table,
            Filters=filters,
            MaxResults=_PAGE,
        ):
            found += page["Routes"]
            cut = bool(page.get("AdditionalRoutesAvailable")) and not page.get("NextToken")
        return found, cut


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "connect_peer_ids": {"type": "list", "elements": "str"},
            "attachment_ids": {"type": "list", "elements": "str"},
            **_aws.SPEC,
            **_cloud.SPEC,
        },
        supports_check_mode=True,
    )
    _aws.run(module, Asker)


if __name__ == "__main__":
    main()
