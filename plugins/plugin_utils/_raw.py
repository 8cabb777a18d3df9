# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Raw configuration: what ExaBGP can and the plan has no field for, of a neighbor (raw) or of the file (exabgp_raw).

ExaBGP itself judges it, on the host. Here it is only kept from what would make the plan untrue: it may hold no key,
may not leave its place (braces), and may not say again, and so overrule, what the plan says.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._grammar import GrammarError, Statement, flat, parse
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _fields as fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._addresses import Prefix, PrefixSet
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import HOST, Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._policy import ALLOWED

VARIABLE = "exabgp_raw"
OPTION = "raw"
AGENT = "exabgp-health"
_KEYWORDS_OF_KEYS = ("md5-password", "md5-base64")
_FILE_SECTIONS = ("process", "template", "neighbor")
_ANNOUNCING = ("static", "announce", "flow", "l2vpn")
_WITH_PREFIX = ("route", "unicast", "multicast", "nlri-mpls", "mpls-vpn")
# What the template always prints, or prints where the inventory has it, and the option that says it.
_PLANNED = {
    "router-id": "router_id",
    "local-address": "local_address",
    "local-as": "local_as",
    "peer-address": "peer_address",
    "peer-as": "peer_as",
    "hold-time": "hold_time",
    "passive": "passive",
    "listen": "listen_port",
    "connect": "port",
    "outgoing-ttl": "multihop or ttl_security",
    "incoming-ttl": "ttl_security",
    "description": "description",
    "host-name": "host_name",
    "domain-name": "domain_name",
    "source-interface": "source_interface",
}
_PLANNED_CAPABILITIES = {
    "asn4": "asn4",
    "route-refresh": "route_refresh",
    "graceful-restart": "graceful_restart",
    "extended-message": "extended_message",
    "add-path": "add_path",
}


def read(findings: Findings, host: Section, neighbors: list[Neighbor], allowed: PrefixSet | None) -> str | None:
    """Read the raw text of every neighbor into it, and return that of the file.

    allowed: the allow-list, which holds for raw routes too; None where there is none.
    """
    for neighbor in neighbors:
        section = neighbor.section
        neighbor.raw, statements = _text(findings, section, OPTION)
        for statement in statements:
            _check_neighbor(section, OPTION, statement)
            if allowed is not None and statement.keyword in _ANNOUNCING:
                _check_allowed(section, OPTION, statement, allowed)
    text, statements = _text(findings, host, VARIABLE)
    sessions = []
    for statement in statements:
        if not statement.section or statement.keyword not in _FILE_SECTIONS:
            shown = findings.shown(statement.keyword)
            reason = f"line {statement.line}: {shown} is no section of the file: {', '.join(_FILE_SECTIONS)}"
            host.refuse(VARIABLE, Refusal(reason, rule="raw.section"))
        if statement.keyword == "process" and statement.words[1:] == [AGENT]:
            reason = f"line {statement.line}: {AGENT} is the name of the collection's own process"
            host.refuse(VARIABLE, Refusal(reason, "give it another name", rule="raw.process"))
        if statement.keyword == "neighbor":
            sessions.append(" ".join(statement.words[1:]))
        for inner in statement.inner if statement.keyword == "neighbor" else flat(statement.inner):
            if allowed is not None and inner.section and inner.keyword in _ANNOUNCING:
                _check_allowed(host, VARIABLE, inner, allowed)
    if sessions and not host.failed(VARIABLE):
        findings.warn(
            HOST,
            VARIABLE,
            f"has neighbors that the plan knows nothing of: {findings.shown(', '.join(sessions))}",
            hint="what is in exabgp_neighbors is checked",
            rule="raw.neighbor",
        )
    return text


def holds_neighbors(host: Section) -> bool:
    """Tell whether the raw text of the file has neighbors, so that the plan need have none."""
    value = host.raw(VARIABLE) if host.has(VARIABLE) else None
    try:
        return isinstance(value, str) and any(item.keyword == "neighbor" for item in parse(value))
    except GrammarError:  # reported where the text is read for good
        return True


