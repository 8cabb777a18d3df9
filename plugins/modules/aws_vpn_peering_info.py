#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aws_vpn_peering_info
short_description: Ask AWS for the BGP sessions of Site-to-Site VPN tunnels
version_added: "0.2.0"
description:
  - Returns the BGP session of each tunnel of Site-to-Site VPN connections, as AWS sees it. Connections with static
    routes only have none.
  - Asks once; the call has no pages.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.aws
  - cloudbgp.exabgp.peerings
options:
  vpn_connection_ids:
    description: Ask for these connections only.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is ever changed.
notes:
  - Needs C(ec2:DescribeVpnConnections).
  - AWS tells how many prefixes it has accepted and not which, so O(include_routes) adds nothing.
  - AWS says C(UP) of a tunnel in words that are about BGP, or about IPsec only. In the second case the state is
    unknown.
  - The addresses in the tunnel and the AS numbers stand in the configuration for your device, which also holds the
    keys. The keys are not returned, not even with O(include_raw).
seealso:
  - module: cloudbgp.exabgp.exabgp_peering_info
"""

EXAMPLES = r"""
- name: Wait until both tunnels have a session
  cloudbgp.exabgp.aws_vpn_peering_info:
    region: eu-central-1
    vpn_connection_ids: [vpn-0123456789abcdef0]
    wait_for: {state: established, count: 2, timeout: 120}
  register: aws
"""

RETURN = r"""
peerings:
  description:
    - The sessions, sorted by name, which is the tag Name of the connection, or its id. C(local_address) and C(local_as)
      are AWS's end of the tunnel, C(peer_address) and C(peer_as) yours.
  returned: always
  type: list
  elements: dict
  sample:
    - name: datacenter
      cloud: aws
      profile: aws_vpn
      resource_id: vpn-0123456789abcdef0/203.0.113.1
      local_address: 169.254.50.85
      local_as: 64512
      peer_address: 169.254.50.86
      peer_as: 65000
      state: established
      state_raw: UP 1 BGP ROUTES
      uptime_s:
      prefixes_received: 1
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
  description: The connections as the API told them, without secrets.
  returned: when O(include_raw)
  type: list
  elements: dict
failure:
  description: The first call that failed, with C(code), C(message) and C(hint).
  returned: failure
  type: dict
"""

import re
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _aws, _cloud, _contract

_CONNECTIONS = "ec2:DescribeVpnConnections"
_TUNNEL = re.compile(r"<ipsec_tunnel>(.*?)</ipsec_tunnel>", re.DOTALL)


class Ends(t.NamedTuple):
    """Both ends of the BGP session in a tunnel."""

    local_address: str | None = None
    local_as: int | None = None
    peer_address: str | None = None
    peer_as: int | None = None


def tunnels(configuration: str) -> dict[str, Ends]:
    """The ends of each tunnel, by AWS's outer address, from the C(CustomerGatewayConfiguration).

    Only addresses and AS numbers are read from the text; the keys in it are not.
    """
    found = {}
    for tunnel in _TUNNEL.findall(configuration):
        cloud, own = _part(tunnel, "vpn_gateway"), _part(tunnel, "customer_gateway")
        outside = _text(_part(cloud, "tunnel_outside_address"), "ip_address")
        if outside:
            found[outside] = Ends(*_end(cloud), *_end(own))
    return found


def _end(gateway: str) -> tuple[str | None, int | None]:
    address = _text(_part(gateway, "tunnel_inside_address"), "ip_address")
    return address, _cloud.number(_text(_part(gateway, "bgp"), "asn"))


def _part(text: str, name: str) -> str:
    match = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return match.group(1) if match else ""


def _text(text: str, name: str) -> str | None:
    return _part(text, name).strip() or None


def sessions(connection: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The sessions of a C(VpnConnection), one for each tunnel."""
    if (connection.get("Options") or {}).get("StaticRoutesOnly"):
        return []
    ends = tunnels(connection.get("CustomerGatewayConfiguration") or "")
    found = []
    for tunnel in connection.get("VgwTelemetry") or ():
        outside = str(tunnel.get("OutsideIpAddress"))
        message = str(tunnel.get("StatusMessage") or "")
        problems = [] if connection.get("State") == "available" else [f"the connection is {connection.get('State')}"]
        state = _aws.state_of(tunnel.get("Status"), problems)
        if state == _contract.ESTABLISHED and "BGP" not in message.upper():
            state = _contract.UNKNOWN
            problems.append("AWS says that the tunnel is up, and nothing of BGP")
        elif state == _contract.DOWN and message:
            problems.append(message)
        if outside not in ends:
            problems.append("the configuration of the tunnel is not told, so its addresses are not known")
        found.append(
            _contract.peering(
                name=_aws.name_of(connection, connection["VpnConnectionId"]),
                cloud="aws",
                profile="aws_vpn",
                resource_id=f"{connection['VpnConnectionId']}/{outside}",
                state=state,
                state_raw=f"{tunnel.get('Status')} {message}".strip(),
                prefixes_received=_cloud.number(tunnel.get("AcceptedRouteCount")),
                problems=problems,
                **ends.get(outside, Ends())._asdict(),
            )
        )
    return found


class Asker:
    """Asks one region for all that the options want."""

    def __init__(self, options: dict[str, t.Any], region: str | None) -> None:
        self._options = options
        self._client = _aws.Client(options, "ec2", region)

    def ask(self) -> _cloud.Answer:
        """One round. Raises CloudError when the connections cannot be had."""
        ids = self._options["vpn_connection_ids"]
        connections = self._client.all(
            "describe_vpn_connections", _CONNECTIONS, "VpnConnections", **({"VpnConnectionIds": ids} if ids else {})
        )
        connections = [item for item in connections if item.get("State") != "deleted"]
        extra: dict[str, t.Any] = {"calls": self._client.calls}
        if self._options["include_raw"]:
            extra["raw"] = _cloud.without_secrets(connections)
        return _cloud.Answer([session for item in connections for session in sessions(item)], extra)


def main() -> None:
    module = AnsibleModule(
        argument_spec={"vpn_connection_ids": {"type": "list", "elements": "str"}, **_aws.SPEC, **_cloud.SPEC},
        supports_check_mode=True,
    )
    _aws.run(module, Asker)


if __name__ == "__main__":
    main()
