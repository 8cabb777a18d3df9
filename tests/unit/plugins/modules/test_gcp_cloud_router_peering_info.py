# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's questions over HTTP, with google-auth and requests as they are, and what it makes of each answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _cloud, _gcp
from ansible_collections.cloudbgp.exabgp.plugins.modules import gcp_cloud_router_peering_info as module

from . import gcp_api
from .gcp_api import Api, bgp_route, down, error, peer, router, told

ROUTERS = "aggregated/routers"
STATUS = "regions/europe-west3/routers/cr/getRouterStatus"
ROUTES = "regions/europe-west3/routers/cr/listBgpRoutes"
SPOKES = "locations/europe-west3/spokes"
TOKEN = "tok-0123456789"


@pytest.fixture
def api(monkeypatch):
    """One router with a peer that is up and one that is down."""
    server = Api()
    both = router("cr", "europe-west3", peer("a", "10.128.0.10"), peer("b", "10.128.0.11"))
    server.set(ROUTERS, "compute:RouterAggregatedList", {"items": {"regions/europe-west3": {"routers": [both]}}})
    peers = [told("a", "10.128.0.10"), down("b", "10.128.0.11")]
    server.set(STATUS, "compute:RouterStatusResponse", {"result": {"bgpPeerStatus": peers}})
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    yield server
    server.stop()


def options(api, **changes):
    given = {name: spec.get("default") for name, spec in {**_gcp.SPEC, **_cloud.SPEC}.items()}
    given.update(regions=None, routers=None, include_spokes=False, project=gcp_api.PROJECT, access_token=TOKEN)
    given.update(compute_endpoint=api.url, network_connectivity_endpoint=api.url, api_timeout=5)
    return {**given, **changes}


def ask(api, **changes):
    given = options(api, **changes)
    return module.Asker(_gcp.Client(given), given).ask()


def by_name(answer):
    return {item["name"]: item for item in answer.peerings}


def test_the_bodies_are_held_against_google_s_own_document():
    pytest.importorskip("googleapiclient", reason="google-api-python-client, with the document, is not installed")
    wrong = {"result": {"bgpPeerStatus": [told("a", "10.128.0.10", status="Up", uptimeSeconds=1, invented=True)]}}
    problems = gcp_api.check("compute", {"$ref": "RouterStatusResponse"}, wrong, "")
    assert len(list(problems)) == 3


def test_status_and_configuration_are_joined(api):
    answer = ask(api)
    a, b = answer.peerings
    assert a == {
        "name": "a",
        "cloud": "gcp",
        "profile": "gcp_router_appliance",
        "resource_id": "projects/example/regions/europe-west3/routers/cr/a",
        "local_address": "10.128.0.2",
        "local_as": 64514,
        "peer_address": "10.128.0.10",
        "peer_as": 65030,
        "state": "established",
        "state_raw": "UP Established",
        "uptime_s": 36660,
        "prefixes_received": 2,
        "prefixes_advertised": 1,
        "md5": True,
        "bfd": None,
        "problems": [],
    }
    assert (b["state"], b["state_raw"], b["uptime_s"]) == ("down", "DOWN Connect", None)
    assert answer.failure is None
    assert answer.extra["calls"] == len(api.asked) == 2
    assert api.tokens == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("fields", "state", "problem"),
    [
        ({"state": "This interface or BGP peer is invalid."}, "down", "This interface or BGP peer is invalid."),
        ({"state": "No interface found for the bgp peer."}, "down", "No interface found for the bgp peer."),
        ({"state": "Idle"}, "down", None),
        ({"statusReason": "MD5_AUTH_INTERNAL_PROBLEM"}, "down", "Google cannot use the MD5 key"),
        ({"statusReason": "STATUS_REASON_UNSPECIFIED"}, "down", None),
        ({"status": "UNKNOWN"}, "unknown", None),
    ],
)
def test_the_status_counts_and_the_state_is_a_sentence(api, fields, state, problem):
    item = {**down("a", "10.128.0.10"), **fields}
    api.set(STATUS, "compute:RouterStatusResponse", {"result": {"bgpPeerStatus": [item]}})
    found = by_name(ask(api))
    assert found["a"]["state"] == state
    assert [text for text in found["a"]["problems"] if problem and problem in text] or found["a"]["problems"] == []
    assert found["b"]["state"] == "unknown"
    assert found["b"]["problems"] == ["the router's status does not have this peer"]


