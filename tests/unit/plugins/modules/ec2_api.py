# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's query API on loopback: answers are written by botocore's own model of the service, and faults by action."""

from __future__ import annotations

import datetime
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

import botocore.session

Fault = Callable[[int], tuple[int, bytes]]

_MODEL = botocore.session.get_session().get_service_model("ec2")


class Api:
    """The server. C(answers) maps an action to a function from the question to an answer as boto3 has it."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[dict[str, str]], dict[str, Any]]] = {}
        self.faults: dict[str, Fault] = {}
        self.asked: list[str] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, body = api.answer({key: value[0] for key, value in urllib.parse.parse_qs(text).items()})
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
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

    def answer(self, question: dict[str, str]) -> tuple[int, bytes]:
        action = question["Action"]
        self.asked.append(action)
        if action in self.faults:
            status, body = self.faults[action](self.asked.count(action))
            if status:
                return status, body
        if action not in self.answers:
            return error(400, "InvalidAction", f"The action {action} is not valid")
        return 200, document(action, self.answers[action](question))


def error(status: int, code: str, message: str) -> tuple[int, bytes]:
    body = f"<Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
    return status, f"<Response>{body}<RequestID>0</RequestID></Response>".encode()


def paged(key: str, items: list[dict[str, Any]], size: int) -> Callable[[dict[str, str]], dict[str, Any]]:
    """Answers in pages of C(size)."""

    def page(question: dict[str, str]) -> dict[str, Any]:
        start = int(question.get("NextToken", "0"))
        end = start + size
        return {key: items[start:end], **({"NextToken": str(end)} if end < len(items) else {})}

    return page


def document(action: str, answer: dict[str, Any]) -> bytes:
    """An answer as EC2 writes it. Raises KeyError for a field, and ValueError for a value, that the model lacks."""
    shape = _MODEL.operation_model(action).output_shape
    return f"<{action}Response>{_inside(shape, answer, action)}</{action}Response>".encode()


def _inside(shape: Any, value: Any, where: str) -> str:
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        if unknown:
            raise KeyError(f"{where} has no {', '.join(sorted(unknown))}")
        # EC2 writes an empty list as an empty element; what is absent is left out.
        return "".join(
            f"<{name}>{_inside(member, value[key], f'{where}.{key}')}</{name}>"
            for key, member in shape.members.items()
            if key in value
            for name in [member.serialization.get("name", key)]
        )
    if shape.type_name == "list":
        name = shape.member.serialization.get("name", "item")
        return "".join(f"<{name}>{_inside(shape.member, item, where)}</{name}>" for item in value)
    if shape.type_name == "boolean":
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return escape(str(value))
