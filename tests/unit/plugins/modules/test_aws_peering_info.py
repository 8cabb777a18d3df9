# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions to EC2 over HTTP, with botocore as it is, and what the modules make of each answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _aws, _cloud
from ansible_collections.cloudbgp.exabgp.plugins.modules import aws_route_server_peering_info as route_server
from ansible_collections.cloudbgp.exabgp.plugins.modules import aws_tgw_peering_info as tgw
from ansible_collections.cloudbgp.exabgp.plugins.modules import aws_vpn_peering_info as vpn

from .ec2_api import Api, error, paged

SECRET = "SecretOfTheAccessKey0123456789"
VPN = "DescribeVpnConnections"
PEERS, SERVERS, DATABASE = "DescribeRouteServerPeers", "DescribeRouteServers", "GetRouteServerRoutingDatabase"
CONNECT, PROPAGATIONS, SEARCH = (
    "DescribeTransitGatewayConnectPeers",
    "GetTransitGatewayAttachmentPropagations",
    "SearchTransitGatewayRoutes",
)


def connect_peer(number, statuses=("up", "down"), **fields):
    inside = f"169.254.{number}"
    return {
        "TransitGatewayAttachmentId": "tgw-attach-0a",
        "TransitGatewayConnectPeerId": f"tgw-connect-peer-{number}",
        "State": "available",
        "ConnectPeerConfiguration": {
            "TransitGatewayAddress": f"192.0.2.{number}",
            "PeerAddress": "10.0.1.5",
            "InsideCidrBlocks": [f"{inside}.0/29"],
            "Protocol": "gre",
            "BgpConfigurations": [
                {
                    "TransitGatewayAsn": 64512,
                    "PeerAsn": 65000,
                    "TransitGatewayAddress": f"{inside}.{end}",
                    "PeerAddress": f"{inside}.1",
                    "BgpStatus": status,
                }
                for end, status in enumerate(statuses, 2)
            ],
        },
        "Tags": [],
        **fields,
    }


def route_server_peer(number, status="up", **fields):
    return {
        "RouteServerPeerId": f"rsp-{number}",
        "RouteServerEndpointId": "rse-0a",
        "RouteServerId": "rs-0a",
        "State": "available",
        "EndpointEniAddress": "10.0.1.78",
        "PeerAddress": f"10.0.1.{number}",
        "BgpOptions": {"PeerAsn": 65001, "PeerLivenessDetection": "bgp-keepalive"},
        "BgpStatus": {"Status": status},
        "BfdStatus": {"Status": "down"},
        "Tags": [],
        **fields,
    }


def installed(prefix, peer, *details, **fields):
    return {
        "RouteServerEndpointId": "rse-0a",
        "RouteServerPeerId": peer,
        "RouteInstallationDetails": [
            {"RouteTableId": table, "RouteInstallationStatus": status, "RouteInstallationStatusReason": why}
            for table, status, why in details
        ],
        "RouteStatus": "in-fib",
        "Prefix": prefix,
        "AsPaths": ["65001 65002"],
        "Med": 100,
        "NextHopIp": "10.0.1.10",
        **fields,
    }


def vpn_gateway(name, outside, inside, asn):
    return (
        f"<{name}><tunnel_outside_address><ip_address>{outside}</ip_address></tunnel_outside_address>"
        f"<tunnel_inside_address><ip_address>{inside}</ip_address><network_cidr>30</network_cidr></tunnel_inside_address>"
        f"<bgp><asn>{asn}</asn><hold_time>30</hold_time></bgp></{name}>"
    )


def vpn_connection(*tunnels, **fields):
    configuration = "".join(
        "<ipsec_tunnel>"
        + vpn_gateway("customer_gateway", "198.51.100.1", f"169.254.{number}.86", 65000)
        + vpn_gateway("vpn_gateway", f"203.0.113.{number}", f"169.254.{number}.85", 64512)
        + "<ike><pre_shared_key>KeyOfTheTunnel</pre_shared_key></ike></ipsec_tunnel>"
        for number in range(1, len(tunnels) + 1)
    )
    return {
        "VpnConnectionId": "vpn-0a",
        "State": "available",
        "CustomerGatewayConfiguration": f"<vpn_connection>{configuration}</vpn_connection>",
        "Options": {
            "StaticRoutesOnly": False,
            "TunnelOptions": [{"OutsideIpAddress": "203.0.113.1", "PreSharedKey": "KeyOfTheTunnel"}],
        },
        "VgwTelemetry": [
            {
                "OutsideIpAddress": f"203.0.113.{number}",
                "Status": status,
                "StatusMessage": text,
                "AcceptedRouteCount": 1,
            }
            for number, (status, text) in enumerate(tunnels, 1)
        ],
        **fields,
    }


