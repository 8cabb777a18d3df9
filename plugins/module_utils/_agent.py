# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""Ask the health agent on its socket: one line of JSON there, one line of JSON back."""

from __future__ import annotations

import errno
import json
import socket
from typing import Any

SOCKET = "/run/exabgp/health.sock"
_LONGEST = 1 << 24


class AgentError(Exception):
    """The agent could not be asked, or refused. The text says why, for an operator."""


class AgentDownError(AgentError):
    """Nothing listens on the socket."""


def ask(path: str, request: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Ask the agent once.

    :param timeout: seconds for the connection, and again for each piece of the answer.
    :raises AgentDownError: there is no socket, or nobody behind it.
    :raises AgentError: no answer in time, one that is no JSON, or a refusal.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as stream:
                answer = json.loads(stream.readline(_LONGEST))
    except socket.timeout:
        raise AgentError(f"the agent did not answer at {path} within {timeout:g} s") from None
    except OSError as exc:
        if exc.errno in (errno.ENOENT, errno.ECONNREFUSED):
            raise AgentDownError(f"no agent listens at {path}") from None
        raise AgentError(f"the agent cannot be asked at {path}: {exc.strerror}") from None
    except ValueError:
        raise AgentError(f"what answers at {path} speaks no JSON") from None
    if not isinstance(answer, dict):
        raise AgentError(f"what answers at {path} is no agent")
    if "error" in answer:
        raise AgentError(f"the agent refuses: {answer['error']}")
    return answer
