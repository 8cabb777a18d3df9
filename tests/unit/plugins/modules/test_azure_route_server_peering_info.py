# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's questions over HTTP, with azure-identity and requests as they are, and what it makes of each answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _azure, _cloud
from ansible_collections.cloudbgp.exabgp.plugins.modules import azure_route_server_peering_info as module

from .azure_api import HUBS, SUBSCRIPTION, TOKEN, Api, connection, error, hub, row

CONNECTIONS = f"{HUBS}/rs/bgpConnections"
LEARNED, ADVERTISED = f"{CONNECTIONS}/azure-1/learnedRoutes", f"{CONNECTIONS}/azure-1/advertisedRoutes"
PREFIX = "203.0.113.10/32"


@pytest.fixture
def api(monkeypatch):
    server = Api()
    server.bodies[HUBS] = {"value": [hub("rs"), hub("wan", virtualWan={"id": "x"})]}
    server.bodies[CONNECTIONS] = {"value": [connection("rs", "azure-1")]}
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/identity")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    yield server
    server.stop()


def options(api, **changes):
    given = {name: spec.get("default") for name, spec in {**_azure.SPEC, **_cloud.SPEC}.items()}
    given.update(resource_group="network", route_servers=None, subscription_id=SUBSCRIPTION, auth_source="msi")
    return {**given, "management_endpoint": api.url, "api_timeout": 5, **changes}


def ask(api, **changes):
    given = options(api, **changes)
    return module.Asker(_azure.Client(given), given).ask()


def test_a_session_with_each_instance(api):
    answer = ask(api)
    first, second = answer.peerings
    assert first == {
        "name": "azure-1",
        "cloud": "azure",
        "profile": "azure_route_server",
        "resource_id": f"/subscriptions/{SUBSCRIPTION}/{CONNECTIONS}/azure-1",
        "local_address": "10.0.1.4",
        "local_as": 65515,
        "peer_address": "10.0.2.10",
        "peer_as": 65020,
        "state": "established",
        "state_raw": "Connected",
        "uptime_s": None,
        "prefixes_received": None,
        "prefixes_advertised": None,
        "md5": False,
        "bfd": "disabled",
        "problems": [],
    }
    assert second == {**first, "local_address": "10.0.1.5"}
    assert api.asked == [HUBS, CONNECTIONS], "a hub of a Virtual WAN is no Route Server"
    assert answer.extra == {"calls": 2}
    assert api.tokens == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("word", "state", "problem"),
    [
        ("Connected", "established", None),
        ("connected", "established", None),
        ("Connecting", "down", None),
        ("NotConnected", "down", None),
        ("Unknown", "unknown", None),
        (None, "unknown", None),
        ("Established", "unknown", "the state is 'Established', which Azure does not document"),
    ],
)
def test_each_state(api, word, state, problem):
    api.bodies[CONNECTIONS] = {"value": [connection("rs", "azure-1", word)]}
    found = ask(api).peerings[0]
    assert (found["state"], found["problems"]) == (state, [problem] if problem else [])


def test_what_is_not_provisioned_is_told(api):
    api.bodies[HUBS] = {"value": [hub("rs", routingState="Failed")]}
    api.bodies[CONNECTIONS] = {"value": [connection("rs", "azure-1", "NotConnected", provisioningState="Failed")]}
    assert ask(api).peerings[0]["problems"] == [
        "the connection's provisioning state is Failed",
        "the Route Server's routing state is Failed",
    ]


def test_the_routes_of_each_instance(api):
    # The published example has the rows of both instances under the first, and real answers have a null.
    both = [row("10.0.1.4", PREFIX, "65020-4200000001"), row("10.0.1.5", PREFIX, "65020-4200000001")]
    learned = {
        "RouteServiceRole_IN_0": both,
        "RouteServiceRole_IN_1": [both[1], row("10.0.1.5", "203.0.113.11/32")],
        "value": None,
    }
    api.later(LEARNED, learned)
    api.later(ADVERTISED, {"RouteServiceRole_IN_0": [row("10.0.1.4", "10.0.0.0/16", "65515")], "value": None})
    first, second = ask(api, include_routes=True).peerings
    assert first["routes_received"] == [
        {"prefix": PREFIX, "next_hop": "10.0.2.10", "as_path": [65020, 4200000001], "med": None, "communities": None}
    ]
    assert [item["prefix"] for item in second["routes_received"]] == [PREFIX, "203.0.113.11/32"]
    assert (first["prefixes_received"], second["prefixes_received"]) == (1, 2)
    assert [item["prefix"] for item in first["routes_advertised"]] == ["10.0.0.0/16"]
    assert second["routes_advertised"] == []


