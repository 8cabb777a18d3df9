# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""exabgp_profiles: kinds of peering that a user adds, in the form of the files in profiles/; and the catalog of all."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _profiles as profiles
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section, one_of
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._profile_form import FORMS, NEEDED, read_value
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._profiles import Fact, Profile

VARIABLE = "exabgp_profiles"
OPTIONS = ("title", "base", "scope", "module", "sources", "facts")
FACT_OPTIONS = ("value", "because", "status", "source")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LONGEST_TEXT = 200

_facts_nearest, _options_nearest = Nearest(FORMS), Nearest(OPTIONS)
_fact_options_nearest = Nearest(FACT_OPTIONS)


class Catalog:
    """All profiles that the neighbors of a host may name.

    own: those of the host's inventory; None for one that is wrong, which is reported already.
    """

    def __init__(self, own: dict[str, Profile | None], complete: bool = True) -> None:
        self._own = own
        self._complete = complete
        self._nearest = Nearest([*profiles.names(), *own])

    def read(self, value: Any) -> str:
        """A reader of the name of a profile."""
        name = value.strip().lower() if isinstance(value, str) else ""
        if name in self._own or name in profiles.names() or (name and not self._complete):
            return name
        hint = self._nearest.hint(name) or "docs/profiles.md has them all"
        raise Refusal("is no profile", hint, value=value, rule="profile.unknown")

    def get(self, name: str) -> Profile | None:
        """The profile of a name that was read. None when it is reported as wrong."""
        return profiles.load(name) if name in profiles.names() else self._own.get(name)


def read_profiles(findings: Findings, host: Section) -> Catalog:
    """Read the profiles that the inventory adds, reporting everything that is wrong with them."""
    value = host.raw(VARIABLE)
    if value is not None and not isinstance(value, dict):
        reason = f"must be a mapping from names to profiles, but is {kind(value)}"
        host.refuse(VARIABLE, Refusal(reason, rule="profile.form"))
    if host.failed(VARIABLE):
        return Catalog({}, complete=False)
    own: dict[str, Profile | None] = {}
    for number, (name, data) in enumerate((value or {}).items(), start=1):
        if not isinstance(name, str) or not _NAME.fullmatch(name) or findings.hides(name):
            reason = "has a name that is not one: a small letter, then small letters, digits and underscores"
            findings.error(f"profile #{number}", "", reason, rule="profile.name")
        elif name in profiles.names():
            reason = "is the name of a profile of the collection"
            hint = f"choose another name, and write base: {name}"
            findings.error(f"profile {name}", "", reason, hint=hint, rule="profile.name")
        else:
            own[name] = _read(findings, name, data)
    return Catalog(own)


def _read(findings: Findings, name: str, data: Any) -> Profile | None:
    where = f"profile {name}"
    if not isinstance(data, dict):
        findings.error(where, "", f"must be a mapping, but is {kind(data)}", rule="profile.form")
        return None
    before = len(findings.errors)
    section, text = Section(findings, where, data), _text(findings)
    section.refuse_unknown(OPTIONS, _options_nearest, {})
    section.require("title", "how messages call the other end")
    title = section.read("title", text)
    base_name = section.read("base", one_of(profiles.names())) if section.has("base") else profiles.DEFAULT
    base = profiles.load(base_name or profiles.DEFAULT)
    scope = section.read("scope", one_of(profiles.SCOPES)) or base.scope
    module = base.module
    if "module" in data:
        module = None if data["module"] is None else section.read("module", text)
    sources = _read_sources(section, text)
    facts = dict(base.facts) | _read_facts(findings, name, section, sources, text)
    if len(findings.errors) > before:
        return None
    known = {fact_name: fact for fact_name, fact in facts.items() if fact is not None}
    return Profile(name=name, title=title or name, facts=known, scope=scope, module=module)


def _read_sources(section: Section, text: Any) -> dict[str, str] | None:
    """The sources by name; None when they could not be read at all, and that is reported."""
    value = section.raw("sources")
    if value is None:
        return None if section.failed("sources") else {}
    if not isinstance(value, dict):
        section.refuse("sources", Refusal(f"must be a mapping, but is {kind(value)}", rule="profile.form"))
        return None
    sources = {}
    for key, item in value.items():
        # A source that is reported stays known, so that the facts which name it are not reported too.
        sources[key] = ""
        try:
            sources[key] = text(item)
        except Refusal as refusal:
            section.findings.refuse(f"{section.where}: sources", section.findings.shown(key), refusal)
    return {key: item for key, item in sources.items() if isinstance(key, str)}


def _read_facts(
    findings: Findings, name: str, section: Section, sources: dict[str, str] | None, text: Any
) -> dict[str, Fact | None]:
    value = section.raw("facts") if section.has("facts") else {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        section.refuse("facts", Refusal(f"must be a mapping, but is {kind(value)}", rule="profile.form"))
        return {}
    facts: dict[str, Fact | None] = {}
    for fact_name, data in value.items():
        if fact_name not in FORMS:
            hint = _facts_nearest.hint(fact_name) if isinstance(fact_name, str) else ""
            reason = "there is no such fact"
            findings.error(section.where, findings.shown(fact_name), reason, hint=hint, rule="profile.fact")
        elif data is None and fact_name in NEEDED:
            findings.error(section.where, fact_name, "cannot be dropped: every session needs it", rule="profile.fact")
        elif data is None:
            facts[fact_name] = None
        else:
            facts[fact_name] = _read_fact(findings, name, fact_name, data, sources, text)
    return facts


def _read_fact(
    findings: Findings, name: str, fact_name: str, data: Any, sources: dict[str, str] | None, text: Any
) -> Fact | None:
    where = f"profile {name}: {fact_name}"
    if not isinstance(data, dict):
        hint = "write {value: ..., because: ..., status: ..., source: ...}"
        findings.error(where, "", f"must be a mapping, but is {kind(data)}", hint=hint, rule="profile.form")
        return None
    section = Section(findings, where, data)
    section.refuse_unknown(FACT_OPTIONS, _fact_options_nearest, {})
    section.require("value", "what is so")
    section.require("because", 'the end of the sentence "... is refused: "')
    section.require("status", f"one of {', '.join(profiles.STATUSES)}")
    section.require("source", "one of the profile's sources")
    value = read_value(findings, where, section, FORMS[fact_name])
    because = section.read("because", text)
    status = section.read("status", one_of(profiles.STATUSES))
    source = section.read("source", text if sources is None else _one_of_sources(sources))
    if sources is None or value is None or because is None or status is None or source is None:
        return None
    return Fact(f"{name}.{fact_name}", value, because, status, sources[source])


def _one_of_sources(sources: dict[str, str]) -> Any:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in sources:
            hint = f"they are {', '.join(sources)}" if sources else "the profile has none"
            raise Refusal("is none of the profile's sources", hint, value=value, rule="profile.source")
        return value

    return read


def _text(findings: Findings) -> Any:
    """A reader of one line of text, which ends up in messages and plans."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise Refusal(f"must be text, but is {'empty' if value == '' else kind(value)}", rule="profile.text")
        if findings.hides(value):
            raise Refusal("holds a key of exabgp_md5_keys", rule="profile.text")
        text = " ".join(value.split())
        if not text.isprintable() or len(text) > _LONGEST_TEXT:
            raise Refusal(f"must be printable, and at most {_LONGEST_TEXT} characters", rule="profile.text")
        return text

    return read
