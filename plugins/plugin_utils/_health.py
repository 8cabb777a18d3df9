# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The configuration of the health agent, made from the services of a host."""

from __future__ import annotations

from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _agent as agent
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _service_fields as service_fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section, address, prefix
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._policy import ALLOWED, NEXT_HOPS
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._services import Services

VERSION = 1
SOCKET = "/run/exabgp/health.sock"
DRAINS = "/var/lib/exabgp-health/drains.json"


def config(name: str, host: Section, neighbors: list[Neighbor], services: Services) -> dict[str, Any]:
    """The agent's configuration. Only for a host in which nothing is wrong."""
    _role, region = service_fields.host_names(host)
    own = [neighbor.local_address for neighbor in neighbors]
    own += [host.read("exabgp_local_address", address), *host.read_list(NEXT_HOPS, address)]
    served = [neighbor for neighbor in neighbors if neighbor.services]
    return {
        "version": VERSION,
        "host": name,
        "site": region,
        "socket": SOCKET,
        "drains": DRAINS,
        "metrics": None,
        "allowed_prefixes": [item.text for item in host.read_list(ALLOWED, prefix)],
        "next_hops": list(dict.fromkeys(item.text for item in own if item)),
        "neighbors": {
            str(neighbor.name): {
                "peer_address": neighbor.peer_address.text if neighbor.peer_address else None,
                "local_address": neighbor.local_address.text if neighbor.local_address else None,
                "families": [family for family in neighbor.families or [] if family.endswith(" unicast")],
            }
            for neighbor in served
        },
        "checks": {check: services.checks[check] for check in sorted(services.checks)},
        "services": {service.name: service.agent for service in services.entries},
    }


def needs(services: Services) -> list[str]:
    """The optional parts of the agent that its checks need on the host."""
    types = agent.types()
    return sorted({types[check["type"]].extra for check in services.checks.values()} - {""})


def vips(services: Services) -> list[str]:
    """The addresses, each with its length, that the host has to have for its services."""
    found = [address for service in services.entries for address in service.agent["addresses"]]
    return [f"{text}/{128 if ':' in text else 32}" for text in dict.fromkeys(found)]


def as_plan(services: Services) -> list[dict[str, Any]]:
    """The services as the plan shows them."""
    return [
        {
            "name": service.name,
            "prefixes": service.agent["prefixes"],
            "addresses": service.agent["addresses"],
            "neighbors": service.agent["neighbors"],
            "minimum_announcers": service.minimum_announcers,
        }
        for service in services.entries
    ]
