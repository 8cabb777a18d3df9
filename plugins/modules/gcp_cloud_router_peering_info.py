#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gcp_cloud_router_peering_info
short_description: Ask Google Cloud for the BGP peers of Cloud Routers
version_added: "0.2.0"
description:
  - Returns each BGP peer of Cloud Routers as Google Cloud sees it, the status joined with the configuration.
  - Asks for a list of routers, page by page, and for the status of each router; several at a time. With
    O(include_routes), three calls for each peer and family are added, since the API tells routes by peer only.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.gcp
  - cloudbgp.exabgp.peerings
options:
  regions:
    description: The regions to look in. All when not given, with one list for all of them.
    type: list
    elements: str
  routers:
    description: Ask these Cloud Routers only, by name.
    type: list
    elements: str
  include_spokes:
    description:
      - Also ask Network Connectivity Center whether each router appliance is linked to an active spoke, and name it in
        C(problems) where it is not.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is ever changed.
notes:
  - Needs C(compute.routers.list), C(compute.routers.get), with O(include_routes) C(compute.routers.listBgpRoutes), and
    with O(include_spokes) C(networkconnectivity.spokes.list).
  - Google Cloud does not tell that an MD5 key differs. Such a peer is V(down), without a reason.
seealso:
  - module: cloudbgp.exabgp.exabgp_peering_info
  - name: Cloud Router's REST API
    description: The calls that are made.
    link: https://cloud.google.com/compute/docs/reference/rest/v1/routers
"""

EXAMPLES = r"""
- name: Ask for the peers of one router, with what they have learned
  cloudbgp.exabgp.gcp_cloud_router_peering_info:
    project: example
    regions: [europe-west3]
    routers: [cr-frankfurt]
    include_routes: true
  register: gcp

- name: Wait until both sessions of an appliance are Established
  cloudbgp.exabgp.gcp_cloud_router_peering_info:
    project: example
    peer_addresses: [10.128.0.10]
    wait_for: {state: established, count: 2, timeout: 120}
"""

RETURN = r"""
peerings:
  description:
    - The BGP peers, sorted by name. C(local_address) and C(local_as) are the router's end, C(peer_address) and
      C(peer_as) yours.
    - In C(routes_received), C(installed) is false for a route that an import policy drops.
  returned: always
  type: list
  elements: dict
  sample:
    - name: onprem-a
      cloud: gcp
      profile: gcp_router_appliance
      resource_id: projects/example/regions/europe-west3/routers/cr-frankfurt/onprem-a
      local_address: 10.128.0.2
      local_as: 64514
      peer_address: 10.128.0.10
      peer_as: 65030
      state: established
      state_raw: UP Established
      uptime_s: 36660
      prefixes_received: 2
      prefixes_advertised: 1
      md5: true
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
unreachable_regions:
  description: What Google Cloud itself could not look at, so that peers may be missing.
  returned: always
  type: list
  elements: str
calls:
  description: How many calls of the API were made.
  returned: always
  type: int
raw:
  description: The routers and their status as the API told them, without secrets.
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

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _cloud, _gcp, _gcp_router

# Requests at a time; Google allows 1500 a minute and region.
_AT_A_TIME = 8
_FAMILIES = {"IPV4": "enableIpv4", "IPV6": "enableIpv6"}

T = t.TypeVar("T")


