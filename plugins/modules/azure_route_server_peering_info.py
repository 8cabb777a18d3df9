#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: azure_route_server_peering_info
short_description: Ask Azure for the BGP sessions of Route Servers
version_added: "0.2.0"
description:
  - Returns the sessions of each BGP connection of Route Servers, one with each of the two instances.
  - Asks once for the Route Servers of a resource group, and once for the connections of each, several at a time. With
    O(include_routes), two long-running operations for each connection are added; Azure takes some seconds for each.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.azure
  - cloudbgp.exabgp.peerings
options:
  resource_group:
    description: The resource group of the Route Servers.
    type: str
    required: true
  route_servers:
    description: Ask these Route Servers only, by name.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is ever changed.
notes:
  - Needs C(Microsoft.Network/virtualHubs/read) and C(Microsoft.Network/virtualHubs/bgpConnections/read), and with
    O(include_routes) two actions that the role Reader does not have.
  - Azure tells one state for both sessions of a connection. Which of the two has learned something, O(include_routes)
    tells.
seealso:
  - module: cloudbgp.exabgp.exabgp_peering_info
  - name: Virtual Hub BGP connections
    description: The calls that are made.
    link: https://learn.microsoft.com/rest/api/virtualwan/virtual-hub-bgp-connections
"""

EXAMPLES = r"""
- name: Ask for both sessions of an appliance, and what each instance has learned
  cloudbgp.exabgp.azure_route_server_peering_info:
    resource_group: network
    route_servers: [rs-frankfurt]
    peer_addresses: [10.0.2.10]
    include_routes: true
  register: azure

- name: Wait until every connection is up
  cloudbgp.exabgp.azure_route_server_peering_info:
    resource_group: network
    wait_for: {state: established, timeout: 180}
"""

RETURN = r"""
peerings:
  description:
    - The sessions, sorted by the connection's name. C(local_address) and C(local_as) are the Route Server's end,
      C(peer_address) and C(peer_as) yours.
  returned: always
  type: list
  elements: dict
  sample:
    - name: azure-1
      cloud: azure
      profile: azure_route_server
      resource_id: /subscriptions/.../virtualHubs/rs-frankfurt/bgpConnections/azure-1
      local_address: 10.0.1.4
      local_as: 65515
      peer_address: 10.0.2.10
      peer_as: 65020
      state: established
      state_raw: Connected
      uptime_s:
      prefixes_received:
      prefixes_advertised:
      md5: false
      bfd: disabled
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
  description: How many calls of the API were made.
  returned: success
  type: int
raw:
  description: The Route Servers and their connections as the API told them.
  returned: when O(include_raw)
  type: list
  elements: dict
failure:
  description: The first call that failed, with C(code), C(message) and C(hint).
  returned: failure
  type: dict
"""

import concurrent.futures
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _azure, _cloud, _contract

# The version whose published examples the tests hold against this module.
_VERSION = "2025-03-01"
_AT_A_TIME = 8
_READ = "Microsoft.Network/virtualHubs/read"
_CONNECTIONS = "Microsoft.Network/virtualHubs/bgpConnections/read"
_LEARNED = "Microsoft.Network/virtualHubs/bgpConnections/learnedRoutes/action"
_ADVERTISED = "Microsoft.Network/virtualHubs/bgpConnections/advertisedRoutes/action"
_STATES = {
    "connected": _contract.ESTABLISHED,
    "connecting": _contract.DOWN,
    "notconnected": _contract.DOWN,
    "unknown": _contract.UNKNOWN,
}

Found = tuple[dict[str, t.Any], list[dict[str, t.Any]]]
"""A connection, and its sessions."""


def sessions(hub: dict[str, t.Any], connection: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The sessions of a C(BgpConnection), one with each address of its Route Server."""
    of_hub, told = hub.get("properties") or {}, connection.get("properties") or {}
    word = told.get("connectionState")
    state = _STATES.get(str(word).lower(), _contract.UNKNOWN)
    problems = []
    if word is not None and str(word).lower() not in _STATES:
        problems.append(f"the state is {word!r}, which Azure does not document")
    if told.get("provisioningState") not in ("Succeeded", None):
        problems.append(f"the connection's provisioning state is {told['provisioningState']}")
    if of_hub.get("routingState") not in ("Provisioned", None):
        problems.append(f"the Route Server's routing state is {of_hub['routingState']}")
    addresses = of_hub.get("virtualRouterIps") or [None]
    return [
        _contract.peering(
            name=connection["name"],
            cloud="azure",
            profile="azure_route_server",
            resource_id=connection.get("id"),
            local_address=address,
            local_as=of_hub.get("virtualRouterAsn"),
            peer_address=told.get("peerIp"),
            peer_as=told.get("peerAsn"),
            state=state,
            state_raw=word,
            md5=False,
            bfd="disabled",
            problems=problems,
        )
        for address in addresses
    ]


