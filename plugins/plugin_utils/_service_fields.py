# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""What a service says of its policy: attributes by state, by role, by region and by level, damping, floor, drain."""

from __future__ import annotations

from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._announce import extended
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _communities as communities
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._checks import Checks
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._durations import DAY, duration
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import MAX_U32, Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import HOST, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nested import Nested, nested
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._routes import ORIGINS

Attributes = dict[str, Any]
ATTRIBUTES = (
    "med",
    "local_preference",
    "origin",
    "prepend",
    "communities",
    "large_communities",
    "extended_communities",
)
ROLE, REGION = "exabgp_role", "exabgp_region"
# What stands for a role or region that is not listed.
OTHERS = "default"
WITHDRAW = "withdraw"
DRAIN_MODES = ("community", "med", WITHDRAW)
_EXAMPLE = "{med: 100}"
_MOST_STEPS = 20
_ATTRIBUTE_ADVICE = {
    "metric": "did you mean med",
    "community": "did you mean communities",
    "as_path": "did you mean prepend",
    "local_pref": "did you mean local_preference",
}
_number = fields.integer(0, MAX_U32)


def attributes(outer: Section, option: str, data: Any) -> Attributes:
    """Attributes of an announcement; those that are not given are not there."""
    if not isinstance(data, dict):
        reason = f"must be attributes like {_EXAMPLE}, but is {kind(data)}"
        outer.refuse(option, Refusal(reason, rule="attributes"))
        return {}
    section = Nested(outer.findings, outer, option, data)
    section.refuse_unknown(ATTRIBUTES, Nearest(ATTRIBUTES), _ATTRIBUTE_ADVICE)
    read: dict[str, Any] = {
        "med": section.read("med", _number),
        "local_preference": section.read("local_preference", _number),
        "origin": section.read("origin", fields.one_of(ORIGINS)),
        "prepend": section.read_list("prepend", fields.as_number),
        "communities": list(dict.fromkeys(section.read_list("communities", communities.standard))),
        "large_communities": list(dict.fromkeys(section.read_list("large_communities", communities.large))),
        "extended_communities": list(dict.fromkeys(section.read_list("extended_communities", _extended))),
    }
    if len(read["prepend"]) > 16:
        section.refuse("prepend", Refusal("has more than 16 AS numbers", rule="prepend.length"))
    return {name: value for name, value in read.items() if value not in (None, [])}


def _extended(value: Any) -> str:
    """An extended community, in the form that both lines of ExaBGP send rightly."""
    return extended(communities.extended(value))


def up(section: Section, host: Section) -> Attributes:
    """The attributes of a service that is well, with the MED that the host's role or region gives it."""
    value = section.raw("up")
    found = {} if value is None else attributes(section, "up", value)
    by = [option for option in ("med_by_role", "med_by_region") if section.has(option)]
    if len(by) == 2:
        section.refuse("med_by_region", Refusal("excludes med_by_role", "leave one of them out", rule="med.twice"))
        by = by[:1]
    for option in by:
        med = _med_by(section, option, host, ROLE if option == "med_by_role" else REGION)
        if "med" in found:
            section.refuse(option, Refusal("excludes up.med", "leave one of them out", rule="med.twice"))
        if med is not None:
            found["med"] = med
    return found


def _med_by(section: Section, option: str, host: Section, variable: str) -> int | None:
    inner = nested(section, option, "{primary: 100, default: 200}")
    if inner is None:
        return None
    table: dict[str, int | None] = {}
    for name in section.raw(option):
        if not isinstance(name, str):
            section.refuse(option, Refusal("is no name", value=name, rule="name"))
        else:
            table[name] = inner.read(name, _number)
    own = host.read(variable, fields.name)
    if own in table:
        return table[str(own)]
    if OTHERS in table:
        return table[OTHERS]
    if not host.has(variable):
        section.refuse(option, Refusal(f"needs {variable}", f"set {variable} for the host", rule="med.by"))
    elif own is not None:
        hint = Nearest(table).hint(own) or f"add it, or {OTHERS}: NUMBER"
        section.refuse(option, Refusal(f"has no entry for {variable}: {own}", hint, rule="med.by"))
    return None


def down(section: Section) -> str | Attributes:
    """What becomes of the announcement when the service is down: attributes, or that it is withdrawn."""
    value = section.raw("down")
    if value is None or (isinstance(value, str) and value.strip().lower() == WITHDRAW):
        return WITHDRAW
    if isinstance(value, dict):
        return attributes(section, "down", value)
    section.refuse("down", Refusal(f"is neither {WITHDRAW} nor attributes like {_EXAMPLE}", value=value, rule="down"))
    return WITHDRAW


