# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""What the modules that ask a cloud share: options, filters, failures, and how an answer is returned."""

from __future__ import annotations

import contextlib
import functools
import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _contract

Peerings = list[dict[str, t.Any]]

SPEC: dict[str, t.Any] = {
    "names": {"type": "list", "elements": "str"},
    "peer_addresses": {"type": "list", "elements": "str"},
    "peer_asns": {"type": "list", "elements": "int"},
    "include_routes": {"type": "bool", "default": False},
    "include_raw": {"type": "bool", "default": False},
    "wait_for": _contract.WAIT_FOR_SPEC,
    "api_timeout": {"type": "float", "default": 30},
    "api_retries": {"type": "int", "default": 4},
}

# Fields of the clouds' answers that hold a secret, in lower case and without separators.
_SECRET = frozenset(
    {
        "authkey",
        "bgpauthkey",
        "cak",
        "ckn",
        "customergatewayconfiguration",
        "customerrouterconfig",
        "key",
        "md5authenticationkeys",
        "presharedkey",
        "sharedkey",
        "sharedsecret",
        "servicekey",
    }
)


class CloudError(Exception):
    """A cloud could not be asked, or its answer could not be read.

    :param code: one of C(no_credentials), C(expired), C(forbidden), C(not_found), C(throttled), C(server_error),
        C(timeout), C(unreachable), C(tls), C(bad_answer), C(missing_library), C(bad_request).
    :param message: what happened, with the name of the call.
    :param hint: what to do next.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, "hint": self.hint}


class Answer(t.NamedTuple):
    """What one round of questions gave: peerings, what else is returned, and the first call that failed, if one did."""

    peerings: Peerings
    extra: dict[str, t.Any]
    failure: CloudError | None = None


def without_secrets(value: t.Any) -> t.Any:
    """A cloud's answer for C(include_raw): every field that holds a secret is left out, at any depth."""
    if isinstance(value, Mapping):
        return {
            name: without_secrets(item)
            for name, item in value.items()
            if str(name).lower().replace("_", "").replace("-", "") not in _SECRET
        }
    if isinstance(value, (list, tuple)):
        return [without_secrets(item) for item in value]
    return value


def wanted(peering: Mapping[str, t.Any], options: Mapping[str, t.Any]) -> bool:
    """Tell whether the peering passes the filters C(names), C(peer_addresses) and C(peer_asns)."""
    filters = {"names": "name", "peer_addresses": "peer_address", "peer_asns": "peer_as"}
    return all(options[name] is None or peering[field] in options[name] for name, field in filters.items())


def number(value: t.Any) -> int | None:
    """A number, which the clouds write as text in places; None for what is none."""
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        return None


def lazily(make: Callable[[], t.Any]) -> Callable[[], Answer]:
    """Ask with what C(make) makes at the first question, so that its failures are those of a question."""
    made = functools.lru_cache(maxsize=None)(make)
    return lambda: t.cast("Answer", made().ask())


def answer(module: t.Any, ask: Callable[[], Answer]) -> None:
    """Ask, again while C(wait_for) wants it, and end the module with what there is.

    A failure ends the waiting; the peerings that were had before it are returned with it.

    :param module: an AnsibleModule with the options of SPEC.
    :param ask: one round of questions. May raise CloudError where nothing could be had.
    """
    last = Answer([], {})

    def question() -> Peerings:
        nonlocal last
        try:
            found = ask()
        except CloudError as failure:
            last = Answer([{**item, "state": _contract.UNKNOWN} for item in last.peerings], last.extra, failure)
            raise
        kept = [item for item in found.peerings if wanted(item, module.params)]
        kept.sort(key=lambda item: (str(item["name"]), str(item["peer_address"])))
        last = found._replace(peerings=kept)
        if found.failure:
            raise found.failure
        return kept

    reached = False
    with contextlib.suppress(CloudError):
        reached = _contract.wait(question, module.params["wait_for"])[1]
    result = {
        "changed": False,
        "peerings": last.peerings,
        "summary": _contract.summary(last.peerings),
        "reached": reached,
        **last.extra,
    }
    failure = last.failure
    if failure:
        message = f"{failure.message}. {failure.hint}" if failure.hint else failure.message
        module.fail_json(msg=message, failure=failure.as_dict(), **result)
    module.exit_json(**result)