@pytest.mark.parametrize("status", ["Up", "ESTABLISHED", None, 7])
def test_a_status_that_is_not_documented_is_unknown(api, status):
    api.bodies[STATUS] = ("", {"result": {"bgpPeerStatus": [told("a", "10.128.0.10", status=status)]}})
    found = by_name(ask(api))["a"]
    assert found["state"] == "unknown"
    assert "does not document" in found["problems"][0]


def test_a_disabled_peer_and_one_that_is_not_in_the_configuration(api):
    off = router(
        "cr", "europe-west3", peer("a", "10.128.0.10", enable="FALSE", bfd={"sessionInitializationMode": "DISABLED"})
    )
    api.set(ROUTERS, "compute:RouterAggregatedList", {"items": {"regions/europe-west3": {"routers": [off]}}})
    found = by_name(ask(api))
    assert found["a"]["problems"] == ["the peer is disabled in the router's configuration"]
    assert found["a"]["bfd"] == "disabled"
    assert found["b"]["peer_address"] == "10.128.0.11"
    assert "changing just now" in found["b"]["problems"][-1]


def test_routes_before_and_after_policy(api):
    kept, dropped, sent = (
        bgp_route("203.0.113.10/32", 4200000001),
        bgp_route("203.0.113.99/32", 65030),
        bgp_route("10.0.0.0/8"),
    )
    for key, routes in {
        f"{ROUTES} 500 IPV4 LEARNED a false": [kept, dropped],
        f"{ROUTES} 500 IPV4 LEARNED a true": [kept],
        f"{ROUTES} 500 ADVERTISED IPV4 a true": [sent],
    }.items():
        api.set(key, "compute:RoutersListBgpRoutes", {"result": routes})
    found = by_name(ask(api, include_routes=True, names=["a"]))
    first, second = found["a"]["routes_received"]
    assert first == {
        "prefix": "203.0.113.10/32",
        "next_hop": None,
        "as_path": [4200000001],
        "med": 100,
        "communities": ["65030:1"],
        "installed": None,
        "reason": None,
    }
    assert (second["prefix"], second["installed"]) == ("203.0.113.99/32", False)
    assert [route["prefix"] for route in found["a"]["routes_advertised"]] == ["10.0.0.0/8"]
    assert "routes_received" not in found["b"], "a peer that is filtered out is not asked for"
    assert api.asked.count(ROUTES) == 3


def test_all_pages_are_read_and_a_token_that_repeats_is_refused(api):
    path = "regions/europe-west3/routers"
    first, second = (router(name, "europe-west3", peer(name, "10.128.0.10")) for name in ("c", "d"))
    api.set(f"{path} 500", "compute:RouterList", {"items": [first], "nextPageToken": "two"})
    api.set(f"{path} 500 two", "compute:RouterList", {"items": [second]})
    for name in ("c", "d"):
        key = f"{path}/{name}/getRouterStatus"
        api.set(key, "compute:RouterStatusResponse", {"result": {"bgpPeerStatus": [told(name, "10.128.0.10")]}})
    assert sorted(by_name(ask(api, regions=["europe-west3"]))) == ["c", "d"]
    api.set(f"{path} 500 two", "compute:RouterList", {"items": [second], "nextPageToken": "two"})
    with pytest.raises(_cloud.CloudError, match="the page token repeats") as caught:
        ask(api, regions=["europe-west3"])
    assert caught.value.code == "bad_answer"


