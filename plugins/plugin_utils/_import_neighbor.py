# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""A neighbor of an exabgp.conf, cut into what the inventory has fields for and the rest."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._grammar import Statement
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _import_routes as routes_
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._families import FAMILIES
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._import_routes import NotModelledError

# What ExaBGP 5.0 offers where a file names no families, beyond those that the plan knows. It also offers "ipv6
# multicast" and "ipv4 rtc", which no file can name.
OTHER_FAMILIES = (
    "ipv4 mcast-vpn",
    "ipv4 mup",
    "ipv6 mcast-vpn",
    "ipv6 mup",
    "l2vpn vpls",
    "l2vpn evpn",
    "bgp-ls bgp-ls",
    "bgp-ls bgp-ls-vpn",
)
_TRUE, _FALSE = ("true", "enable", "enabled", ""), ("false", "disable", "disabled")
_GTSM = 255
_DEEPEST = 8
_PLAIN_OPTIONS = {
    "router-id": "router_id",
    "local-address": "local_address",
    "host-name": "host_name",
    "domain-name": "domain_name",
    "source-interface": "source_interface",
    "description": "description",
}
_NUMBERS = {"hold-time": "hold_time", "connect": "port", "listen": "listen_port"}
_AS_NUMBERS = {"local-as": "local_as", "peer-as": "peer_as"}
_SWITCHES = {"asn4": "asn4", "route-refresh": "route_refresh", "extended-message": "extended_message"}
_EXABGP_HOLD_TIME = 180


