# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""What exabgp_config has to know of an exabgp.conf: its sessions, its static routes, its keys.

ExaBGP itself judges the file. This reads the statements that the collection's own template prints, and the same ones in
a file written by hand; what it does not know it leaves out.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _grammar, _identity

PLACEHOLDER = re.compile(r"@@md5:([^@\s]+)@@")
_KEY = re.compile(r"""(md5-password\s+)("[^"\n]*"|'[^'\n]*'|[^\s;]+)""")
_UNSAFE = set("\"'\\;")
MAX_KEY_BYTES = 80
AGENT = "/opt/exabgp-health/current/bin/python"
_ANY_PROGRAM = "/bin/true"


@dataclass
class Session:
    """A neighbor block: its two addresses, what it announces always, its key."""

    peer_address: str
    local_address: str = ""
    prefixes: set[str] = field(default_factory=set)
    """Identities of its routes (see _identity.py), without those that a helper announces and withdraws."""
    rules: dict[_identity.Rule, str] = field(default_factory=dict)
    """Its FlowSpec rules, each with the statement that makes it."""
    statements: dict[str, str] = field(default_factory=dict)
    """By identity, the words after C(withdraw) that take a route back."""
    key: str | None = field(default=None, repr=False)
    helpers: set[str] = field(default_factory=set)
    """The processes that may announce to it."""

    @property
    def ends(self) -> tuple[str, str]:
        return (self.local_address, self.peer_address)