def _check_allowed(section: Section, option: str, announcing: Statement, allowed: PrefixSet) -> None:
    """Hold what a raw section announces against the allow-list; what cannot be read is refused."""
    for statement in announcing.inner:
        if statement.section and announcing.keyword == "announce":
            _check_allowed(section, option, Statement(["static"], statement.line, True, statement.inner), allowed)
            continue
        prefixes = prefixes_of(statement) if announcing.keyword == "static" else None
        if prefixes is None:
            reason = f"line {statement.line}: {announcing.keyword} announces what {ALLOWED} cannot judge"
            section.refuse(option, Refusal(reason, "use exabgp_routes or exabgp_flows", rule="raw.allowed"))
        elif any(not allowed.covers(prefix) for prefix in prefixes):
            reason = f"line {statement.line}: what is announced lies outside {ALLOWED}"
            section.refuse(option, Refusal(reason, rule="prefix.allowed"))


def prefixes_of(statement: Statement) -> list[Prefix] | None:
    """The prefixes that a statement announces; None for one that announces none, or none that can be read."""
    words = statement.words
    if statement.keyword in ("attribute", "attributes") and "nlri" in words:
        texts = words[words.index("nlri") + 1 :]
    elif statement.keyword in _WITH_PREFIX and len(words) > 1:
        texts = words[1:2]
    else:
        return None
    try:
        return [fields.prefix(text if "/" in text else f"{text}/{128 if ':' in text else 32}") for text in texts]
    except Refusal:
        return None


def _text(findings: Findings, section: Section, option: str) -> tuple[str | None, list[Statement]]:
    """The text and its statements; nothing when there is none, or a wrong one that is reported."""
    value = section.read(option, lambda value: _readable(findings, value))
    if value is None:
        return None, []
    statements = parse(value)
    for statement in flat(statements):
        for keyword in _KEYWORDS_OF_KEYS:
            if keyword in statement.words:
                section.refuse(option, _key_refused(statement.line, keyword))
    if not statements:
        section.refuse(option, Refusal("has no statement", "leave it out", rule="raw.empty"))
    return (None, []) if section.failed(option) else (value.strip("\n").rstrip(), statements)


def _key_refused(line: int, keyword: str) -> Refusal:
    return Refusal(
        f"line {line}: {keyword} is refused: a raw text is shown and stored as it is",
        "keys belong in exabgp_md5_keys, and the neighbor says md5: true",
        rule="raw.key",
    )


def _readable(findings: Findings, value: Any) -> str:
    """A text that can be cut into statements. What is wrong with it is told without quoting it."""
    if not isinstance(value, str):
        raise Refusal(f"must be text, but is {kind(value)}", "write it as a block, behind |", rule="raw.form")
    if findings.hides(value):
        raise Refusal("holds a key of exabgp_md5_keys", rule="raw.key")
    if "@@" in value:
        raise Refusal("may hold no @@: it marks the places of keys", rule="raw.form")
    if "\\" in value:
        raise Refusal("may hold no backslash: ExaBGP reads escapes in it", rule="raw.form")
    if not all(character.isprintable() or character in "\n\t" for character in value):
        raise Refusal("holds a character that cannot be printed", rule="raw.form")
    try:
        parse(value)
    except GrammarError as error:
        raise Refusal(str(error), rule="raw.grammar", source="ExaBGP 5.0.15, measured") from None
    return value


def _check_neighbor(section: Section, option: str, statement: Statement) -> None:
    """A statement of a neighbor's raw text: not one that the plan makes itself."""
    own = _PLANNED.get(statement.keyword)
    if own is not None:
        _overrules(section, option, statement, own)
    if statement.section and statement.keyword == "neighbor":
        reason = f"line {statement.line}: a neighbor cannot hold a neighbor"
        section.refuse(option, Refusal(reason, rule="raw.section"))
    if statement.section and statement.keyword == "capability":
        for inner in statement.inner:
            own = _PLANNED_CAPABILITIES.get(inner.keyword)
            if own is not None:
                _overrules(section, option, inner, f"capabilities.{own}")


def _overrules(section: Section, option: str, statement: Statement, own: str) -> None:
    section.refuse(
        option,
        Refusal(
            f"line {statement.line}: {statement.keyword} would overrule the plan",
            f"the neighbor has {own} for it",
            rule="raw.planned",
            source="ExaBGP 4.2.25 and 5.0.15, measured: the last statement wins",
        ),
    )
