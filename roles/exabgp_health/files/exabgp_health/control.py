# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's socket: one request and one answer a connection, each a line of JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

LONGEST = 1 << 24  # bytes of an answer: the status of thousands of services
PATIENCE = 5.0  # seconds for a request to arrive


class ControlError(Exception):
    """A request that cannot be served; the text is for the user."""


class NoAgentError(ControlError):
    """There is no agent to ask."""


class Control:
    """Serves requests at `path` (mode 0660) with `answer`, inside an `async with`."""

    def __init__(self, path: str, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        self._path, self._answer = path, answer
        self._server: asyncio.AbstractServer | None = None

    async def __aenter__(self) -> Control:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        os.chmod(self._path, 0o660)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), PATIENCE)
            try:
                request = json.loads(line)
                answer = dict(self._answer(request if isinstance(request, dict) else {}))
            except ControlError as error:
                answer = {"error": str(error)}
            except ValueError:
                answer = {"error": "no JSON"}
            writer.write(json.dumps(answer).encode() + b"\n")
            await asyncio.wait_for(writer.drain(), PATIENCE)
        except (OSError, asyncio.TimeoutError):
            pass
        finally:
            writer.close()


def ask(path: str, request: Mapping[str, Any], timeout: float = 5.0) -> dict[str, Any]:
    """Ask the agent. Raises ControlError when it does not answer, or refuses."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as stream:
                answer: dict[str, Any] = json.loads(stream.readline(LONGEST))
    except (OSError, ValueError) as error:
        raise NoAgentError(f"no agent answers at {path} ({error}); see: systemctl status exabgp") from None
    if "error" in answer:
        raise ControlError(answer["error"])
    return answer
