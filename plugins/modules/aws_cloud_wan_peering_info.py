#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aws_cloud_wan_peering_info
short_description: Ask AWS for the BGP sessions of Cloud WAN Connect peers
version_added: "0.2.0"
description:
  - Returns the BGP sessions of the Connect peers of a Cloud WAN core network, the configuration joined with the health
    that Network Manager's telemetry has of it.
  - Asks for the core network, once for each 500 Connect peers, once for each 500 lines of telemetry, and once for each
    Connect peer, several at a time, since AWS tells addresses and AS numbers by peer only.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.aws
  - cloudbgp.exabgp.peerings
options:
  core_network_id:
    description: The core network.
    type: str
    required: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is ever changed.
notes:
  - Needs C(networkmanager:GetCoreNetwork), C(networkmanager:ListConnectPeers), C(networkmanager:GetConnectPeer) and
    C(networkmanager:GetNetworkTelemetry).
  - Network Manager is one for all regions; one region is enough.
  - The telemetry tells of a session some time after the fact, and of none that never came up; such a session is
    V(unknown).
  - O(include_routes) adds nothing. AWS tells the routes of segments, not of Connect peers.
seealso:
  - module: cloudbgp.exabgp.exabgp_peering_info
"""

EXAMPLES = r"""
- name: Ask for the Connect peers of a core network
  cloudbgp.exabgp.aws_cloud_wan_peering_info:
    region: us-west-2
    core_network_id: core-network-0123456789abcdef0
  register: aws
"""

RETURN = r"""
peerings:
  description:
    - The sessions, sorted by name, which is the tag Name of the Connect peer, or its id. C(local_address) and
      C(local_as) are the core network's end, C(peer_address) and C(peer_as) yours.
  returned: always
  type: list
  elements: dict
  sample:
    - name: appliance-a
      cloud: aws
      profile: aws_cloud_wan_connect
      resource_id: connect-peer-0123456789abcdef0
      local_address: 169.254.6.2
      local_as: 64512
      peer_address: 169.254.6.1
      peer_as: 65010
      state: established
      state_raw: UP since 2026-01-01T00:00:00Z
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
  description: The Connect peers and the telemetry as the API told them.
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

_PAGE = 500
_NETWORK = "networkmanager:GetCoreNetwork"
_LIST = "networkmanager:ListConnectPeers"
_PEER = "networkmanager:GetConnectPeer"
_TELEMETRY = "networkmanager:GetNetworkTelemetry"
_PROFILES = {"GRE": "aws_cloud_wan_connect", "NO_ENCAP": "aws_cloud_wan_tunnel_less"}


def sessions(peer: dict[str, t.Any], telemetry: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The sessions of a C(ConnectPeer), with the lines of telemetry that are of it."""
    health = {item.get("Address"): item.get("Health") or {} for item in telemetry}
    configuration = peer.get("Configuration") or {}
    found = []
    for session in configuration.get("BgpConfigurations") or ():
        problems = [] if peer.get("State") == "AVAILABLE" else [f"the Connect peer is {peer.get('State')}"]
        problems += [str(item.get("Message")) for item in peer.get("LastModificationErrors") or ()]
        told = health.get(session.get("CoreNetworkAddress"), {})
        if not told:
            problems.append("the telemetry has nothing of this session")
        word, since = told.get("Status"), told.get("Timestamp")
        found.append(
            _contract.peering(
                name=_aws.name_of(peer, peer["ConnectPeerId"]),
                cloud="aws",
                profile=_PROFILES.get(str(configuration.get("Protocol"))),
                resource_id=peer["ConnectPeerId"],
                local_address=session.get("CoreNetworkAddress"),
                local_as=_cloud.number(session.get("CoreNetworkAsn")),
                peer_address=session.get("PeerAddress"),
                peer_as=_cloud.number(session.get("PeerAsn")),
                state=_aws.state_of(word, problems),
                state_raw=f"{word} since {since.isoformat()}" if word and since else word,
                problems=problems,
            )
        )
    return found


class Asker:
    """Asks for all that the options want."""

    def __init__(self, options: dict[str, t.Any], region: str | None) -> None:
        self._options = options
        self._client = _aws.Client(options, "networkmanager", region)

    def ask(self) -> _cloud.Answer:
        """One round. Raises CloudError when the core network, its peers or the telemetry cannot be had."""
        network = self._options["core_network_id"]
        whole, listed = _aws.side_by_side(
            [
                functools.partial(self._global_network, network),
                functools.partial(
                    self._client.all,
                    "list_connect_peers",
                    _LIST,
                    "ConnectPeers",
                    CoreNetworkId=network,
                    MaxResults=_PAGE,
                ),
            ]
        )
        ids = sorted(item["ConnectPeerId"] for item in listed if item.get("ConnectPeerState") != "DELETED")
        telemetry, *peers = _aws.side_by_side(
            [
                functools.partial(self._telemetry, whole, network),
                *(functools.partial(self._peer, name) for name in ids),
            ]
        )
        by_peer: dict[str, list[dict[str, t.Any]]] = {}
        for item in telemetry:
            if (item.get("Health") or {}).get("Type") == "BGP":
                by_peer.setdefault(str(item.get("ResourceId")), []).append(item)
        found = [session for peer in peers for session in sessions(peer, by_peer.get(peer["ConnectPeerId"], []))]
        extra: dict[str, t.Any] = {"calls": self._client.calls}
        if self._options["include_raw"]:
            extra["raw"] = _cloud.without_secrets([{"connect_peers": peers, "telemetry": telemetry}])
        return _cloud.Answer(found, extra)

    def _global_network(self, network: str) -> str:
        answer = self._client.call("get_core_network", _NETWORK, CoreNetworkId=network)
        return str(self._part(answer, _NETWORK, "CoreNetwork")["GlobalNetworkId"])

    @staticmethod
    def _part(answer: dict[str, t.Any], permission: str, key: str) -> dict[str, t.Any]:
        if key not in answer:
            raise _cloud.CloudError("bad_answer", f"{permission}: the answer has no {key}", "See endpoint_url")
        return t.cast("dict[str, t.Any]", answer[key])

    def _telemetry(self, whole: str, network: str) -> list[dict[str, t.Any]]:
        return self._client.all(
            "get_network_telemetry",
            _TELEMETRY,
            "NetworkTelemetry",
            GlobalNetworkId=whole,
            CoreNetworkId=network,
            ResourceType="connect-peer",
            MaxResults=_PAGE,
        )

    def _peer(self, name: str) -> dict[str, t.Any]:
        answer = self._client.call("get_connect_peer", _PEER, ConnectPeerId=name)
        return self._part(answer, _PEER, "ConnectPeer")


def main() -> None:
    module = AnsibleModule(
        argument_spec={"core_network_id": {"type": "str", "required": True}, **_aws.SPEC, **_cloud.SPEC},
        supports_check_mode=True,
    )
    _aws.run(module, Asker)


if __name__ == "__main__":
    main()
