# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module asks and makes of the answers, held against botocore's model by its Stubber.

Direct Connect speaks a protocol of its own (CBOR), so that no HTTP is spoken here; botocore's own client is in
between, and refuses parameters and answers that the model does not have.
"""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pytest
from botocore.stub import Stubber

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _aws, _cloud
from ansible_collections.cloudbgp.exabgp.plugins.modules import aws_direct_connect_peering_info as module

KEY = "KeyOfTheInterface"
INTERFACES, ROUTES = "describe_virtual_interfaces", "list_virtual_interface_routes"


def bgp_peer(family="ipv4", status="up", **fields):
    ends = {"ipv4": ("169.254.255.1/30", "169.254.255.2/30"), "ipv6": ("2001:db8::1/125", "2001:db8::2/125")}[family]
    return {
        "bgpPeerId": f"dxpeer-{family}",
        "asn": 0,
        "asnLong": 4200000001,
        "authKey": KEY,
        "addressFamily": family,
        "bgpPeerState": "available",
        "bgpStatus": status,
        "amazonAddress": ends[0],
        "customerAddress": ends[1],
        **fields,
    }


def interface(name, *peers, **fields):
    return {
        "virtualInterfaceId": name,
        "virtualInterfaceType": "private",
        "virtualInterfaceName": "frankfurt-a",
        "virtualInterfaceState": "available",
        "amazonSideAsn": 64512,
        "authKey": KEY,
        "customerRouterConfig": f"<key>{KEY}</key>",
        "bgpPeers": list(peers),
        **fields,
    }


def route(cidr, direction, family="ipv4"):
    return {
        "cidr": cidr,
        "routeDirection": direction,
        "addressFamily": family,
        "asPath": [{"pathType": "seq", "path": [65000, 4200000001]}],
        "communities": ["7224:7300"],
        "routeInstalledAt": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    }


@pytest.fixture
def called():
    """The permissions of the calls that were made."""
    return []


@pytest.fixture
def ask(monkeypatch, called):
    """Asks with prepared answers, each C((operation, parameters, answer))."""

    def with_answers(*answers, **changes):
        given = {name: spec.get("default") for name, spec in {**_aws.SPEC, **_cloud.SPEC}.items()}
        given.update({"virtual_interface_ids": None, "access_key": "AKIDEXAMPLE", "secret_key": "x", **changes})
        asker = module.Asker(given, "eu-central-1")
        stub = Stubber(asker._client._client)
        for operation, parameters, answer in answers:
            if isinstance(answer, str):
                stub.add_client_error(operation, answer, http_status_code=400, expected_params=parameters)
            else:
                stub.add_response(operation, answer, parameters)
        call = asker._client.call

        def noting(operation, permission, **parameters):
            called.append(permission)
            return call(operation, permission, **parameters)

        monkeypatch.setattr(asker._client, "call", noting)
        with stub:
            found = asker.ask()
            stub.assert_no_pending_responses()
        return found

    return with_answers


def listed(*interfaces):
    return INTERFACES, {"maxResults": 100}, {"virtualInterfaces": list(interfaces)}


def test_a_peer_of_each_family(ask):
    first, second = ask(listed(interface("dxvif-0a", bgp_peer(), bgp_peer("ipv6", "down")))).peerings
    assert first == {
        "name": "frankfurt-a",
        "cloud": "aws",
        "profile": "aws_direct_connect",
        "resource_id": "dxvif-0a/dxpeer-ipv4",
        "local_address": "169.254.255.1",
        "local_as": 64512,
        "peer_address": "169.254.255.2",
        "peer_as": 4200000001,
        "state": "established",
        "state_raw": "up",
        "uptime_s": None,
        "prefixes_received": None,
        "prefixes_advertised": None,
        "md5": True,
        "bfd": None,
        "problems": [],
    }
    assert (second["local_address"], second["state"]) == ("2001:db8::1", "down")


def test_states(ask):
    peers = [
        bgp_peer(status="unknown"),
        bgp_peer("ipv6", "up", bgpPeerState="pending"),
        bgp_peer("ipv6", bgpPeerState="deleted"),
    ]
    gone = interface("dxvif-0b", bgp_peer(), virtualInterfaceState="deleted")
    first, second = ask(listed(interface("dxvif-0a", *peers, virtualInterfaceState="down"), gone)).peerings
    assert (first["state"], first["problems"]) == ("unknown", ["the virtual interface is down"])
    assert second["problems"] == ["the virtual interface is down", "the BGP peer is pending"]


def test_all_pages_are_read(ask):
    first = (
        INTERFACES,
        {"maxResults": 100},
        {"virtualInterfaces": [interface("dxvif-0a", bgp_peer())], "nextToken": "2"},
    )
    second = (
        INTERFACES,
        {"maxResults": 100, "nextToken": "2"},
        {"virtualInterfaces": [interface("dxvif-0b", bgp_peer())]},
    )
    answer = ask(first, second)
    assert len(answer.peerings) == 2
    assert answer.extra == {"calls": 2}


def test_what_was_accepted_and_what_is_advertised(ask):
    routes = [
        route("203.0.113.10/32", "accepted"),
        route("2001:db8:113::/48", "accepted", "ipv6"),
        route("10.0.0.0/16", "advertised"),
    ]
    question = {"virtualInterfaceId": "dxvif-0a", "maxResults": 100}
    answers = (
        listed(interface("dxvif-0a", bgp_peer(), bgp_peer("ipv6"))),
        (ROUTES, question, {"virtualInterfaceId": "dxvif-0a", "routes": routes[:2], "nextToken": "2"}),
        (ROUTES, {**question, "nextToken": "2"}, {"virtualInterfaceId": "dxvif-0a", "routes": routes[2:]}),
    )
    first, second = ask(*answers, include_routes=True).peerings
    assert first["routes_received"] == [
        {
            "prefix": "203.0.113.10/32",
            "next_hop": None,
            "as_path": [65000, 4200000001],
            "med": None,
            "communities": ["7224:7300"],
            "installed": True,
            "reason": None,
        }
    ]
    assert [item["prefix"] for item in first["routes_advertised"]] == ["10.0.0.0/16"]
    assert [item["prefix"] for item in second["routes_received"]] == ["2001:db8:113::/48"]
    assert second["prefixes_advertised"] == 0


def test_routes_that_cannot_be_had_leave_the_peers(ask):
    question = {"virtualInterfaceId": "dxvif-0a", "maxResults": 100}
    denied = (ROUTES, question, "AccessDeniedException")
    answer = ask(listed(interface("dxvif-0a", bgp_peer())), denied, include_routes=True)
    assert answer.peerings[0]["state"] == "established"
    assert answer.failure is not None
    assert answer.failure.hint == "Allow directconnect:ListVirtualInterfaceRoutes: see docs/permissions.md"


def test_an_interface_that_is_not_there(ask):
    with pytest.raises(_cloud.CloudError, match="No virtual interface dxvif-0c in eu-central-1") as caught:
        ask(listed(interface("dxvif-0a", bgp_peer())), virtual_interface_ids=["dxvif-0c"])
    assert caught.value.hint == "There are: dxvif-0a"


def test_the_keys_are_not_returned(ask):
    answer = ask(listed(interface("dxvif-0a", bgp_peer())), include_raw=True)
    assert answer.extra["raw"][0]["virtualInterfaceId"] == "dxvif-0a"
    assert KEY not in json.dumps([answer.peerings, answer.extra])


def test_permissions_md_names_what_the_calls_need(ask, called):
    question = {"virtualInterfaceId": "dxvif-0a", "maxResults": 100}
    routes = (ROUTES, question, {"virtualInterfaceId": "dxvif-0a", "routes": []})
    ask(listed(interface("dxvif-0a", bgp_peer())), routes, include_routes=True)
    text = (Path(__file__).parents[4] / "docs" / "permissions.md").read_text(encoding="utf-8")
    section = text.partition("## AWS")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(directconnect:\w+)`", section)) == set(called)
    assert set(re.findall(r'"(directconnect:\w+)"', section)) == set(called)