def test_a_peering_that_is_filtered_out_costs_no_operation(api):
    ask(api, include_routes=True, peer_addresses=["10.0.2.99"])
    assert api.asked == [HUBS, CONNECTIONS]


LATER = {
    "without a location": (lambda api: (202, {}, b""), "bad_answer", "202 without Location"),
    "to another host": (lambda api: (202, {"Location": "https://198.51.100.1/x"}, b""), "bad_answer", "another host"),
    "forbidden": (lambda api: error(403, "AuthorizationFailed", "does not have authorization"), "forbidden", "403"),
    "html": (lambda api: (200, {"Content-Type": "text/html"}, b"<html>"), "bad_answer", "no JSON object"),
}


@pytest.mark.parametrize("fault", LATER)
def test_routes_that_cannot_be_had_leave_the_sessions(api, fault):
    answer, code, words = LATER[fault]
    api.faults[LEARNED] = lambda n: answer(api)
    api.later(ADVERTISED, {"value": None})
    found = ask(api, include_routes=True)
    assert [item["state"] for item in found.peerings] == ["established"] * 2
    assert "routes_received" not in found.peerings[0]
    assert found.peerings[0]["routes_advertised"] == []
    assert found.failure is not None
    assert found.failure.code == code
    assert words in found.failure.message
    assert code != "forbidden" or "bgpConnections/learnedRoutes/action" in found.failure.hint


def test_an_operation_that_does_not_end(api):
    location = {"Location": f"{api.url}/x", "Retry-After": "0"}
    api.faults[LEARNED] = lambda n: (202, location, b"")
    api.faults["/x"] = lambda n: (202, location, b"")
    api.later(ADVERTISED, {})
    found = ask(api, include_routes=True, operation_timeout=0.05)
    assert found.failure is not None
    assert (found.failure.code, "operation_timeout" in found.failure.hint) == ("timeout", True)


def test_all_pages_are_read_and_one_that_repeats_or_leads_elsewhere_is_refused(api):
    second = f"{CONNECTIONS}/page2"
    api.bodies[CONNECTIONS] = {
        "value": [connection("rs", "azure-1")],
        "nextLink": f"{api.url}/subscriptions/{SUBSCRIPTION}/{second}?api-version=2025-03-01",
    }
    api.bodies[second] = {"value": [connection("rs", "azure-2")]}
    assert [item["name"] for item in ask(api).peerings] == ["azure-1"] * 2 + ["azure-2"] * 2
    for link, words in ((api.bodies[CONNECTIONS]["nextLink"], "repeats"), ("https://198.51.100.1/", "another host")):
        api.bodies[second]["nextLink"] = link
        with pytest.raises(_cloud.CloudError, match=words) as caught:
            ask(api)
        assert caught.value.code == "bad_answer"


FAULTS = {
    "forbidden": (
        lambda n: error(403, "AuthorizationFailed", "no authorization"),
        "forbidden",
        "Microsoft.Network/virt",
    ),
    "expired": (
        lambda n: error(401, "ExpiredAuthenticationToken", "The token is expired"),
        "expired",
        "new credentials",
    ),
    "throttled": (lambda n: error(429, "TooManyRequests", "Too many requests"), "throttled", "Ask later"),
    "server error": (lambda n: error(500, "InternalServerError", "An error"), "server_error", "azure.status"),
    "not found": (lambda n: error(404, "ResourceGroupNotFound", "could not be found"), "not_found", "resource group"),
    "html": (lambda n: (200, {"Content-Type": "text/html"}, b"<html>log in</html>"), "bad_answer", "proxy"),
    "html error": (lambda n: (502, {"Content-Type": "text/html"}, b"<html>502</html>"), "server_error", ""),
    "empty": (lambda n: (200, {}, b""), "bad_answer", "proxy"),
    "truncated": (lambda n: (200, {}, b'{"value": [{"na'), "bad_answer", ""),
    "no value": (lambda n: (200, {}, b"{}"), "bad_answer", ""),
}