@dataclass
class Read:
    """A neighbor as far as it was read. `raw` is what has no field; `key` is not for eyes."""

    peer_address: str
    options: dict[str, Any] = field(default_factory=dict)
    routes: list[tuple[dict[str, Any], Statement]] = field(default_factory=list)
    flows: list[tuple[dict[str, Any], Statement]] = field(default_factory=list)
    raw: list[Statement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    key: str | None = field(default=None, repr=False)
    whole: str = ""
    """Why the neighbor can be kept as it is only; empty where it need not be."""

    def keep(self, section: str, statement: Statement) -> None:
        """Put a statement of a section among the raw ones, beside others of the same section."""
        for kept in self.raw:
            if kept.section and kept.words == [section]:
                kept.inner.append(statement)
                return
        self.raw.append(Statement([section], statement.line, section=True, inner=[statement]))


def inherited(
    statements: Iterable[Statement], templates: Mapping[str, Statement], depth: int = 0
) -> tuple[list[Statement], list[str]]:
    """The statements of a neighbor before those that it inherits, and the names that belong to no template.

    The last of several is the one that counts: with ExaBGP a template wins over the neighbor (4.2.25 and 5.0.15).
    """
    own: list[Statement] = []
    behind: list[Statement] = []
    unknown: list[str] = []
    for statement in statements:
        if statement.keyword != "inherit":
            own.append(statement)
            continue
        for name in statement.words[1:]:
            if name in ("[", "]", ","):
                continue
            template = templates.get(name)
            if template is None or depth > _DEEPEST:
                unknown.append(name)
                continue
            inner, lost = inherited(template.inner, templates, depth + 1)
            behind += inner
            unknown += lost
    return own + behind, unknown


def read(neighbor: Statement, templates: Mapping[str, Statement]) -> Read:
    """Read a neighbor. What it holds and the inventory has no field for is in `raw`, or `whole` says why it all is."""
    found = Read(peer_address=" ".join(neighbor.words[1:]))
    statements, unknown = inherited(neighbor.inner, templates)
    found.notes += [f"inherits {name}, which is no template; ExaBGP passes over that" for name in unknown]
    single: dict[str, str] = {}
    capability: dict[str, str] = {}
    families: list[str] | None = None
    add_path: list[str] = []
    for statement in statements:
        words = statement.words
        if not statement.section:
            single[words[0]] = " ".join(words[1:])
        elif words == ["family"]:
            families = [*(families or []), *(" ".join(item.words) for item in statement.inner)]
        elif words == ["capability"]:
            for item in statement.inner:
                capability[item.words[0]] = " ".join(item.words[1:])
        elif words == ["add-path"]:
            add_path += [" ".join(item.words) for item in statement.inner]
        elif words in (["static"], ["announce"]):
            _read_routes(found, statement)
        elif words == ["flow"]:
            _read_flows(found, statement)
        else:
            found.raw.append(statement)
    _read_options(found, single)
    _read_families(found, families)
    _read_capability(found, capability, add_path)
    return found


def _read_options(found: Read, single: dict[str, str]) -> None:
    options = found.options
    for keyword, option in _PLAIN_OPTIONS.items():
        if keyword in single:
            options[option] = single.pop(keyword)
    for keyword, option in {**_NUMBERS, **_AS_NUMBERS}.items():
        if keyword in single:
            value = single.pop(keyword)
            options[option] = int(value) if value.isdigit() else value
    for keyword in ("peer-address", "inherit"):
        single.pop(keyword, None)
    if not options.get("description"):
        options.pop("description", None)
    for keyword, option in (("port", "port"), ("listen_port", "listen_port")):
        if options.get(keyword) == 0:  # what ExaBGP does by itself
            del options[option]
    # 180 is also what the profile says.
    options.setdefault("hold_time", _EXABGP_HOLD_TIME)
    if "router_id" not in options and "." in options.get("local_address", ""):
        options["router_id"] = options["local_address"]
    if "passive" in single:
        value = single.pop("passive")
        if value not in _TRUE + _FALSE:
            found.whole = "passive has a value that is neither true nor false"
        options["passive"] = value in _TRUE
        if options["passive"] and "listen_port" not in options:
            found.notes.append("is passive and has no port of its own to listen on: the plan gives it 179")
        if not options["passive"]:
            del options["passive"]
    if options.get("passive"):
        options.pop("port", None)
    _read_ttl(found, single.pop("outgoing-ttl", ""), single.pop("incoming-ttl", ""))
    _read_key(found, single.pop("md5-password", None), single.pop("md5-base64", "false"))
    if single.get("md5-ip") == options.get("local_address"):
        single.pop("md5-ip", None)
    for keyword, value in single.items():
        found.raw.append(Statement([keyword, *value.split()], 0))


def _read_ttl(found: Read, outgoing: str, incoming: str) -> None:
    sent, least = (0 if text in ("", *_FALSE) else int(text) if text.isdigit() else -1 for text in (outgoing, incoming))
    if sent == least == _GTSM:
        found.options["ttl_security"] = True
    elif least == 0 and sent > 0:
        found.options["multihop"] = sent
    elif sent or least:
        found.whole = "its TTLs are neither those of TTL security nor of multihop"


def _read_key(found: Read, key: str | None, encoded: str) -> None:
    if key is None:
        return
    found.options["md5"] = True
    found.key = key
    if encoded in ("true", "enable", "enabled", ""):
        try:
            found.key = base64.b64decode(key, validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            found.notes.append("has a key in base64 that is no text: it is not imported")
            found.key = None
    elif encoded not in _FALSE:
        found.notes.append("has md5-base64 auto, which 4.2 decodes and 5.0 does not: the key is taken as it stands")


def _read_families(found: Read, families: list[str] | None) -> None:
    if families is None or families == ["all"]:
        found.notes.append("names no families, so that ExaBGP offers all that it knows: name those that are meant")
        families = [*FAMILIES, *OTHER_FAMILIES]
    found.options["families"] = [family for family in FAMILIES if family in families]
    others = [family for family in families if family not in FAMILIES]
    if others:
        inner = [Statement(family.split(), 0) for family in others]
        found.raw.append(Statement(["family"], 0, section=True, inner=inner))
    if not found.options["families"]:
        found.whole = "it has none of the families that the plan knows"


def _read_capability(found: Read, capability: dict[str, str], add_path: list[str]) -> None:
    planned: dict[str, Any] = {}
    rest: list[Statement] = []
    for keyword, value in capability.items():
        if keyword in _SWITCHES and value in _TRUE + _FALSE:
            planned[_SWITCHES[keyword]] = value in _TRUE
        elif keyword == "graceful-restart":
            if value in ("disable", "disabled"):
                planned["graceful_restart"] = False
            else:
                seconds = int(value) if value.isdigit() else 0
                planned["graceful_restart"] = seconds or found.options["hold_time"]
        elif keyword == "add-path":
            planned["add_path"] = False if value in ("disable", "disabled") else value
        else:
            rest.append(Statement([keyword, *value.split()], 0))
    if rest:
        found.raw.append(Statement(["capability"], 0, section=True, inner=rest))
    if add_path and planned.get("add_path"):
        chosen = [family for family in add_path if family in found.options["families"]]
        if set(add_path) - set(FAMILIES):
            found.whole = "its add-path has families that the plan does not know"
        planned["add_path_families"] = chosen
    if planned:
        found.options["capabilities"] = planned


def _read_routes(found: Read, section: Statement) -> None:
    name = section.words[0]
    for statement in section.inner:
        inner = statement.inner if name == "announce" else [statement]
        for item in inner:
            try:
                found.routes += [(entry, item) for entry in routes_.routes(item, name)]
            except NotModelledError as error:
                found.notes.append(f"keeps a route of line {item.line} raw: {error}")
                keep_route(found, name, statement, item)


def keep_route(found: Read, section: str, outer: Statement | None, item: Statement) -> None:
    """Put a route among the raw ones, in the section that it comes from."""
    if section != "announce":
        found.keep(section, item)
        return
    words = outer.words if outer else ["ipv6" if ":" in "".join(item.words[1:2]) else "ipv4"]
    found.keep("announce", Statement(words, item.line, section=True, inner=[item]))


def _read_flows(found: Read, section: Statement) -> None:
    for statement in section.inner:
        try:
            found.flows.append((routes_.flow(statement), statement))
        except NotModelledError as error:
            found.notes.append(f"keeps a rule of line {statement.line} raw: {error}")
            found.keep("flow", statement)