class Asker:
    """Asks all that the options want, once."""

    def __init__(self, client: _gcp.Client, options: dict[str, t.Any]) -> None:
        self._client, self._options = client, options
        self._failure: _cloud.CloudError | None = None
        self._unreachable: list[str] = []

    def ask(self) -> _cloud.Answer:
        """One round. Raises CloudError when the routers cannot be listed."""
        self._failure, self._unreachable = None, []
        routers = self._routers()
        with concurrent.futures.ThreadPoolExecutor(_AT_A_TIME) as pool:
            statuses = list(pool.map(lambda router: self._try(lambda: self._status(router)), routers))
            spokes = self._spokes(routers) if self._options["include_spokes"] else {}
            peerings = []
            jobs = []
            for router, status in zip(routers, statuses):
                for peering in _gcp_router.peerings(router, status, spokes.get(_region(router))):
                    peerings.append(peering)
                    if self._options["include_routes"] and _cloud.wanted(peering, self._options):
                        jobs.append(pool.submit(self._add_routes, router, peering))
            for job in jobs:
                job.result()
        extra = {"unreachable_regions": sorted(set(self._unreachable)), "calls": self._client.calls}
        if self._options["include_raw"]:
            raw = [{"router": router, "status": status} for router, status in zip(routers, statuses)]
            extra["raw"] = _cloud.without_secrets(raw)
        return _cloud.Answer(peerings, extra, self._failure)

    def _try(self, call: t.Callable[[], T]) -> T | None:
        """What a call gave; None, with its failure kept, where it failed."""
        try:
            return call()
        except _cloud.CloudError as exc:
            self._failure = self._failure or exc
            return None

    def _routers(self) -> list[dict[str, t.Any]]:
        names = self._options["routers"]
        permission = "compute.routers.list"
        found: list[dict[str, t.Any]] = []
        if self._options["regions"] is None:
            for page in _gcp.pages(self._client.compute, "aggregated/routers", permission, maxResults=500):
                self._unreachable += page.get("unreachables") or ()
                for scope in (page.get("items") or {}).values():
                    found += scope.get("routers") or ()
        else:
            for region in self._options["regions"]:
                path = f"regions/{region}/routers"
                for page in _gcp.pages(self._client.compute, path, permission, maxResults=500):
                    found += page.get("items") or ()
        if names is not None:
            lacking = sorted(set(names) - {router.get("name") for router in found})
            if lacking:
                where = ", ".join(self._options["regions"] or ["all regions"])
                known = ", ".join(sorted(str(router.get("name")) for router in found)) or "none"
                raise _cloud.CloudError(
                    "not_found", f"No Cloud Router {', '.join(lacking)} in {where}", f"There are: {known}"
                )
            found = [router for router in found if router.get("name") in names]
        return found

    def _status(self, router: dict[str, t.Any]) -> dict[str, t.Any]:
        path = f"{_path(router)}/getRouterStatus"
        result = self._client.compute(path, "compute.routers.get").get("result")
        if not isinstance(result, dict):
            raise _cloud.CloudError("bad_answer", f"GET {path}: the answer has no result", "Ask again later")
        return result

    def _spokes(self, routers: list[dict[str, t.Any]]) -> dict[str, list[dict[str, t.Any]] | None]:
        """The spokes of each region that has router appliances; None where they could not be had."""
        regions = {
            _region(router)
            for router in routers
            for peer in router.get("bgpPeers") or ()
            if peer.get("routerApplianceInstance")
        }

        def of(region: str) -> list[dict[str, t.Any]]:
            path, permission = f"locations/{region}/spokes", "networkconnectivity.spokes.list"
            pages = _gcp.pages(self._client.connectivity, path, permission, pageSize=500)
            return [spoke for page in pages for spoke in page.get("spokes") or ()]

        return {region: self._try(lambda region=region: of(region)) for region in sorted(regions)}  # type: ignore[misc]

    def _add_routes(self, router: dict[str, t.Any], peering: dict[str, t.Any]) -> None:
        """Put the routes into the peering; it stays without them where they cannot be had."""
        peer: dict[str, t.Any] = next(
            (item for item in router.get("bgpPeers") or () if item["name"] == peering["name"]), {}
        )
        before: list[dict[str, t.Any]] = []
        after: list[dict[str, t.Any]] = []
        sent: list[dict[str, t.Any]] = []
        for family, switch in _FAMILIES.items():
            if not peer.get(switch, family == "IPV4"):
                continue
            for found, kind, policy in (
                (before, "LEARNED", False),
                (after, "LEARNED", True),
                (sent, "ADVERTISED", True),
            ):
                routes = self._try(lambda f=family, k=kind, p=policy: self._routes(router, peering["name"], f, k, p))  # type: ignore[misc]
                if routes is None:
                    return
                found += routes
        peering["routes_received"] = _gcp_router.learned(before, after)
        peering["routes_advertised"] = _gcp_router.advertised(sent)

    def _routes(
        self, router: dict[str, t.Any], peer: str, family: str, kind: str, policy: bool
    ) -> list[dict[str, t.Any]]:
        query = {"peer": peer, "routeType": kind, "addressFamily": family, "policyApplied": str(policy).lower()}
        path = f"{_path(router)}/listBgpRoutes"
        pages = _gcp.pages(self._client.compute, path, "compute.routers.listBgpRoutes", maxResults=500, **query)
        return [route for page in pages for route in page.get("result") or ()]


def _region(router: dict[str, t.Any]) -> str:
    return str(router.get("region", "")).rpartition("/")[2]


def _path(router: dict[str, t.Any]) -> str:
    return f"regions/{_region(router)}/routers/{router['name']}"


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "regions": {"type": "list", "elements": "str"},
            "routers": {"type": "list", "elements": "str"},
            "include_spokes": {"type": "bool", "default": False},
            **_gcp.SPEC,
            **_cloud.SPEC,
        },
        supports_check_mode=True,
    )
    _cloud.answer(module, _cloud.lazily(lambda: Asker(_gcp.Client(module.params), module.params)))


if __name__ == "__main__":
    main()
