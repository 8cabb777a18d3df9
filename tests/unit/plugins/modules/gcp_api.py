# SPDX-License-Identifier: GPL-3.0-or-later
"""Compute v1 and Network Connectivity on loopback, with bodies as Google documents them, and faults by path.

Each body is held against Google's discovery document, so that the tests can't drift into fiction. It comes with
google-api-python-client, which the environments of the matrix of ansible-core do not have: they take the bodies as they
are.
"""

from __future__ import annotations

import importlib.util
import json
import re
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROJECT = "example"
_CLIENT = importlib.util.find_spec("googleapiclient")
_TYPES: dict[str, Any] = {"string": str, "integer": int, "boolean": bool, "number": (int, float)}

Fault = Callable[[int], tuple[int, dict[str, str], bytes]]


def link(path: str) -> str:
    return f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/{path}"


def router(name: str, region: str, *peers: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "compute#router",
        "name": name,
        "region": link(f"regions/{region}"),
        "selfLink": link(f"regions/{region}/routers/{name}"),
        "bgp": {"asn": 64514, "advertiseMode": "DEFAULT", "keepaliveInterval": 20},
        "interfaces": [{"name": "if-0", "subnetwork": link(f"regions/{region}/subnetworks/a")}],
        "bgpPeers": list(peers),
        "md5AuthenticationKeys": [{"name": "key-0"}],
    }


def peer(name: str, address: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "interfaceName": "if-0",
        "ipAddress": "10.128.0.2",
        "peerIpAddress": address,
        "peerAsn": 65030,
        "enable": "TRUE",
        "routerApplianceInstance": link("zones/europe-west3-a/instances/gcp-1"),
        "md5AuthenticationKeyName": "key-0",
        **fields,
    }


def told(name: str, address: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "ipAddress": "10.128.0.2",
        "peerIpAddress": address,
        "state": "Established",
        "status": "UP",
        "uptime": "10 hours, 11 minutes, 0 seconds",
        "uptimeSeconds": "36660",
        "numLearnedRoutes": 2,
        "md5AuthEnabled": True,
        "advertisedRoutes": [{"kind": "compute#route", "destRange": "10.128.0.0/20", "nextHopIp": "10.128.0.2"}],
        **fields,
    }


def down(name: str, address: str, **fields: Any) -> dict[str, Any]:
    item = told(name, address, status="DOWN", state="Connect", numLearnedRoutes=0, **fields)
    return {key: value for key, value in item.items() if key not in ("uptime", "uptimeSeconds", "advertisedRoutes")}


def bgp_route(prefix: str, *path: int, **fields: Any) -> dict[str, Any]:
    return {
        "destination": {"prefix": prefix, "pathId": 0},
        "asPaths": [{"type": "AS_PATH_TYPE_SEQUENCE", "asns": [23456] * len(path), "asns32": list(path)}],
        "communities": ["65030:1"],
        "med": 100,
        "origin": "BGP_ORIGIN_IGP",
        **fields,
    }


class Api:
    """The server; C(bodies) maps a path, or a path with its query, to an answer, and C(faults) a path to a fault."""

    def __init__(self) -> None:
        self.bodies: dict[str, tuple[str, dict[str, Any]]] = {}
        self.faults: dict[str, Fault] = {}
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, headers, body = api.answer(self.path, self.headers.get("Authorization", ""))
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, target: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        self.tokens.add(authorization)
        path, _mark, query = target.partition("?")
        path = path.partition(f"/projects/{PROJECT}/")[2]
        wanted = {key: value[0] for key, value in urllib.parse.parse_qs(query).items()}
        self.asked.append(path)
        fault = self.faults.get(path)
        if fault is not None:
            status, headers, body = fault(self.asked.count(path))
            if status:
                return status, headers, body
        for key in (f"{path} {' '.join(sorted(wanted.values()))}", path):
            if key in self.bodies:
                return 200, {}, json.dumps(self.bodies[key][1]).encode()
        return error(404, f"The resource 'projects/{PROJECT}/{path}' was not found")

    def set(self, key: str, schema: str, body: dict[str, Any]) -> None:
        """An answer, held against its schema, C(compute:Router) say."""
        service, _colon, name = schema.partition(":")
        if _CLIENT:
            problems = list(check(service, {"$ref": name}, body, name))
            assert not problems, problems
        self.bodies[key] = (schema, body)


def error(status: int, message: str) -> tuple[int, dict[str, str], bytes]:
    return status, {}, json.dumps({"error": {"code": status, "message": message}}).encode()


def check(service: str, schema: dict[str, Any], value: Any, where: str) -> Any:
    """Yield what is wrong with a value by the discovery document: types, enums, fields that it does not have."""
    if "$ref" in schema:
        schema = _schemas(service)[schema["$ref"]]
    kind = schema.get("type")
    if kind == "array":
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            yield from check(service, schema["items"], item, f"{where}[{number}]")
    elif kind == "object":
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            if name in fields or others:
                yield from check(service, fields.get(name, others), item, f"{where}.{name}")
            else:
                yield f"{where}.{name}: no such field"
    elif kind in _TYPES and (not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
        yield f"{where}: {value!r} is no {kind}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"


_cache: dict[str, dict[str, Any]] = {}


def _schemas(service: str) -> dict[str, Any]:
    if service not in _cache:
        assert _CLIENT is not None
        assert _CLIENT.origin is not None
        documents = Path(_CLIENT.origin).parent / "discovery_cache" / "documents"
        text = (documents / f"{service}.v1.json").read_text(encoding="utf-8")
        _cache[service] = json.loads(text)["schemas"]
    return _cache[service]


def public(text: str) -> bool:
    """Tell whether a text names no loopback address or token."""
    return not re.search(r"127\.0\.0\.1|tok-", text)
