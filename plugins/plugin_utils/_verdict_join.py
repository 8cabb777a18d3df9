# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Find a neighbor's peering in what the clouds answered. Both ends are held together by addresses and AS numbers."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import address as spelled

FOUND, NO_CLOUD, NOT_ASKED, FAILED, ABSENT = "found", "no_cloud", "not_asked", "failed", "absent"
OTHER_ADDRESS, OTHER_AS = "other_address", "other_as"

Ends = tuple[str, str]
address = functools.lru_cache(maxsize=65536)(spelled)  # the same few are asked for every session


class FarEnd(NamedTuple):
    """What is known of the cloud's end.

    :param how: one of the constants above.
    :param peering: the cloud's peering, where one was found.
    :param evidence: what led to it, a sentence each.
    """

    how: str
    peering: Mapping[str, Any] | None
    evidence: list[str]


def ends(item: Mapping[str, Any]) -> Ends:
    """Both addresses in one spelling; an empty text where one is not told."""
    return tuple(address(item[name]) if item.get(name) else "" for name in ("local_address", "peer_address"))  # type: ignore[return-value]


def answers_of(cloud: Mapping[str, Any] | None, module: str | None) -> list[Mapping[str, Any]]:
    """The results of one module: a result, or a list of them, by the module's name."""
    found = (cloud or {}).get(module) if module else None
    if isinstance(found, Mapping):
        return [found]
    return list(found or ())


def far_end(neighbor: Mapping[str, Any], cloud: Mapping[str, Any] | None, planned: Iterable[Sequence[str]]) -> FarEnd:
    """Look for the other end of a session.

    :param neighbor: a neighbor of the plan.
    :param cloud: results of the modules that ask clouds, by module name; None when no cloud was asked.
    :param planned: the (local, peer) addresses of all planned sessions of all hosts.
    """
    if not neighbor.get("module"):
        return FarEnd(NO_CLOUD, None, ["no module can ask the other end"])
    answers = answers_of(cloud, neighbor["module"])
    if not answers:
        return FarEnd(NOT_ASKED, None, [f"{neighbor['module']} was not asked"])
    failures = [_failure(answer) for answer in answers if failed(answer)]
    peerings = [item for answer in answers for item in answer.get("peerings") or ()]
    local, peer = ends(neighbor)
    same = [item for item in peerings if ends(item) == (peer, local)]
    if same:
        return _with_as(neighbor, same)
    if failures:
        return FarEnd(FAILED, None, failures)
    others = {(address(far), address(near)) for near, far in planned}
    free = [item for item in peerings if ends(item)[0] == peer and ends(item) not in others]
    named = [item for item in free if item.get("name") == neighbor["name"]]
    likely = named or [item for item in free if item.get("peer_as") == neighbor.get("local_as")]
    if likely:
        chosen = min(likely, key=_order)
        words = f"the cloud's peering {chosen.get('name')} is with {chosen.get('peer_address')}, the host has {local}"
        return FarEnd(OTHER_ADDRESS, chosen, [words])
    return FarEnd(ABSENT, None, [f"the cloud answered with {len(peerings)} peerings, none of {peer} with {local}"])


def failed(answer: Mapping[str, Any]) -> bool:
    """Whether an answer is not a whole one."""
    return bool(answer.get("failure") or answer.get("failed") or answer.get("skipped") or "peerings" not in answer)


def _with_as(neighbor: Mapping[str, Any], same: list[Mapping[str, Any]]) -> FarEnd:
    right = [item for item in same if not _as_differences(neighbor, item)]
    chosen = min(right or same, key=_order)
    words = _as_differences(neighbor, chosen)
    return FarEnd(OTHER_AS if words else FOUND, chosen, words)


def _as_differences(neighbor: Mapping[str, Any], item: Mapping[str, Any]) -> list[str]:
    found = []
    for ours, theirs, whose in (("local_as", "peer_as", "the host"), ("peer_as", "local_as", "itself")):
        wanted, told = neighbor.get(ours), item.get(theirs)
        if wanted is not None and told is not None and int(told) != int(wanted):
            found.append(f"the cloud has AS {told} for {whose}, the plan has {wanted}")
    return found


def _failure(answer: Mapping[str, Any]) -> str:
    failure = answer.get("failure")
    if isinstance(failure, Mapping):
        return f"{failure.get('code')}: {failure.get('message')}"
    return str(failure or answer.get("msg") or "the module returned no peerings")


# Of several peerings with the same ends the one that is worst, so that nothing that is down hides.
_WORST = {"unknown": 0, "down": 1, "established": 2}


def _order(item: Mapping[str, Any]) -> tuple[int, str]:
    return _WORST.get(str(item.get("state")), 0), str(sorted((key, str(value)) for key, value in item.items()))
