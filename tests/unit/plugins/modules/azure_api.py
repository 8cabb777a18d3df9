# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource Manager and the identity endpoint on loopback, with bodies as Azure's published examples have them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
HUBS = "resourceGroups/network/providers/Microsoft.Network/virtualHubs"
TOKEN = "tok-0123456789"

Answer = tuple[int, dict[str, str], bytes]


def resource(path: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/{path}"


def hub(name: str, **fields: Any) -> dict[str, Any]:
    properties = {
        "allowBranchToBranchTraffic": False,
        "hubRoutingPreference": "ExpressRoute",
        "provisioningState": "Succeeded",
        "routingState": "Provisioned",
        "sku": "Standard",
        "virtualRouterAsn": 65515,
        "virtualRouterIps": ["10.0.1.4", "10.0.1.5"],
        **fields,
    }
    return {"name": name, "id": resource(f"{HUBS}/{name}"), "properties": properties}


def connection(hub_name: str, name: str, state: str | None = "Connected", **fields: Any) -> dict[str, Any]:
    properties = {"peerAsn": 65020, "peerIp": "10.0.2.10", "provisioningState": "Succeeded", **fields}
    if state is not None:
        properties["connectionState"] = state
    return {"name": name, "id": resource(f"{HUBS}/{hub_name}/bgpConnections/{name}"), "properties": properties}


def row(local: str, network: str, path: str = "65020") -> dict[str, Any]:
    return {
        "asPath": path,
        "localAddress": local,
        "network": network,
        "nextHop": "10.0.2.10",
        "origin": "EBgp",
        "sourcePeer": "10.0.2.10",
        "weight": 32768,
    }


class Api:
    """The server; C(bodies) maps a path below the subscription to a JSON answer, C(faults) to any other."""

    def __init__(self) -> None:
        self.bodies: dict[str, Any] = {}
        self.faults: dict[str, Callable[[int], Answer]] = {}
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path.startswith("/identity"):
                    body = {"access_token": TOKEN, "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
                    self.reply(200, {}, json.dumps(body).encode())
                else:
                    self.reply(*api.answer(self.path, self.headers.get("Authorization", "")))

            def do_POST(self) -> None:
                self.do_GET()

            def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
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

    def answer(self, target: str, authorization: str) -> Answer:
        self.tokens.add(authorization)
        path = target.partition("?")[0].removeprefix(resource(""))
        self.asked.append(path)
        if path in self.faults:
            answer = self.faults[path](self.asked.count(path))
            if answer[0]:
                return answer
        if path in self.bodies:
            return 200, {}, json.dumps(self.bodies[path]).encode()
        return error(404, "ResourceNotFound", f"The Resource '{path}' was not found.")

    def later(self, path: str, result: Any) -> None:
        """A long-running operation: 202, once more 202, then the result."""
        where = f"providers/Microsoft.Network/locations/germanywestcentral/operationResults/{path.rpartition('/')[2]}"
        location = {"Location": f"{self.url}{resource(where)}?api-version=x", "Retry-After": "0"}
        self.faults[path] = lambda n: (202, location, b"")
        self.faults[where] = lambda n: (202, location, b"") if n % 2 else (200, {}, json.dumps(result).encode())


def error(status: int, code: str, message: str) -> Answer:
    return status, {}, json.dumps({"error": {"code": code, "message": message}}).encode()
