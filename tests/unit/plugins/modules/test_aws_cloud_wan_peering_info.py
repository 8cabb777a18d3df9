# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions to Network Manager over HTTP, with botocore as it is, and what the module makes of each answer."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _aws, _cloud
from ansible_collections.cloudbgp.exabgp.plugins.modules import aws_cloud_wan_peering_info as module

MODEL = botocore.session.get_session().get_service_model("networkmanager")
NETWORK, PEERS, TELEMETRY = (
    "/core-networks/core-network-0a",
    "/connect-peers",
    "/global-networks/global-0a/network-telemetry",
)
SHAPES = {
    NETWORK: "GetCoreNetworkResponse",
    PEERS: "ListConnectPeersResponse",
    TELEMETRY: "GetNetworkTelemetryResponse",
    f"{PEERS}/a": "GetConnectPeerResponse",
}


def peer(**fields):
    sessions = [
        {
            "CoreNetworkAsn": 64512,
            "PeerAsn": 65010,
            "CoreNetworkAddress": f"169.254.6.{end}",
            "PeerAddress": "169.254.6.1",
        }
        for end in (2, 3)
    ]
    configuration = {"Protocol": "GRE", "PeerAddress": "10.0.1.5", "BgpConfigurations": sessions}
    return {"ConnectPeer": {"ConnectPeerId": "a", "State": "AVAILABLE", "Configuration": configuration, **fields}}


def line(address, status, **fields):
    health = {"Type": "BGP", "Status": status, "Timestamp": 1767225600}
    return {"ResourceType": "connect-peer", "ResourceId": "a", "Address": address, "Health": {**health, **fields}}


