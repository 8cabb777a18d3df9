# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes that ask a cloud: real SDKs, real HTTP, answers as the clouds document them."""

from __future__ import annotations

import asyncio
import datetime
import http.server
import json
import threading
import urllib.parse
from typing import Any

import pytest
from exabgp_health.checks import read_check
from exabgp_health.scheduler import probe_once

IDENTIFIER = "11111111-2222-3333-4444-555555555555"
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"


class Cloud:
    """Answers by the word that is found in the request; each is (status, headers, body)."""

    def __init__(self):
        self.answers, self.requests, self.url = {}, [], ""


@pytest.fixture
def cloud(monkeypatch):
    found = Cloud()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            request = f"{self.command} {self.path} {body}"
            found.requests.append(request)
            known = [answer for word, answer in found.answers.items() if word in request]
            status, headers, text = known[0] if known else (404, {}, "{}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self):
            self.do_POST()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "example")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield found
        server.shutdown()


def probe(cloud, **fields):
    check, problems = read_check({**fields, "endpoint": cloud.url})
    assert problems == []
    return asyncio.run(probe_once(check, check["timeout"]))


def targets(*states):
    members = "".join(
        f"<member><Target><Id>10.0.0.{number}</Id></Target><TargetHealth><State>{state}</State></TargetHealth></member>"
        for number, state in enumerate(states)
    )
    return (
        200,
        {"Content-Type": "text/xml"},
        '<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">'
        f"<DescribeTargetHealthResult><TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
        "</DescribeTargetHealthResult></DescribeTargetHealthResponse>",
    )


@pytest.mark.parametrize(
    ("states", "fields", "status", "detail"),
    [
        (["healthy", "unhealthy"], {}, "up", "1 of 2 targets are healthy"),
        (["healthy", "unhealthy"], {"min_healthy": 2}, "down", "1 of 2 targets are healthy"),
        (["draining", "unhealthy.draining"], {}, "down", "0 of 2 targets are healthy"),
        (["unused"], {}, "unknown", "no load balancer uses the target group, so nobody probes it"),
        ([], {}, "down", "0 of 0 targets are healthy"),
    ],
)
def test_target_group(cloud, states, fields, status, detail):
    cloud.answers["DescribeTargetHealth"] = targets(*states)
    found = probe(cloud, type="aws_target_group", arn=ARN, **fields)
    assert (found.status, found.detail) == (status, detail)


@pytest.mark.parametrize("answer", [(500, {}, ""), (200, {}, "<html>"), (400, {}, "<ErrorResponse/>"), (200, {}, "")])
def test_an_api_that_fails_is_unknown_and_never_up(cloud, answer):
    cloud.answers["DescribeTargetHealth"] = answer
    assert probe(cloud, type="aws_target_group", arn=ARN).status in ("unknown", "down")
    cloud.answers = {"": answer}
    assert probe(cloud, type="aws_route53", health_check_id=IDENTIFIER).status == "unknown"


def observations(*texts):
    items = "".join(
        f"<HealthCheckObservation><StatusReport><Status>{text}</Status></StatusReport></HealthCheckObservation>"
        for text in texts
    )
    return (
        200,
        {"Content-Type": "text/xml"},
        '<GetHealthCheckStatusResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
        f"<HealthCheckObservations>{items}</HealthCheckObservations></GetHealthCheckStatusResponse>",
    )


def test_route53_observers_speak_in_sentences(cloud):
    good, bad = "Success: HTTP Status Code 200, OK", "Failure: Connection timed out."
    for texts, status in (([good], "up"), ([good, bad], "up"), ([bad] * 9 + [good], "down"), ([], "unknown")):
        cloud.answers["/healthcheck/"] = observations(*texts)
        found = probe(cloud, type="aws_route53", health_check_id=IDENTIFIER, via="api")
        assert found.status == status, texts


