# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of any size for the tests of the report: real plans, and answers in the form of the modules."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host

MODULE = "azure_route_server_peering_info"
GENERATED = "2026-01-02T03:04:05Z"
SITES = ("azure-west", "azure-north", "azure-east")


def fleet(count: int, *, spoiled: bool = True, prefix: str = "edge") -> tuple[dict[str, Any], dict[str, Any]]:
    """Hosts and cloud as model.build takes them.

    :param spoiled: the first host has a session that is down, the cloud has not learned a prefix of the second.
    """
    hosts: dict[str, Any] = {}
    far = []
    for number in range(count):
        name, local = f"{prefix}-{number + 1}", str(ipaddress.ip_address("10.64.0.10") + number)
        site = number % len(SITES)
        plan = _plan(name, local, site)
        peerings = [_peering(neighbor, local) for neighbor in plan["neighbors"]]
        theirs = [_other_end(item) for item in peerings]
        if spoiled and number == 0:
            words = f"{peerings[0]['peer_address']} does not answer on TCP port 179"
            peerings[0].update(
                state="down", uptime_s=None, prefixes_advertised=0, problems=[words], routes_advertised=[]
            )
            theirs[0].update(state="down", routes_received=[])
        if spoiled and number == 1:
            theirs[0]["routes_received"].pop()
        far += theirs
        hosts[name] = {
            "plan": plan,
            "site": SITES[site],
            "daemon": {"daemon": {"state": "running", "version": "5.0.15", "problem": ""}, "peerings": peerings},
            "health": _health(),
        }
    return hosts, {MODULE: {"peerings": far, "reached": True}}


def _plan(name: str, local: str, site: int) -> dict[str, Any]:
    peers = [f"10.{site + 1}.0.{number}" for number in (4, 5)]
    inventory = {
        "exabgp_local_as": 65010 + site,
        "exabgp_router_id": local,
        "exabgp_local_address": local,
        "exabgp_neighbors": [
            {"name": f"rs-{number}", "profile": "azure_route_server", "peer_address": peer}
            for number, peer in enumerate(peers)
        ],
        "exabgp_routes": [{"prefix": "203.0.113.128/25", "next_hop": "self"}],
        "exabgp_allowed_prefixes": ["203.0.113.0/24"],
        "exabgp_services": [
            {
                "name": "web",
                "prefixes": ["203.0.113.10/32"],
                "check": {"type": "http", "url": "http://127.0.0.1/"},
                "up": {"med": 100 + site * 50},
            }
        ],
    }
    plan = plan_host(name, inventory).plan
    assert plan is not None
    return plan


def _peering(neighbor: dict[str, Any], local: str) -> dict[str, Any]:
    web = {"prefix": "203.0.113.10/32", "family": "ipv4 unicast", "next_hop": local, "as_path": [], "med": 100}
    return {
        **{name: neighbor[name] for name in ("name", "local_address", "local_as", "peer_address", "peer_as")},
        "state": "established",
        "state_raw": "ESTABLISHED",
        "uptime_s": 93784,
        "prefixes_received": None,
        "prefixes_advertised": 2,
        "md5": False,
        "problems": [],
        "routes_advertised": [{**neighbor["routes"][0], "next_hop": local}, web],
    }


def _other_end(item: dict[str, Any]) -> dict[str, Any]:
    swapped = {
        "local_address": item["peer_address"],
        "local_as": item["peer_as"],
        "peer_address": item["local_address"],
        "peer_as": item["local_as"],
    }
    routes = [{**route, "installed": True} for route in item["routes_advertised"]]
    return {**item, **swapped, "md5": None, "routes_received": routes}


def _health() -> dict[str, Any]:
    web = {
        "state": "announced",
        "announced": True,
        "since": "2026-01-01T00:00:00Z",
        "reason": "web is up",
        "checks": ["web"],
        "attributes": {"med": 100},
    }
    return {"state": "running", "problem": "", "refused": [], "services": {"web": web}, "checks": {}}