def problems(shape, value, where):
    """Yield what botocore's model does not have; a value outside an enum is the tests' own business."""
    if shape.type_name == "structure":
        for name, item in value.items():
            if name not in shape.members:
                yield f"{where}.{name}"
            else:
                yield from problems(shape.members[name], item, f"{where}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from problems(shape.member, item, where)


class Api:
    """The server; C(bodies) maps a path to an answer, C(faults) to a status and bytes."""

    def __init__(self):
        self.bodies: dict[str, Any] = {}
        self.faults: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path, _mark, query = self.path.partition("?")
                api.asked.append(path)
                token = re.search(r"nextToken=(\w+)", query)
                body = api.bodies.get(f"{path} {token.group(1)}" if token else path)
                status, text = api.faults.get(path, (200, json.dumps(body).encode()))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def set(self, path, body):
        wrong = list(problems(MODEL.shape_for(SHAPES[path.partition(" ")[0]]), body, path))
        assert not wrong, wrong
        self.bodies[path] = body


@pytest.fixture
def api():
    server = Api()
    server.set(NETWORK, {"CoreNetwork": {"CoreNetworkId": "core-network-0a", "GlobalNetworkId": "global-0a"}})
    server.set(PEERS, {"ConnectPeers": [{"ConnectPeerId": "a", "ConnectPeerState": "AVAILABLE"}]})
    server.set(f"{PEERS}/a", peer())
    server.set(TELEMETRY, {"NetworkTelemetry": [line("169.254.6.2", "UP"), line("169.254.6.3", "DOWN")]})
    yield server
    server.server.shutdown()
    server.server.server_close()


def ask(api, **changes):
    given = {name: spec.get("default") for name, spec in {**_aws.SPEC, **_cloud.SPEC}.items()}
    given.update(core_network_id="core-network-0a", access_key="AKIDEXAMPLE", secret_key="x", api_retries=0)
    given.update({"regions": ["us-west-2"], "endpoint_url": api.url, "api_timeout": 5, **changes})
    return _aws.in_regions(given, lambda region: module.Asker(given, region).ask())


def test_configuration_and_telemetry_are_joined(api):
    answer = ask(api)
    first, second = answer.peerings
    assert first == {
        "name": "a",
        "cloud": "aws",
        "profile": "aws_cloud_wan_connect",
        "resource_id": "a",
        "local_address": "169.254.6.2",
        "local_as": 64512,
        "peer_address": "169.254.6.1",
        "peer_as": 65010,
        "state": "established",
        "state_raw": first["state_raw"],
        "uptime_s": None,
        "prefixes_received": None,
        "prefixes_advertised": None,
        "md5": None,
        "bfd": None,
        "problems": [],
    }
    assert first["state_raw"].startswith("UP since 2026-01-01T00:00:00")
    assert (second["local_address"], second["state"]) == ("169.254.6.3", "down")
    assert answer.extra == {"calls": 4}
    assert sorted(api.asked) == sorted([NETWORK, PEERS, TELEMETRY, f"{PEERS}/a"])


def test_no_telemetry_and_ipsec_s_are_unknown_and_never_up(api):
    api.set(TELEMETRY, {"NetworkTelemetry": [line("169.254.6.2", "UP", Type="IPSEC"), line("169.254.6.3", "GOOD")]})
    first, second = ask(api).peerings
    assert (first["state"], first["problems"]) == ("unknown", ["the telemetry has nothing of this session"])
    assert second["state"] == "unknown"
    assert "does not document" in second["problems"][0]


def test_a_peer_that_has_failed_and_one_without_a_tunnel(api):
    error = {"Code": "x", "Message": "the subnet is gone", "ResourceArn": "arn"}
    whole = peer(State="FAILED", LastModificationErrors=[error])
    whole["ConnectPeer"]["Configuration"]["Protocol"] = "NO_ENCAP"
    api.set(f"{PEERS}/a", whole)
    found = ask(api).peerings[0]
    assert found["profile"] == "aws_cloud_wan_tunnel_less"
    assert found["problems"] == ["the Connect peer is FAILED", "the subnet is gone"]


def test_all_pages_of_telemetry_are_read(api):
    api.set(TELEMETRY, {"NetworkTelemetry": [line("169.254.6.2", "UP")], "NextToken": "two"})
    api.set(f"{TELEMETRY} two", {"NetworkTelemetry": [line("169.254.6.3", "UP")]})
    assert [item["state"] for item in ask(api).peerings] == ["established"] * 2
    api.set(f"{TELEMETRY} two", {"NetworkTelemetry": [], "NextToken": "two"})
    with pytest.raises(_cloud.CloudError, match="the page token repeats"):
        ask(api)


@pytest.mark.parametrize("path", SHAPES)
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ((403, b'{"__type": "AccessDeniedException", "Message": "no"}'), "forbidden"),
        ((429, b'{"__type": "ThrottlingException", "Message": "slow down"}'), "throttled"),
        ((500, b'{"__type": "InternalServerException", "Message": "an error"}'), "server_error"),
        ((404, b'{"__type": "ResourceNotFoundException", "Message": "not here"}'), "not_found"),
        ((200, b"<html>log in</html>"), "bad_answer"),
        ((200, b"{}"), "bad_answer"),
    ],
)
def test_each_fault_is_a_failure(api, path, fault, code):
    api.faults[path] = fault
    with pytest.raises(_cloud.CloudError) as caught:
        ask(api)
    assert caught.value.code == code
    assert code != "forbidden" or "Allow networkmanager:" in caught.value.hint


def test_permissions_md_names_what_the_calls_need(api, monkeypatch):
    called = set()
    call = _aws.Client.call

    def noting(client, operation, permission, **parameters):
        called.add(permission)
        return call(client, operation, permission, **parameters)

    monkeypatch.setattr(_aws.Client, "call", noting)
    ask(api)
    text = (Path(__file__).parents[4] / "docs" / "permissions.md").read_text(encoding="utf-8")
    section = text.partition("## AWS")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(networkmanager:\w+)`", section)) == called
    assert set(re.findall(r'"(networkmanager:\w+)"', section)) == called