@pytest.mark.parametrize(
    ("spoke", "problem"),
    [
        ({"state": "ACTIVE"}, None),
        (
            {"state": "INACTIVE", "reasons": [{"message": "its hub is paused"}]},
            "its spoke s is INACTIVE: its hub is paused",
        ),
        (None, "gcp-1 is in no spoke"),
    ],
)
def test_the_spoke_of_an_appliance(api, spoke, problem):
    linked = {"instances": [{"virtualMachine": gcp_api.link("zones/europe-west3-a/instances/gcp-1")}]}
    name = "projects/example/locations/europe-west3/spokes/s"
    whole = [{"name": name, "linkedRouterApplianceInstances": linked, **spoke}] if spoke else []
    api.set(SPOKES, "networkconnectivity:ListSpokesResponse", {"spokes": whole})
    found = by_name(ask(api, include_spokes=True))["a"]
    assert [text.startswith(problem) for text in found["problems"]] == ([True] if problem else [])


FAULTS = {
    "forbidden": (
        lambda n: error(403, "Required 'compute.routers.get' permission"),
        "forbidden",
        "Grant compute.routers",
    ),
    "quota as 403": (lambda n: error(403, "Quota exceeded for quota metric"), "throttled", "Ask later"),
    "throttled": (lambda n: error(429, "Quota exceeded"), "throttled", "Ask later"),
    "server error": (lambda n: error(503, "backend error"), "server_error", "status.cloud.google.com"),
    "expired": (lambda n: error(401, "Invalid Credentials"), "expired", "Get a new token"),
    "not found": (lambda n: error(404, "was not found"), "not_found", "See the project"),
    "html": (lambda n: (200, {"Content-Type": "text/html"}, b"<html>log in</html>"), "bad_answer", "See the proxy"),
    "html error": (lambda n: (502, {"Content-Type": "text/html"}, b"<html>502</html>"), "server_error", ""),
    "empty": (lambda n: (200, {}, b""), "bad_answer", "See the proxy"),
    "list": (lambda n: (200, {}, b"[]"), "bad_answer", ""),
    "truncated": (lambda n: (200, {}, b'{"result": {"bgpPeer'), "bad_answer", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_list_of_routers_is_a_failure_that_says_what_to_do(api, fault):
    api.faults[ROUTERS], code, hint = FAULTS[fault]
    with pytest.raises(_cloud.CloudError) as caught:
        ask(api)
    assert caught.value.code == code
    assert hint in caught.value.hint
    assert ROUTERS in caught.value.message
    assert gcp_api.public(caught.value.message)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_status_is_unknown_and_never_up(api, fault):
    api.faults[STATUS], code, _hint = FAULTS[fault]
    answer = ask(api)
    assert {item["state"] for item in answer.peerings} == {"unknown"}
    assert {item["peer_address"] for item in answer.peerings} == {"10.128.0.10", "10.128.0.11"}
    assert answer.failure is not None
    assert answer.failure.code == code


def test_what_is_throttled_is_asked_again(api):
    slow = (429, {"Retry-After": "1"}, b"{}")
    api.faults[STATUS] = lambda n: slow if n < 3 else (0, {}, b"")
    answer = ask(api)
    assert answer.failure is None
    assert api.asked.count(STATUS) == 3
    assert by_name(answer)["a"]["state"] == "established"


def test_nobody_there_a_timeout_and_no_tls(api, monkeypatch):
    with pytest.raises(_cloud.CloudError) as caught:
        ask(api, compute_endpoint="http://127.0.0.1:1")
    assert caught.value.code == "unreachable"
    with pytest.raises(_cloud.CloudError) as caught:
        ask(api, compute_endpoint=api.url.replace("http:", "https:"))
    assert caught.value.code == "tls"
    monkeypatch.undo()
    over = threading.Event()

    def hang(_number):
        over.wait(5)
        return error(500, "too late")

    api.faults[ROUTERS] = hang
    with pytest.raises(_cloud.CloudError) as caught:
        ask(api, api_timeout=0.2)
    over.set()
    assert caught.value.code == "timeout"


def test_a_router_that_is_not_there_is_told_with_those_that_are(api):
    with pytest.raises(_cloud.CloudError, match="No Cloud Router rc in all regions") as caught:
        ask(api, routers=["rc"])
    assert caught.value.hint == "There are: cr"


def test_regions_that_google_could_not_look_at_are_told(api):
    body = {**api.bodies[ROUTERS][1], "unreachables": ["regions/us-east1"]}
    api.set(ROUTERS, "compute:RouterAggregatedList", body)
    assert ask(api).extra["unreachable_regions"] == ["regions/us-east1"]


def test_the_raw_answers_hold_no_key(api):
    keyed = router("cr", "europe-west3", peer("a", "10.128.0.10"))
    keyed["md5AuthenticationKeys"] = [{"name": "key-0", "key": "tok-secret"}]
    api.set(ROUTERS, "compute:RouterAggregatedList", {"items": {"regions/europe-west3": {"routers": [keyed]}}})
    raw = ask(api, include_raw=True).extra["raw"]
    assert raw[0]["router"]["name"] == "cr"
    assert "tok-secret" not in json.dumps(raw)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"access_token": None, "auth_kind": "accesstoken"}, "no_credentials", "access_token is not given"),
        ({"access_token": None, "auth_kind": "serviceaccount"}, "no_credentials", "neither service_account_file"),
        ({"access_token": None, "service_account_file": "/nowhere.json"}, "no_credentials", "nowhere.json"),
        ({"access_token": None, "service_account_contents": "{}"}, "no_credentials", "No credentials"),
        ({"project": None}, "bad_request", "The project is not known"),
    ],
)
def test_credentials_that_are_not_there(api, changes, code, words):
    with pytest.raises(_cloud.CloudError) as caught:
        _gcp.Client(options(api, **changes))
    assert caught.value.code == code
    assert words in caught.value.message
    assert api.asked == []


