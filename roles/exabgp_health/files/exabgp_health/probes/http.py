# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP or HTTPS request on a connection of its own (RFC 9112, through h11)."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import h11

from ..machine import Result

MOST = 65536  # bytes of a body that are read


async def probe(check: Mapping[str, Any]) -> Result:
    parts = urlsplit(check["url"])
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    context = _context(check["ca_file"], check["verify"]) if tls else None
    name = (check["tls_name"] or parts.hostname) if tls else None
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context, server_hostname=name)
    try:
        if tls and check["expiry_days"] is not None and (reason := _ends_soon(writer, check["expiry_days"])):
            return Result("down", reason)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = check["host"] or parts.netloc
        return _judge(check, *await _exchange(reader, writer, check["method"], target, host, bool(check["body"])))
    finally:
        writer.transport.abort()  # no half-closed connection outlives the probe
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@functools.cache
def _context(ca_file: str | None, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _ends_soon(writer: asyncio.StreamWriter, days: int) -> str | None:
    certificate = writer.get_extra_info("peercert") or {}
    if "notAfter" not in certificate:
        return "the certificate's end is not known, since it is not verified"
    # A certificate's end is a date, so the wall clock is the right one.
    left = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86400
    return f"the certificate ends in {left:.1f} days" if left < days else None


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, target: str, host: str, want_body: bool
) -> tuple[int, dict[str, str], bytes]:
    connection = h11.Connection(h11.CLIENT)
    headers = [("Host", host), ("User-Agent", "exabgp-health"), ("Connection", "close"), ("Accept", "*/*")]
    request = h11.Request(method=method, target=target, headers=headers)
    writer.write(connection.send(request) + connection.send(h11.EndOfMessage()))
    await writer.drain()
    status, found, body = 0, {}, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(MOST))
        elif isinstance(event, h11.Response):
            status = event.status_code
            found = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
            if not want_body:
                return status, found, b""
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) >= MOST:
                return status, found, body[:MOST]
        elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
            return status, found, body


def _judge(check: Mapping[str, Any], status: int, headers: Mapping[str, str], body: bytes) -> Result:
    if status not in check["status"]:
        return Result("down", f"status {status}")
    for name, expression in (check["header"] or {}).items():
        if not re.search(expression, headers.get(name.lower(), "")):
            return Result("down", f"status {status}, header {name} is not as expected")
    if check["body"] and not re.search(check["body"], body.decode("utf-8", "replace")):
        return Result("down", f"status {status}, the body is not as expected")
    return Result("up", f"status {status}")