@pytest.fixture
def api(monkeypatch):
    server = Api()
    server.answers = {
        CONNECT: paged("TransitGatewayConnectPeers", [connect_peer(6)], 1000),
        PEERS: paged("RouteServerPeers", [route_server_peer(10), route_server_peer(11, "down")], 1000),
        VPN: lambda question: {"VpnConnections": [vpn_connection(("UP", "1 BGP ROUTES"))]},
        SERVERS: paged(
            "RouteServers", [{"RouteServerId": "rs-0a", "AmazonSideAsn": 65000, "State": "available"}], 1000
        ),
    }
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield server
    server.stop()


def options(api, **changes):
    given = {name: spec.get("default") for name, spec in {**_aws.SPEC, **_cloud.SPEC}.items()}
    given.update(connect_peer_ids=None, attachment_ids=None, route_server_ids=None, vpn_connection_ids=None)
    given.update(regions=["eu-central-1"], access_key="AKIDEXAMPLE", secret_key=SECRET)
    return {**given, "endpoint_url": api.url, "api_timeout": 5, "api_retries": 0, **changes}


def ask(module, api, **changes):
    given = options(api, **changes)
    return _aws.in_regions(given, lambda region: module.Asker(given, region).ask())


def test_both_sessions_of_a_connect_peer(api):
    answer = ask(tgw, api)
    first, second = answer.peerings
    assert first == {
        "name": "tgw-connect-peer-6",
        "cloud": "aws",
        "profile": "aws_tgw_connect",
        "resource_id": "tgw-connect-peer-6",
        "local_address": "169.254.6.2",
        "local_as": 64512,
        "peer_address": "169.254.6.1",
        "peer_as": 65000,
        "state": "established",
        "state_raw": "up",
        "uptime_s": None,
        "prefixes_received": None,
        "prefixes_advertised": None,
        "md5": None,
        "bfd": None,
        "problems": [],
    }
    assert (second["local_address"], second["state"]) == ("169.254.6.3", "down")
    assert api.asked == [CONNECT]
    assert answer.extra == {"calls": 1}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("up", "established"),
        ("Up", "established"),
        ("UP", "established"),
        ("down", "down"),
        ("active", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_status_that_is_not_documented_is_never_up(api, word, state):
    api.answers[CONNECT] = paged("TransitGatewayConnectPeers", [connect_peer(6, (word,))], 1000)
    (found,) = ask(tgw, api).peerings
    assert found["state"] == state
    assert bool(found["problems"]) == (state == "unknown")


def test_names_states_and_what_is_deleted(api):
    named = connect_peer(7, Tags=[{"Key": "Name", "Value": "appliance"}], State="pending")
    api.answers[CONNECT] = paged("TransitGatewayConnectPeers", [named, connect_peer(8, State="deleted")], 1000)
    found = ask(tgw, api).peerings
    assert {item["name"] for item in found} == {"appliance"}
    assert found[0]["problems"] == ["the Connect peer is pending"]


def test_calls_grow_with_pages_and_a_token_that_repeats_is_refused(api):
    many = [connect_peer(number) for number in range(1, 201)]
    api.answers[CONNECT] = paged("TransitGatewayConnectPeers", many, 100)
    assert len(ask(tgw, api).peerings) == 400
    assert api.asked == [CONNECT] * 2
    api.answers[CONNECT] = lambda question: {"TransitGatewayConnectPeers": [], "NextToken": "again"}
    with pytest.raises(_cloud.CloudError, match="the page token repeats"):
        ask(tgw, api)


def test_routes_of_a_connect_peer(api):
    tables = [
        {"TransitGatewayRouteTableId": "tgw-rtb-0a", "State": "enabled"},
        {"TransitGatewayRouteTableId": "x", "State": "disabled"},
    ]
    api.answers[PROPAGATIONS] = paged("TransitGatewayAttachmentPropagations", tables, 1000)
    owner = {
        "ResourceId": "192.0.2.6(10.0.1.5)",
        "TransitGatewayAttachmentId": "tgw-attach-0a",
        "ResourceType": "connect",
    }
    other = {**owner, "ResourceId": "192.0.2.7(10.0.1.5)"}
    routes = [
        {
            "DestinationCidrBlock": "203.0.113.10/32",
            "TransitGatewayAttachments": [owner, other],
            "Type": "propagated",
            "State": "active",
        },
        {
            "DestinationCidrBlock": "203.0.113.11/32",
            "TransitGatewayAttachments": [owner],
            "Type": "propagated",
            "State": "blackhole",
        },
        {
            "DestinationCidrBlock": "203.0.113.12/32",
            "TransitGatewayAttachments": [other],
            "Type": "propagated",
            "State": "active",
        },
    ]
    api.answers[SEARCH] = paged("Routes", routes, 2)
    answer = ask(tgw, api, include_routes=True)
    for found in answer.peerings:
        assert [(item["prefix"], item["installed"]) for item in found["routes_received"]] == [
            ("203.0.113.10/32", True),
            ("203.0.113.11/32", False),
        ]
        assert found["prefixes_received"] == 2
    assert api.asked == [CONNECT, PROPAGATIONS, SEARCH, SEARCH]
    api.answers[SEARCH] = lambda question: {"Routes": routes[:1], "AdditionalRoutesAvailable": True}
    assert "more routes than it told in tgw-rtb-0a" in ask(tgw, api, include_routes=True).peerings[0]["problems"][0]


def test_peers_of_a_route_server(api):
    first, second = ask(route_server, api).peerings
    assert (first["state"], first["local_as"], first["peer_as"], first["bfd"]) == (
        "established",
        65000,
        65001,
        "disabled",
    )
    assert (first["local_address"], first["peer_address"]) == ("10.0.1.78", "10.0.1.10")
    assert (second["state"], second["problems"]) == ("down", [])
    bfd = {"BgpOptions": {"PeerAsn": 65001, "PeerLivenessDetection": "bfd"}, "BfdStatus": {"Status": "Down"}}
    failed = route_server_peer(12, "down", State="failed", FailureReason="no endpoint", **bfd)
    api.answers[PEERS] = paged("RouteServerPeers", [failed], 1000)
    (found,) = ask(route_server, api).peerings
    assert found["bfd"] == "down"
    assert found["problems"] == ["the peer is failed", "no endpoint"]


def test_the_routing_database(api):
    routes = [
        installed("203.0.113.10/32", "rsp-10", ("rtb-0a", "installed", "")),
        installed("203.0.113.11/32", "rsp-10", ("rtb-0a", "rejected", "the limit is reached")),
        installed("203.0.113.12/32", "rsp-10", RouteStatus="in-rib"),
        installed("203.0.113.13/32", "rsp-11", ("rtb-0a", "installed", "")),
    ]
    pages = paged("Routes", routes, 3)
    api.answers[DATABASE] = lambda question: {"AreRoutesPersisted": False, **pages(question)}
    first, second = ask(route_server, api, include_routes=True).peerings
    assert [(item["prefix"], item["installed"], item["reason"]) for item in first["routes_received"]] == [
        ("203.0.113.10/32", True, None),
        ("203.0.113.11/32", False, "rtb-0a: the limit is reached"),
        ("203.0.113.12/32", False, "it is in-rib only: no route table has it"),
    ]
    assert first["routes_received"][0]["as_path"] == [65001, 65002]
    assert len(second["routes_received"]) == 1
    assert api.asked.count(DATABASE) == 2
    api.answers[DATABASE] = lambda question: {"AreRoutesPersisted": True, **pages(question)}
    assert "stale" in ask(route_server, api, include_routes=True).peerings[0]["problems"][-1]


@pytest.mark.parametrize(
    ("status", "message", "state", "problem"),
    [
        ("UP", "1 BGP ROUTES", "established", None),
        ("UP", "", "unknown", "nothing of BGP"),
        ("DOWN", "IPSEC IS DOWN", "down", "IPSEC IS DOWN"),
        ("DOWN", "IPSEC IS UP", "down", "IPSEC IS UP"),
        ("DEGRADED", "1 BGP ROUTES", "unknown", "does not document"),
    ],
)
def test_the_session_in_each_tunnel_of_a_vpn(api, status, message, state, problem):
    api.answers[VPN] = lambda question: {
        "VpnConnections": [vpn_connection((status, message), ("DOWN", "IPSEC IS DOWN"))]
    }
    first, second = ask(vpn, api).peerings
    assert (first["state"], first["state_raw"]) == (state, f"{status} {message}".strip())
    assert [problem in text for text in first["problems"]] == ([True] if problem else [])
    assert [first[name] for name in ("local_address", "local_as", "peer_address", "peer_as")] == [
        "169.254.1.85",
        64512,
        "169.254.1.86",
        65000,
    ]
    assert (second["local_address"], second["resource_id"]) == ("169.254.2.85", "vpn-0a/203.0.113.2")
    assert api.asked == [VPN]


def test_a_vpn_without_bgp_without_a_configuration_and_its_keys(api):
    found = [
        vpn_connection(("UP", ""), Options={"StaticRoutesOnly": True}),
        vpn_connection(("UP", "1 BGP ROUTES"), CustomerGatewayConfiguration="", State="modifying"),
        vpn_connection(("UP", "1 BGP ROUTES"), State="deleted"),
    ]
    api.answers[VPN] = lambda question: {"VpnConnections": found}
    answer = ask(vpn, api, include_raw=True)
    (only,) = answer.peerings
    assert only["problems"] == [
        "the connection is modifying",
        "the configuration of the tunnel is not told, so its addresses are not known",
    ]
    assert only["local_address"] is None
    assert "KeyOfTheTunnel" not in json.dumps(answer.extra)
    assert answer.extra["raw"][0]["VpnConnectionId"] == "vpn-0a"


def test_a_route_server_that_is_not_there(api):
    with pytest.raises(_cloud.CloudError, match="No Route Server rs-0b in eu-central-1") as caught:
        ask(route_server, api, route_server_ids=["rs-0b"])
    assert caught.value.hint == "There are: rs-0a"


FAULTS = {
    "forbidden": (lambda n: error(403, "UnauthorizedOperation", "You are not authorized"), "forbidden", "Allow ec2:"),
    "expired": (lambda n: error(400, "RequestExpired", "Request has expired"), "expired", "new credentials"),
    "credentials": (lambda n: error(401, "AuthFailure", "not able to validate"), "no_credentials", "Give profile"),
    "throttled": (lambda n: error(503, "RequestLimitExceeded", "Request limit exceeded"), "throttled", "Ask later"),
    "server error": (lambda n: error(500, "InternalError", "An internal error"), "server_error", "health.aws"),
    "not found": (
        lambda n: error(400, "InvalidTransitGatewayID.NotFound", "does not exist"),
        "not_found",
        "See the ids",
    ),
    "html": (lambda n: (200, b"<!DOCTYPE html><html><p>log in<br></html>"), "bad_answer", "proxy"),
    "html error": (lambda n: (502, b"<!DOCTYPE html><html><p>502<br></html>"), None, ""),
    "empty": (lambda n: (200, b""), "bad_answer", "proxy"),
    "truncated": (lambda n: (200, b"<DescribeTransitGatewayConnectPeersResponse><transit"), "bad_answer", "proxy"),
}


@pytest.mark.parametrize(("module", "action"), [(tgw, CONNECT), (route_server, PEERS), (vpn, VPN)])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_a_failure_that_says_what_to_do(api, module, action, fault):
    api.faults[action], code, hint = FAULTS[fault]
    with pytest.raises(_cloud.CloudError) as caught:
        ask(module, api)
    assert caught.value.code in ((code,) if code else ("bad_answer", "server_error"))
    assert hint in caught.value.hint
    assert SECRET not in caught.value.message


def test_routes_that_cannot_be_had_leave_the_sessions(api):
    api.faults[PROPAGATIONS] = FAULTS["forbidden"][0]
    answer = ask(tgw, api, include_routes=True)
    assert [item["state"] for item in answer.peerings] == ["established", "down"]
    assert "routes_received" not in answer.peerings[0]
    assert answer.failure is not None
    assert answer.failure.hint == "Allow ec2:GetTransitGatewayAttachmentPropagations: see docs/permissions.md"


def test_what_is_throttled_is_asked_again(api):
    api.faults[CONNECT] = lambda n: error(503, "RequestLimitExceeded", "later") if n == 1 else (0, b"")
    assert len(ask(tgw, api, api_retries=2).peerings) == 2
    assert len(api.asked) == 2


def test_nobody_there_a_timeout_and_no_tls(api):
    with pytest.raises(_cloud.CloudError) as caught:
        ask(tgw, api, endpoint_url="http://127.0.0.1:1")
    assert caught.value.code == "unreachable"
    with pytest.raises(_cloud.CloudError) as caught:
        ask(tgw, api, endpoint_url=api.url.replace("http:", "https:"))
    assert caught.value.code == "tls"
    over = threading.Event()

    def hang(_number):
        over.wait(5)
        return error(500, "InternalError", "too late")

    api.faults[CONNECT] = hang
    with pytest.raises(_cloud.CloudError) as caught:
        ask(tgw, api, api_timeout=0.2)
    over.set()
    assert caught.value.code == "timeout"


def test_regions_are_joined_and_one_that_fails_is_told(api):
    answer = ask(tgw, api, regions=["eu-central-1", "eu-west-1"])
    assert len(answer.peerings) == 4
    assert answer.extra == {"calls": 2}
    api.faults[CONNECT] = lambda n: (0, b"") if n % 2 else error(403, "UnauthorizedOperation", "no")
    answer = ask(tgw, api, regions=["eu-central-1", "eu-west-1"])
    assert len(answer.peerings) == 2
    assert answer.failure is not None
    assert answer.failure.code == "forbidden"


def test_no_region_no_credentials_no_library_no_such_call(api, monkeypatch):
    with pytest.raises(_cloud.CloudError, match="region") as caught:
        ask(tgw, api, regions=None)
    assert caught.value.code == "bad_request"
    with pytest.raises(_cloud.CloudError) as caught:
        ask(tgw, api, profile="nowhere")
    assert caught.value.code == "no_credentials"
    with pytest.raises(_cloud.CloudError) as caught:
        ask(tgw, api, access_key=None, secret_key=None)
    assert caught.value.code == "no_credentials"
    client = _aws.Client(options(api), "ec2", "eu-central-1")
    with pytest.raises(_cloud.CloudError, match="does not know ec2 describe_tomorrow"):
        client.call("describe_tomorrow", "ec2:DescribeTomorrow")
    monkeypatch.setattr(_aws, "MISSING", "ImportError")
    with pytest.raises(_cloud.CloudError, match="boto3") as caught:
        ask(tgw, api)
    assert caught.value.code == "missing_library"


def test_the_raw_answers_hold_no_key(api):
    assert ask(tgw, api, include_raw=True).extra["raw"][0]["TransitGatewayConnectPeerId"] == "tgw-connect-peer-6"
    interface = {"authKey": "k", "customerRouterConfig": "<k/>", "bgpPeers": [{"authKey": "k", "asn": 1}]}
    assert _cloud.without_secrets(interface) == {"bgpPeers": [{"asn": 1}]}


@pytest.mark.parametrize("name", ["aws_tgw_peering_info", "aws_route_server_peering_info", "aws_vpn_peering_info"])
def test_a_module_runs_with_nothing_but_awx_s_environment(api, name):
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SECURITY_TOKEN": "TokenOfTheSession",
        "AWS_REGION": "eu-central-1",
        "AWS_URL": api.url,
        "ANSIBLE_NOCOLOR": "1",
    }
    program = str(Path(sys.executable).with_name("ansible"))
    command = [
        program,
        "localhost",
        "-m",
        f"cloudbgp.exabgp.{name}",
        "-vvv",
        "-e",
        f"ansible_python_interpreter={sys.executable}",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "established: 1" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert "TokenOfTheSession" not in done.stdout + done.stderr


def test_permissions_md_names_what_the_calls_need(api):
    api.answers[PROPAGATIONS] = paged(
        "TransitGatewayAttachmentPropagations", [{"TransitGatewayRouteTableId": "tgw-rtb-0a", "State": "enabled"}], 1000
    )
    api.answers[SEARCH] = paged("Routes", [], 1000)
    api.answers[DATABASE] = lambda question: {"AreRoutesPersisted": False, "Routes": []}
    for module in (tgw, route_server, vpn):
        assert ask(module, api, include_routes=True).failure is None
    text = (Path(__file__).parents[4] / "docs" / "permissions.md").read_text(encoding="utf-8")
    section = text.partition("## AWS")[2].partition("\n## ")[0]
    called = {f"ec2:{action}" for action in api.asked}
    assert set(re.findall(r"^\|[^|]*\| `(ec2:\w+)`", section, re.MULTILINE)) == called
    policy = json.loads(section.partition("```json")[2].partition("```")[0])
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert {action for action in allowed if action.startswith("ec2:")} == called