def routes(answer: dict[str, t.Any]) -> dict[str, list[dict[str, t.Any]]]:
    """The rows of all instances by the instance's address; Azure adds a C(value) that is null."""
    found: dict[str, dict[tuple[str, str], dict[str, t.Any]]] = {}
    for rows in answer.values():
        for row in rows if isinstance(rows, list) else ():
            item = {
                "prefix": row.get("network"),
                "next_hop": row.get("nextHop") or None,
                "as_path": [int(word) for word in str(row.get("asPath") or "").split("-") if word.isdigit()],
                "med": None,
                "communities": None,
            }
            # Both instances may tell a row of one of them.
            found.setdefault(str(row.get("localAddress")), {})[(str(row.get("network")), str(row.get("asPath")))] = item
    return {address: list(rows.values()) for address, rows in found.items()}


class Asker:
    """Asks all that the options want, once."""

    def __init__(self, client: _azure.Client, options: dict[str, t.Any]) -> None:
        self._client, self._options = client, options

    def ask(self) -> _cloud.Answer:
        """One round. Raises CloudError when the Route Servers or their connections cannot be had."""
        hubs = self._hubs()
        failure: _cloud.CloudError | None = None
        with concurrent.futures.ThreadPoolExecutor(_AT_A_TIME) as pool:
            lists = list(pool.map(self._connections, hubs))
            found: list[Found] = [
                (connection, sessions(hub, connection))
                for hub, connections in zip(hubs, lists)
                for connection in connections
            ]
            if self._options["include_routes"]:
                asked = [entry for entry in found if any(_cloud.wanted(item, self._options) for item in entry[1])]
                failure = self._routes(pool, asked)
        extra: dict[str, t.Any] = {"calls": self._client.calls}
        if self._options["include_raw"]:
            raw = [{"route_server": hub, "connections": connections} for hub, connections in zip(hubs, lists)]
            extra["raw"] = _cloud.without_secrets(raw)
        return _cloud.Answer([item for _connection, items in found for item in items], extra, failure)

    def _hubs(self) -> list[dict[str, t.Any]]:
        group, names = self._options["resource_group"], self._options["route_servers"]
        path = f"resourceGroups/{group}/providers/Microsoft.Network/virtualHubs"
        # A hub of a Virtual WAN is of the same type, and is no Route Server.
        hubs = [
            hub
            for hub in self._client.all(path, _VERSION, _READ)
            if not (hub.get("properties") or {}).get("virtualWan")
        ]
        if names is None:
            return hubs
        lacking = sorted(set(names) - {hub["name"] for hub in hubs})
        if lacking:
            known = ", ".join(sorted(hub["name"] for hub in hubs)) or "none"
            text = f"No Route Server {', '.join(lacking)} in the resource group {group}"
            raise _cloud.CloudError("not_found", text, f"There are: {known}")
        return [hub for hub in hubs if hub["name"] in names]

    def _path(self, hub: str) -> str:
        group = self._options["resource_group"]
        return f"resourceGroups/{group}/providers/Microsoft.Network/virtualHubs/{hub}/bgpConnections"

    def _connections(self, hub: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        return self._client.all(self._path(hub["name"]), _VERSION, _CONNECTIONS)

    def _routes(self, pool: concurrent.futures.ThreadPoolExecutor, asked: list[Found]) -> _cloud.CloudError | None:
        """Put the routes into the sessions, both lists of all connections at a time; return the first failure."""
        failure = None
        jobs = []
        for connection, items in asked:
            hub = str(connection.get("id", "")).rpartition("/bgpConnections/")[0].rpartition("/")[2]
            path = f"{self._path(hub)}/{connection['name']}"
            for verb, permission, kind in (
                ("learnedRoutes", _LEARNED, "received"),
                ("advertisedRoutes", _ADVERTISED, "advertised"),
            ):
                job = pool.submit(self._client.post, f"{path}/{verb}", _VERSION, permission)
                jobs.append((job, kind, items))
        for job, kind, items in jobs:
            try:
                by_address = routes(job.result())
            except _cloud.CloudError as exc:
                failure = failure or exc
                continue
            for item in items:
                rows = by_address.get(str(item["local_address"]), [])
                item[f"routes_{kind}"] = rows
                item[f"prefixes_{kind}"] = len(rows)
        return failure


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "resource_group": {"type": "str", "required": True},
            "route_servers": {"type": "list", "elements": "str"},
            **_azure.SPEC,
            **_cloud.SPEC,
        },
        supports_check_mode=True,
    )
    _cloud.answer(module, _cloud.lazily(lambda: Asker(_azure.Client(module.params), module.params)))


if __name__ == "__main__":
    main()