def test_the_libraries_are_missing(api, monkeypatch):
    monkeypatch.setattr(_gcp, "MISSING", "ImportError")
    with pytest.raises(_cloud.CloudError, match="google-auth") as caught:
        _gcp.Client(options(api))
    assert caught.value.code == "missing_library"


def test_the_module_runs_with_nothing_but_awx_s_environment(api):
    environment = {
        **os.environ,
        "GCP_PROJECT": gcp_api.PROJECT,
        "GCP_AUTH_KIND": "accesstoken",
        "GCP_ACCESS_TOKEN": TOKEN,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": api.url,
        "ANSIBLE_NOCOLOR": "1",
    }
    program = str(Path(sys.executable).with_name("ansible"))
    name = "cloudbgp.exabgp.gcp_cloud_router_peering_info"
    command = [
        program,
        "localhost",
        "-m",
        name,
        "-vvv",
        "-a",
        "names=a",
        "-e",
        f"ansible_python_interpreter={sys.executable}",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "established: 1" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_permissions_md_names_what_the_calls_need(api, monkeypatch):
    needed = set()
    hints = _gcp.Client._hints

    def noting(client, permission):
        needed.add(permission)
        return hints(client, permission)

    monkeypatch.setattr(_gcp.Client, "_hints", noting)
    api.set(ROUTES, "compute:RoutersListBgpRoutes", {"result": []})
    api.set(SPOKES, "networkconnectivity:ListSpokesResponse", {})
    assert ask(api, include_routes=True, include_spokes=True).failure is None
    text = (Path(__file__).parents[4] / "docs" / "permissions.md").read_text(encoding="utf-8")
    section = text.partition("## Google Cloud")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\|[^|]*\| `([\w.]+)`", section, re.MULTILINE)) == needed
    assert set(re.findall(r"^  - ([\w.]+)$", section, re.MULTILINE)) == needed