def test_route53_through_cloudwatch_takes_the_newest_value(cloud):
    now = datetime.datetime.now(datetime.timezone.utc)

    def metric(*values):
        points = [
            {"Timestamp": (now - datetime.timedelta(minutes=age)).timestamp(), "Minimum": value, "Unit": "None"}
            for age, value in enumerate(values)
        ]
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps({"Label": "x", "Datapoints": points})

    for values, status in (((1.0, 0.0), "up"), ((0.0, 1.0), "down"), ((), "unknown")):
        cloud.answers = {"": metric(*values)}
        found = probe(cloud, type="aws_route53", health_check_id=IDENTIFIER)
        assert found.status == status, found
    assert IDENTIFIER in urllib.parse.unquote(cloud.requests[-1])


@pytest.fixture
def azure(cloud, monkeypatch):
    from exabgp_health.probes import azure as probes

    class Credential:
        """Stands for the identity of a host in Azure, which only Azure gives out."""

        def get_token(self, *_scopes, **_options):
            from azure.core.credentials import AccessToken

            return AccessToken("token", 4102444800)

    probes._client.cache_clear()
    monkeypatch.setattr(probes, "DefaultAzureCredential", Credential)
    return cloud


LB = {
    "type": "azure_load_balancer",
    "subscription_id": "s",
    "resource_group": "g",
    "load_balancer": "lb",
    "rule": "https",
}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"up": 2, "down": 1}, "up"),
        ({"up": 0, "down": 3}, "down"),
        ({}, "unknown"),
        (None, "unknown"),
    ],
)
def test_azure_load_balancer_waits_for_its_operation(azure, body, status):
    azure.answers["/result"] = (200, {"Content-Type": "application/json"}, json.dumps(body))
    azure.answers["loadBalancingRules/https/health"] = (
        202,
        {"Location": f"{azure.url}/result", "Retry-After": "0"},
        "",
    )
    assert probe(azure, **LB).status == status


def test_azure_without_a_location_or_with_an_error_is_unknown(azure):
    azure.answers["/health"] = (202, {}, "")
    assert probe(azure, **LB).detail == "the operation has no Location"
    azure.answers["/health"] = (429, {"Retry-After": "1"}, "{}")
    assert probe(azure, **LB).detail == "Azure answered 429"


@pytest.fixture
def google_cloud(cloud, monkeypatch):
    import google.auth
    import google.auth.credentials
    from exabgp_health.probes import gcp as probes

    probes._session.cache_clear()
    anonymous = google.auth.credentials.AnonymousCredentials()
    monkeypatch.setattr(google.auth, "default", lambda scopes: (anonymous, "p"))
    return cloud


BACKEND = {"type": "gcp_backend_service", "project": "p", "backend_service": "web"}


def health(*states):
    body: dict[str, Any] = {"kind": "compute#backendServiceGroupHealth"}
    if states:
        body["healthStatus"] = [{"healthState": state} for state in states]
    return 200, {"Content-Type": "application/json"}, json.dumps(body)


@pytest.mark.parametrize(
    ("one", "two", "fields", "status"),
    [
        (health("HEALTHY"), health("UNHEALTHY"), {}, "up"),
        (health("HEALTHY"), health("UNHEALTHY"), {"min_healthy": 2}, "down"),
        (health(), health(), {}, "unknown"),
        (health("UNHEALTHY"), (503, {}, ""), {}, "unknown"),
        (health("HEALTHY"), (503, {}, ""), {}, "up"),
    ],
)
def test_gcp_backend_service_asks_each_group(google_cloud, one, two, fields, status):
    google_cloud.answers.update({'"group": "g-1"': one, '"group": "g-2"': two})
    service = {"backends": [{"group": "g-1"}, {"group": "g-2"}]}
    google_cloud.answers["GET "] = (200, {"Content-Type": "application/json"}, json.dumps(service))
    assert probe(google_cloud, **BACKEND, **fields).status == status
    assert sum("getHealth" in request for request in google_cloud.requests) == 2


def test_gcp_without_backends_is_down_and_an_error_unknown(google_cloud):
    google_cloud.answers["GET "] = (200, {"Content-Type": "application/json"}, "{}")
    assert probe(google_cloud, **BACKEND, region="europe-west1").status == "down"
    assert "/regions/europe-west1/backendServices/web" in google_cloud.requests[-1]
    google_cloud.answers["GET "] = (403, {}, "{}")
    assert probe(google_cloud, **BACKEND).detail == "Compute Engine answered 403"
