# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""JSON over HTTP for the clouds that are asked without an SDK of their own: calls made again, failures in one form."""

from __future__ import annotations

import contextlib
import time
import typing as t
from collections.abc import Callable

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._cloud import CloudError

with contextlib.suppress(ImportError):  # told by the modules, together with their other library
    import requests

_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 20.0
_LATER = "Ask later, or raise the quota"


class Hints(t.NamedTuple):
    """What to do next where a permission is missing, nothing is there, or the cloud has a fault."""

    forbidden: str
    not_found: str
    status: str


def exchange(send: Callable[[], t.Any], name: str, retries: int) -> t.Any:
    """The response to a call, made again while it is throttled, or meets an error of the server or of the network.

    :param send: makes the call once. May raise CloudError, which is not tried again.
    :param name: the call, for the failures.
    :raises CloudError: nothing came back.
    """
    for attempt in range(retries + 1):
        last = attempt == retries
        try:
            response = send()
        except requests.exceptions.SSLError as exc:
            raise CloudError("tls", f"{name}: {short(exc)}", "See the proxy, the CA and the clock") from None
        except requests.exceptions.Timeout as exc:
            raise CloudError("timeout", f"{name}: {short(exc)}", "See the network and the proxy") from None
        except requests.exceptions.RequestException as exc:
            if last:
                raise CloudError("unreachable", f"{name}: {short(exc)}", "See the network and the proxy") from None
            pause(attempt, None)
            continue
        if last or response.status_code not in _AGAIN:
            return response
        pause(attempt, response.headers.get("Retry-After"))
    raise AssertionError("not reached")


def pause(attempt: int, retry_after: str | None) -> None:
    """Sleep twice as long each time, from a quarter of a second; what the server asks for counts more."""
    asked = float(retry_after) if retry_after and retry_after.isdigit() else 0.25 * 2**attempt
    time.sleep(min(_LONGEST_PAUSE, asked))


def read(response: t.Any, name: str, hints: Hints) -> dict[str, t.Any]:
    """The JSON object of a response with the status 200.

    :raises CloudError: another status, or no JSON object.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    status = response.status_code
    if status == 200:
        if isinstance(body, dict):
            return body
        kind = response.headers.get("Content-Type", "no type")
        what = f"{kind}, {len(response.content)} bytes" if response.content else "an empty body"
        raise CloudError(
            "bad_answer", f"{name}: the answer is no JSON object ({what})", "See the proxy and the endpoint"
        )
    error = body.get("error") if isinstance(body, dict) else None
    told = error if isinstance(error, dict) else {}
    message = str(told.get("message") or response.reason or "")[:500]
    text = f"{name}: {status} {message}".rstrip()
    if status == 401:
        return _raise("expired", text, "Get new credentials")
    if status == 403 and not any(word in message.lower() for word in ("quota", "rate limit")):
        return _raise("forbidden", text, hints.forbidden)
    if status in (403, 429):
        return _raise("throttled", text, _LATER)
    if status == 404:
        return _raise("not_found", text, hints.not_found)
    if status >= 500:
        return _raise("server_error", text, f"Ask later: {hints.status}")
    return _raise("bad_request", text, "See the options")


def _raise(code: str, text: str, hint: str) -> t.NoReturn:
    raise CloudError(code, text, hint)


def short(exc: Exception) -> str:
    """The first line of an exception; the whole may be a page of HTML."""
    return (str(exc).splitlines() or [type(exc).__name__])[0][:300]