def address(text: str) -> str:
    """One spelling for each address; what is none is returned as it is."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def prefix(text: str) -> str:
    """One spelling for each prefix; what is none is returned as it is."""
    return _identity.prefix(text)


def read_sessions(text: str) -> dict[tuple[str, str], Session]:
    """The sessions that a configuration asks for, by (local address, peer address).

    Empty for a text that cannot be cut into statements: ExaBGP has then read no more than a part of it.
    """
    try:
        statements = _grammar.parse(text)
    except _grammar.GrammarError:
        return {}
    found = [_session(item) for item in statements if item.section and item.keyword == "neighbor"]
    return {session.ends: session for session in found}


def _session(neighbor: _grammar.Statement) -> Session:
    session = Session(peer_address=address(" ".join(neighbor.words[1:])))
    for statement in neighbor.inner:
        if statement.keyword == "local-address" and len(statement.words) > 1:
            session.local_address = address(statement.words[1])
        elif statement.keyword == "md5-password" and len(statement.words) > 1:
            session.key = statement.words[1]
        elif statement.keyword == "api":
            for inner in statement.inner:
                if inner.keyword == "processes":
                    session.helpers.update(filter(None, (word.strip("[],") for word in inner.words[1:])))
        elif statement.keyword in ("static", "announce"):
            for inner in _grammar.flat(statement.inner):
                _add_route(session, statement.keyword, inner)
        elif statement.keyword == "flow":
            for inner in statement.inner:
                _add_rule(session, inner)
    return session


def _add_route(session: Session, section: str, statement: _grammar.Statement) -> None:
    words = [*statement.words, *(word for inner in statement.inner for word in inner.words)]
    identity = _identity.route_of_words(words)
    if identity is None or "watchdog" in words or "split" in words:
        return
    session.prefixes.add(identity)
    version = "ipv6" if ":" in words[1] else "ipv4"
    if (section == "static" and words[0] == "route") or words[0] == "unicast":
        shown = ["route", words[1]]
    else:
        shown = [version, *words[:2]]
    for keyword in ("path-information", "label", "rd", "route-distinguisher"):
        if keyword in words:
            place = words.index(keyword)
            shown += words[place : place + 2]
    if len(shown) > 2 and shown[0] != "route":
        shown += ["next-hop", "self"]
    session.statements[identity] = " ".join(shown)


def _add_rule(session: Session, statement: _grammar.Statement) -> None:
    if not statement.section or statement.keyword != "route":
        return
    words = [
        word for inner in statement.inner if inner.keyword in ("rd", "route-distinguisher") for word in inner.words
    ]
    for inner in statement.inner:
        if inner.keyword == "match":
            words += [word for condition in inner.inner for word in condition.words]
    with contextlib.suppress(ValueError):
        text = " ".join(line.strip() for line in _grammar.printed([statement]))
        session.rules[_identity.rule_of_words(words)] = text


def unbalanced(text: str) -> str | None:
    """Say where braces do not match: ExaBGP accepts such a file and drops the rest of it."""
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        bare = re.sub(r'"[^"]*"', "", line)
        depth += bare.count("{") - bare.count("}")
        if depth < 0:
            return f"line {number}: a closing brace has no opening one"
    return f"{depth} opening braces are never closed" if depth else None


def self_checked(text: str) -> str:
    """The part of a configuration that ExaBGP's own check of routes can judge.

    ExaBGP encodes each route, decodes it again and compares the words. It decodes a path number that a route did not
    have where C(add-path) is on, and prints C(=ntp) for the port 123 that it then decodes as a number; either way it
    calls its own route invalid (4.2.25 and 5.0.15, measured). So both are taken out. A text that cannot be cut into
    statements is returned as it is.
    """
    try:
        statements = _grammar.parse(text)
        return "\n".join(_grammar.printed(_judged(statements))) + "\n"
    except ValueError:
        return text


def _judged(statements: list[_grammar.Statement]) -> list[_grammar.Statement]:
    kept = []
    for statement in statements:
        if statement.keyword in ("flow", "add-path", "path-information"):
            continue
        words = list(statement.words)
        if "path-information" in words:
            place = words.index("path-information")
            del words[place : place + 2]
        kept.append(
            _grammar.Statement(words, statement.line, section=statement.section, inner=_judged(statement.inner))
        )
    return kept


def refused_keys(keys: Mapping[str, object]) -> list[str]:
    """What is wrong with keys, naming the neighbor and never the key.

    A key travels into a quoted string of exabgp.conf: printable ASCII without quotes,
    backslash, semicolon and blanks, at most 80 bytes (RFC 2385, Linux TCP_MD5SIG).
    """
    problems = []
    for name, key in keys.items():
        if not isinstance(key, str) or not key:
            problems.append(f"the key of {name} is empty or no text")
        elif len(key.encode("utf-8", "replace")) > MAX_KEY_BYTES:
            problems.append(f"the key of {name} is longer than {MAX_KEY_BYTES} bytes")
        elif any(not 0x21 <= ord(char) <= 0x7E or char in _UNSAFE for char in key):
            problems.append(
                f"the key of {name} holds a character other than printable ASCII, "
                "or a quote, a backslash, a semicolon or a blank"
            )
    return problems


def missing_keys(text: str, keys: Mapping[str, str]) -> list[str]:
    """Names of the placeholders that have no key."""
    return sorted({name for name in PLACEHOLDER.findall(text) if name not in keys})


def insert_keys(text: str, keys: Mapping[str, str]) -> str:
    """Put the keys where the placeholders stand."""
    return PLACEHOLDER.sub(lambda match: keys[match[1]], text)


def masked(text: str, keys: Mapping[str, str]) -> str:
    """The text without any key: the known ones wherever they stand, others after md5-password."""
    for key in sorted(filter(None, keys.values()), key=len, reverse=True):
        text = text.replace(key, "********")
    return _KEY.sub(r'\1"********"', text)


def masked_pair(before: str, after: str) -> tuple[str, str]:
    """Two configurations for a diff that shows that a key changed, never what it is."""
    old, new = read_sessions(before), read_sessions(after)
    changed = {
        ends
        for ends, session in new.items()
        if ends in old and old[ends].key and session.key and old[ends].key != session.key
    }
    return _masked_keys(before, changed, "previous key"), _masked_keys(after, changed, "new key")


def _masked_keys(text: str, changed: set[tuple[str, str]], word: str) -> str:
    blocks = re.split(r"(?m)^(?=\s*neighbor\s+\S+\s*\{)", text)
    shown = []
    for block in blocks:
        ends = next(iter(read_sessions(block)), None)
        label = word if ends in changed else "key"
        shown.append(_KEY.sub(rf'\1"<{label}>"', block))
    return "".join(shown)


def without_agent(text: str) -> str:
    """The text with a program that every host has in place of the health agent.

    ExaBGP refuses a file that names a program which does not exist, as in check mode before the agent is installed.
    """
    return text.replace(f"run {AGENT} ", f"run {_ANY_PROGRAM} ")
