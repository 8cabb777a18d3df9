# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""exabgp_md5_keys: which neighbor has a key, and whether the key can work. No key leaves this file.

Findings name the neighbor, or the place of the entry: a name that belongs to no neighbor may be a key that was
written on the wrong side of the colon.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import UNREADABLE, Section
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import PRINTABLE, Findings, Refusal, kind
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import Neighbor, by_name, listing
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._weak_keys import weakness

VARIABLE = "exabgp_md5_keys"
MAX_BYTES = 80
GOOD_BYTES = 12
_EXABGP = "ExaBGP 4.2.25 and 5.0.15, measured"


def secrets(value: Any) -> list[str]:
    """Every text that may be a key, to be kept out of all findings."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in secrets(item)]
    if isinstance(value, list):
        return [text for item in value for text in secrets(item)]
    if isinstance(value, int) and not isinstance(value, bool):
        return [str(value)] if abs(value) < PRINTABLE else []
    return [value] if isinstance(value, str) else []


def check_keys(findings: Findings, host: Section, neighbors: list[Neighbor]) -> None:
    """Hold the keys against the neighbors that ask for one."""
    value = host.raw(VARIABLE)
    if value is not None and not isinstance(value, dict):
        reason = f"must be a mapping from neighbor names to keys, but is {kind(value)}"
        host.refuse(VARIABLE, Refusal(reason, rule="key.form"))
    if host.failed(VARIABLE):
        return
    keys: dict[Any, Any] = value or {}
    named = by_name(neighbors)
    _names(host, keys, named)
    _used(findings, keys, named)
    for name, neighbor in named.items():
        if name in keys:
            _key(findings, neighbor, name, keys[name])
        elif neighbor.md5 and neighbor.md5.on:
            reason = f"is on, but {VARIABLE} has no key for it"
            findings.error(neighbor.where, "md5", reason, hint=f"add {VARIABLE}[{name}]", rule="key.missing")
    _shared(findings, keys, named)


def _names(host: Section, keys: dict[Any, Any], named: dict[str, Neighbor]) -> None:
    nearest = Nearest(named)
    for number, name in enumerate(keys, start=1):
        if name not in named:
            hint = nearest.hint(name) if isinstance(name, str) else ""
            if not hint and named:
                hint = f"its neighbors are {listing(list(named))}"
            host.refuse(VARIABLE, Refusal(f"entry {number} belongs to no neighbor of this host", hint, rule="key.name"))


def _used(findings: Findings, keys: dict[Any, Any], named: dict[str, Neighbor]) -> None:
    for name, neighbor in named.items():
        if name not in keys or neighbor.md5 is None or neighbor.md5.on:
            continue
        fact = neighbor.profile.facts.get("md5") if neighbor.profile else None
        hint = "set md5: true, or remove the key"
        if fact and fact.value == "none":
            hint = f"remove the key: {fact.because}"
        findings.error(
            neighbor.where,
            "md5",
            f"is off, but {VARIABLE} has a key for it",
            hint=hint,
            rule="key.unused",
        )


def _key(findings: Findings, neighbor: Neighbor, name: str, key: Any) -> None:
    field = f"{VARIABLE}[{name}]"

    def refuse(reason: str, rule: str, source: str = "", hint: str = "") -> None:
        findings.error(neighbor.where, field, reason, hint=hint, rule=rule, source=source)

    if key is UNREADABLE:
        return
    if key is None or key == "":
        refuse("the key is empty", "key.empty")
        return
    if not isinstance(key, str):
        hint = "put it in quotes" if isinstance(key, (int, float)) else ""
        refuse(f"the key must be text, but is {kind(key)}", "key.form", hint=hint)
        return
    size = len(key.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        refuse(f"the key has {size} bytes, and at most {MAX_BYTES} are possible", "key.long", "RFC 2385, Linux")
    for characters, what in (("\"'", "a quote"), ("\\", "a backslash"), (" ", "a space"), (";", "a semicolon")):
        if any(character in key for character in characters):
            refuse(f"the key holds {what}", "key.characters", _EXABGP)
    if "\n" in key or "\r" in key:
        refuse("the key holds a line break", "key.characters", _EXABGP, "a file's last line break is the usual reason")
    elif not key.isascii():
        refuse("the key holds a character that is not ASCII", "key.characters", _EXABGP)
    elif not key.isprintable():
        refuse("the key holds a control character", "key.characters", _EXABGP)
    if size < GOOD_BYTES:
        findings.warn(
            neighbor.where,
            field,
            f"the key has {size} bytes, and fewer than {GOOD_BYTES} can be guessed",
            rule="key.short",
            source="RFC 3562",
        )
    elif weak := weakness(key, (name, findings.host)):
        findings.warn(neighbor.where, field, f"the key {weak}", rule="key.weak", source="RFC 3562 section 4")
    fact = neighbor.profile.facts.get("md5_key") if neighbor.profile else None
    if fact and size <= MAX_BYTES and not fact.value["minimum"] <= size <= fact.value["maximum"]:
        record = findings.error if fact.certain else findings.warn
        reason = f"the key has {size} bytes: {fact.because}"
        record(neighbor.where, field, reason, rule=fact.rule, source=fact.source)


def _shared(findings: Findings, keys: dict[Any, Any], named: dict[str, Neighbor]) -> None:
    users: dict[str, list[str]] = {}
    for name in named:
        if isinstance(keys.get(name), str):
            users.setdefault(keys[name], []).append(name)
    for names in users.values():
        if len(names) > 1:
            findings.warn(
                "host",
                VARIABLE,
                f"{listing(names)} have the same key",
                hint="give each its own",
                rule="key.shared",
                source="RFC 3562 section 4",
            )