@pytest.mark.parametrize("path", [HUBS, CONNECTIONS])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_a_failure_that_says_what_to_do(api, path, fault):
    api.faults[path], code, hint = FAULTS[fault]
    with pytest.raises(_cloud.CloudError) as caught:
        ask(api)
    assert caught.value.code == code
    assert hint in caught.value.hint
    assert path in caught.value.message
    assert TOKEN not in caught.value.message


def test_what_is_throttled_is_asked_again(api):
    api.faults[HUBS] = lambda n: error(429, "TooManyRequests", "later") if n < 3 else (0, {}, b"")
    assert len(ask(api).peerings) == 2
    assert api.asked.count(HUBS) == 3


def test_nobody_there_and_no_tls(api):
    for endpoint, code in (("http://127.0.0.1:1", "unreachable"), (api.url.replace("http:", "https:"), "tls")):
        with pytest.raises(_cloud.CloudError) as caught:
            ask(api, management_endpoint=endpoint)
        assert caught.value.code == code


def test_a_route_server_that_is_not_there_is_told_with_those_that_are(api):
    with pytest.raises(_cloud.CloudError, match="No Route Server sr in the resource group network") as caught:
        ask(api, route_servers=["sr"])
    assert caught.value.hint == "There are: rs"


def test_credentials_that_are_not_there(api, monkeypatch):
    with pytest.raises(_cloud.CloudError, match="The subscription is not known"):
        ask(api, subscription_id=None)
    with pytest.raises(_cloud.CloudError, match="client_id, secret and tenant") as caught:
        ask(api, auth_source="env", client_id="x")
    assert caught.value.code == "no_credentials"
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/identity")
    with pytest.raises(_cloud.CloudError) as caught:
        ask(api)
    assert caught.value.code in ("no_credentials", "unreachable")
    assert api.asked == []
    monkeypatch.setattr(_azure, "MISSING", "ImportError")
    with pytest.raises(_cloud.CloudError, match="azure-identity") as caught:
        ask(api)
    assert caught.value.code == "missing_library"


def test_the_module_runs_with_nothing_but_the_environment(api):
    environment = {
        **os.environ,
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
        "AZURE_SECRET": "SecretOfTheApplication",
        "ANSIBLE_AZURE_AUTH_SOURCE": "msi",
        "AZURE_MANAGEMENT_ENDPOINT": api.url,
        "ANSIBLE_NOCOLOR": "1",
    }
    program = str(Path(sys.executable).with_name("ansible"))
    name = "cloudbgp.exabgp.azure_route_server_peering_info"
    command = [program, "localhost", "-m", name, "-vvv", "-a", "resource_group=network"]
    command += ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "established: 2" in done.stdout
    for secret in (TOKEN, "SecretOfTheApplication"):
        assert secret not in done.stdout + done.stderr


def test_permissions_md_names_what_the_calls_need(api, monkeypatch):
    needed = set()
    call = _azure.Client._call

    def noting(client, method, url, permission):
        needed.add(permission)
        return call(client, method, url, permission)

    monkeypatch.setattr(_azure.Client, "_call", noting)
    api.later(LEARNED, {})
    api.later(ADVERTISED, {})
    assert ask(api, include_routes=True).failure is None
    text = (Path(__file__).parents[4] / "docs" / "permissions.md").read_text(encoding="utf-8")
    section = text.partition("## Azure")[2].partition("\n## ")[0]
    # The results of long-running operations are the subscription's.
    results = "Microsoft.Network/locations/operationResults/read"
    assert set(re.findall(r"^\|[^|]*\| `(Microsoft[\w./]+)`", section, re.MULTILINE)) == needed | {results}
    role = json.loads(section.partition("```json")[2].partition("```")[0])
    assert set(role["Actions"]) == needed | {results}