def levels(section: Section, checks: Checks) -> dict[str, Any] | None:
    """Attributes by the level of a check of type load."""
    inner = _mapping(section, "levels", ("check", "steps"), "{check: cpu, steps: [...]}")
    if inner is None:
        return None
    name = inner.read("check", checks.named)
    if name and checks.used.get(name, {}).get("type", "load") != "load":
        inner.refuse("check", Refusal("has no level", "name a check of type load", value=name, rule="levels.check"))
    steps: list[dict[str, Any]] = []
    for number, entry in enumerate(_entries(inner, "steps")):
        option = f"levels.steps.{number}"
        step = _mapping(section, option, ("at", "below", "attributes"), "{at: 80, below: 70}", entry)
        if step is None:
            continue
        at, below = step.read("at", fields.integer(1, 1000)), step.read("below", fields.integer(0, 1000))
        if at is not None and below is not None and below > at:
            step.refuse("below", Refusal(f"{below} is above at: {at}", rule="levels.below"))
        if at is not None and steps and steps[-1]["at"] is not None and at <= steps[-1]["at"]:
            step.refuse("at", Refusal(f"{at} is not above the step before", rule="levels.order"))
        found = _attributes_of(section, step, option)
        steps.append({"at": at, "below": below, "attributes": found})
    return {"check": name, "steps": steps}


def ladder(section: Section, checks: Checks) -> dict[str, Any] | None:
    """Attributes by the number of checks that are not up."""
    inner = _mapping(section, "ladder", ("checks", "attributes"), "{checks: [a, b], attributes: [...]}")
    if inner is None:
        return None
    names = inner.read_list("checks", checks.named)
    if not names and not inner.failed("checks"):
        inner.refuse("checks", Refusal("is an empty list", rule="ladder"))
    rungs = [
        attributes(section, f"ladder.attributes.{number}", entry)
        for number, entry in enumerate(_entries(inner, "attributes"))
    ]
    if len(rungs) > len(names) + 1 and not inner.failed("checks"):
        reason = f"has {len(rungs)} entries, but {len(names)} checks can only make {len(names) + 1} differences"
        inner.refuse("attributes", Refusal(reason, rule="ladder.length"))
    return {"checks": names, "attributes": rungs}


def damping(section: Section) -> dict[str, Any] | None:
    """How often the announcement may change before it is held back."""
    inner = _mapping(section, "damping", ("max_flaps", "within", "hold"), "{max_flaps: 4, within: 1m, hold: 5m}")
    if inner is None:
        return None
    return {
        "max_flaps": inner.read("max_flaps", fields.integer(1, 1000)),
        "within": inner.read("within", duration(1, DAY)),
        "hold": inner.read("hold", duration(1, DAY)),
    }


def unknown(section: Section) -> dict[str, Any]:
    """How long the last state is kept when a check does not know, and what it becomes then."""
    given = {"keep": 300, "then": "down"}
    if section.has("unknown"):
        inner = _mapping(section, "unknown", ("keep", "then"), "{keep: 5m, then: down}", optional=True)
        if inner is not None:
            read = {
                "keep": inner.read("keep", duration(0, DAY)),
                "then": inner.read("then", fields.one_of(("down", "up"))),
            }
            given.update({name: value for name, value in read.items() if value is not None})
    return given


def floor(section: Section, checks: Checks) -> dict[str, Any] | None:
    """What is announced when this host and all others look dead at once."""
    inner = _mapping(section, "floor", ("others", "attributes"), "{others: other-site, attributes: {med: 500}}")
    if inner is None:
        return None
    return {
        "others": inner.read("others", checks.expression),
        "attributes": _attributes_of(section, inner, "floor"),
    }


def drain(section: Section) -> dict[str, Any]:
    """How the service is taken out by hand."""
    given = {"mode": "community", "med": 1000, "hold": 60}
    if section.has("drain"):
        inner = _mapping(section, "drain", ("mode", "med", "hold"), "{mode: community, hold: 1m}", optional=True)
        if inner is not None:
            read = {
                "mode": inner.read("mode", fields.one_of(DRAIN_MODES)),
                "med": inner.read("med", _number),
                "hold": inner.read("hold", duration(0, DAY)),
            }
            given.update({name: value for name, value in read.items() if value is not None})
    return given


def host_names(host: Section) -> tuple[str | None, str | None]:
    """The host's role and region."""
    return host.read(ROLE, fields.name), host.read(REGION, fields.name)


def _mapping(
    section: Section, option: str, known: tuple[str, ...], example: str, data: Any = HOST, optional: bool = False
) -> Nested | None:
    """The mapping of an option, or of an entry in a list, with exactly these fields; all of them unless optional."""
    if data is HOST:
        inner = nested(section, option, example)
    elif isinstance(data, dict):
        inner = Nested(section.findings, section, option, data)
    else:
        section.refuse(option, Refusal(f"must be a mapping like {example}, but is {kind(data)}", rule="mapping"))
        return None
    if inner is None:
        return None
    inner.refuse_unknown(known, Nearest(known), {})
    for name in known if not optional else ():
        inner.require(name, f"as in {example}")
    return inner


def _attributes_of(section: Section, inner: Section, option: str) -> Attributes:
    value = inner.raw("attributes")
    return {} if value is None else attributes(section, f"{option}.attributes", value)


def _entries(inner: Section, option: str) -> list[Any]:
    entries = inner.read_list(option, lambda entry: entry)
    if not entries and inner.has(option) and not inner.failed(option):
        inner.refuse(option, Refusal("is an empty list", rule="list"))
    if len(entries) > _MOST_STEPS:
        inner.refuse(option, Refusal(f"has more than {_MOST_STEPS} entries", rule="list.long"))
    return entries[:_MOST_STEPS]
