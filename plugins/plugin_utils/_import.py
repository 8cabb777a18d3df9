# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""An existing exabgp.conf as inventory variables, of which the plan makes an equivalent configuration.

What the inventory has no field for, or the plan would refuse, goes into raw text: single statements into the
neighbor's `raw`, and what cannot be taken apart into exabgp_raw. Keys go into a mapping of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._conffile import refused_keys
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._grammar import (
    Statement,
    flat,
    parse_as_exabgp,
    printed,
)
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _import_neighbor as neighbor_
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import Finding
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._raw import prefixes_of
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._special import special_as

_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_STANDS_FOR_A_KEY = "a-key-to-plan-with"
_FROM_HOST = {
    "local_as": "exabgp_local_as",
    "local_address": "exabgp_local_address",
    "router_id": "exabgp_router_id",
}


class ImportRefusedError(ValueError):
    """A file that cannot be imported. The text says why and quotes nothing of it."""


@dataclass
class Imported:
    """The variables of a host, its keys, and what is to be said of them."""

    variables: dict[str, Any]
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    notes: list[str] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)
    modelled: int = 0
    partly_raw: int = 0
    raw: int = 0

    @property
    def extent(self) -> str:
        """How far the file is modelled: fully, partly raw, or all raw."""
        if not self.modelled and not self.partly_raw:
            return "all raw"
        whole = not self.partly_raw and not self.raw and "exabgp_raw" not in self.variables
        return "fully modelled" if whole else "partly raw"


def import_configuration(text: str) -> Imported:
    """Make the variables of a configuration.

    Raises ImportRefusedError for one that has no place in an inventory, GrammarError for what is no configuration.
    """
    statements, notes = parse_as_exabgp(text)
    result = _attempt(statements, listed=True)
    if any(finding.rule == "raw.allowed" for finding in result.errors):
        # An allow-list cannot judge the raw text, and would only keep it out.
        result = _attempt(statements, listed=False)
    result.notes[:0] = notes
    return result


def _attempt(statements: list[Statement], listed: bool) -> Imported:
    """listed: whether the prefixes also go into an allow-list, which the policy asks for where they are long."""
    result = Imported({})
    templates = {
        " ".join(inner.words[1:]): inner
        for statement in statements
        if statement.keyword == "template"
        for inner in statement.inner
    }
    file_raw = [statement for statement in statements if statement.section and statement.keyword == "process"]
    kept_whole: list[Statement] = []
    reads: list[tuple[str, neighbor_.Read]] = []
    names: set[str] = set()
    for statement in statements:
        if statement.keyword != "neighbor" or not statement.section:
            continue
        found = neighbor_.read(statement, templates)
        name = _name(found, names)
        _check_neighbor(found, name)
        if found.whole:
            _keep_whole(result, kept_whole, statement, found, templates)
            continue
        _sort_out(found, name, listed)
        result.notes += [f"neighbor {name}: {note}" for note in found.notes]
        reads.append((name, found))
        result.partly_raw += bool(found.raw)
        result.modelled += not found.raw
        if found.key is not None:
            problems = refused_keys({name: found.key})
            if problems:
                result.notes.append(f"neighbor {name}: {problems[0]}: choose another key with the other end")
            else:
                result.keys[name] = found.key
    if not reads and not kept_whole:
        raise ImportRefusedError("the file has no neighbor")
    result.variables = _variables(reads, [*file_raw, *kept_whole], listed)
    _plan(result, reads)
    return result


def _keep_whole(
    result: Imported,
    kept: list[Statement],
    statement: Statement,
    found: neighbor_.Read,
    templates: Mapping[str, Statement],
) -> None:
    inner, _unknown = neighbor_.inherited(statement.inner, templates)
    if found.key is not None or any("md5-password" in item.words for item in flat(inner)):
        raise ImportRefusedError(
            f"neighbor {found.peer_address} has a key, and {found.whole}: so it can be kept as raw text only, "
            "where no key may stand"
        )
    result.raw += 1
    result.notes.append(f"neighbor {found.peer_address} is kept in exabgp_raw as it is: {found.whole}")
    kept.append(Statement(statement.words, statement.line, section=True, inner=inner))


def _name(found: neighbor_.Read, names: set[str]) -> str:
    """A name for a neighbor: its address, which says most in a table."""
    return _distinct(_NOT_A_NAME.sub("-", found.peer_address).strip("-") or "neighbor", names)


def _distinct(base: str, taken: set[str]) -> str:
    """The name, with a number behind it where it is taken; it is taken from now on."""
    name, number = base, 2
    while name in taken:
        name, number = f"{base}.{number}", number + 1
    taken.add(name)
    return name


def _entry(found: neighbor_.Read, name: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "peer_address": found.peer_address, **found.options}
    peer = entry.get("peer_as")
    if isinstance(peer, int) and peer != entry.get("local_as") and special_as(peer) is None:
        entry["scope"] = "private"
    return entry


def _base(entry: dict[str, Any], name: str) -> dict[str, Any]:
    variables: dict[str, Any] = {"exabgp_neighbors": [entry], "exabgp_router_id": entry.get("router_id")}
    if entry.get("md5"):
        variables["exabgp_md5_keys"] = {name: _STANDS_FOR_A_KEY}
    return variables


def _check_neighbor(found: neighbor_.Read, name: str) -> None:
    """Plan the neighbor alone: what the plan refuses of it is kept as it is."""
    if found.whole:
        return
    errors = plan_host("import", _base(_entry(found, name), name)).errors
    if errors:
        found.whole = f"the plan refuses {errors[0].text.removeprefix('import: ')}"


def _sort_out(found: neighbor_.Read, name: str, listed: bool) -> None:
    """Plan each route and rule alone, and put what the plan refuses among the raw statements."""
    entry = {**_entry(found, name), "default_route": True}
    base = _base(entry, name)
    routes: list[tuple[dict[str, Any], Statement]] = []
    owners: dict[tuple[Any, ...], int] = {}
    dropped: set[int] = set()
    for route, statement in found.routes:
        result = plan_host("import", {**base, **_route_variables([route], listed)})
        if result.plan is None:
            found.notes.append(f"keeps {route['prefix']} raw: {_why(result.errors[0].text)}")
            section = "static" if statement.keyword in ("route", "attribute", "attributes") else "announce"
            if not _kept(found, statement):
                neighbor_.keep_route(found, section, None, statement)
            continue
        for item in result.plan["neighbors"][0]["routes"]:
            key = (item["prefix"], item["family"], item["rd"], item["path_information"])
            if key in owners and owners[key] not in dropped:
                dropped.add(owners[key])
                found.notes.append(f"announces {item['prefix']} twice: the last one stands, as with ExaBGP")
            owners[key] = len(routes)
        routes.append((route, statement))
    found.routes = [item for number, item in enumerate(routes) if number not in dropped]
    flows: list[tuple[dict[str, Any], Statement]] = []
    matches: set[str] = set()
    names: set[str] = set()
    for flow, statement in found.flows:
        flow["name"] = _flow_name(str(flow["name"]), names)
        result = plan_host("import", {**base, "exabgp_flows": [flow]})
        match = str((result.plan["neighbors"][0]["flows"][0]["match"], flow.get("rd"))) if result.plan else ""
        if result.errors or match in matches:
            why = _why(result.errors[0].text) if result.errors else "its match occurs twice"
            found.notes.append(f"keeps the rule {flow['name']} raw: {why}")
            found.keep("flow", statement)
            continue
        matches.add(match)
        flows.append((flow, statement))
    found.flows = flows


def _kept(found: neighbor_.Read, statement: Statement) -> bool:
    """Tell whether a statement is among the raw ones already: one may announce several prefixes."""
    return any(item is statement for kept in found.raw for item in flat([kept]))


def _why(text: str) -> str:
    return text.removeprefix("import: ")


def _flow_name(name: str, taken: set[str]) -> str:
    return _distinct(_NOT_A_NAME.sub("-", name).strip("-")[:60] or "rule", taken)


def _route_variables(routes: Iterable[Mapping[str, Any]], listed: bool) -> dict[str, Any]:
    """Routes with the lists that the policy asks for."""
    entries = [dict(route) for route in routes]
    prefixes = list(dict.fromkeys(entry["prefix"] for entry in entries if not entry["prefix"].endswith("/0")))
    hops = list(dict.fromkeys(entry["next_hop"] for entry in entries if entry.get("next_hop", "self") != "self"))
    variables: dict[str, Any] = {"exabgp_routes": entries}
    if prefixes and listed:
        variables["exabgp_allowed_prefixes"] = prefixes
    if hops:
        variables["exabgp_next_hops"] = hops
    return variables


def _variables(reads: list[tuple[str, neighbor_.Read]], file_raw: list[Statement], listed: bool) -> dict[str, Any]:
    variables: dict[str, Any] = {}
    entries = [_entry(found, name) for name, found in reads]
    for option, variable in _FROM_HOST.items():
        values = [entry[option] for entry in entries if option in entry]
        if values:
            # What most neighbors have is the host's, and the others keep their own.
            variables[variable] = max(values, key=values.count)
            for entry in entries:
                if entry.get(option) == variables[variable]:
                    del entry[option]
    routes: dict[str, dict[str, Any]] = {}
    flows: dict[str, dict[str, Any]] = {}
    for (name, found), entry in zip(reads, entries, strict=True):
        if any(route["prefix"].endswith("/0") for route, _statement in found.routes):
            entry["default_route"] = True
        if found.raw:
            entry["raw"] = "\n".join(printed(found.raw)) + "\n"
        _collect(routes, (route for route, _statement in found.routes), name)
        _collect(flows, (flow for flow, _statement in found.flows), name)
    variables["exabgp_neighbors"] = entries
    if file_raw:
        variables["exabgp_raw"] = "\n".join(printed(file_raw)) + "\n"
    if routes:
        variables.update(_route_variables(routes.values(), listed))
    if flows:
        variables["exabgp_flows"] = _distinct_names(flows.values())
    prefixes = variables.get("exabgp_allowed_prefixes")
    if prefixes is not None:
        wanted = [flow["match"]["destination"] for flow in flows.values() if "destination" in flow["match"]]
        texts = [item for _name, found in reads for item in _announced(found.raw)] + _announced(file_raw)
        variables["exabgp_allowed_prefixes"] = list(dict.fromkeys([*prefixes, *wanted, *texts]))
    return variables


def _announced(statements: Iterable[Statement]) -> list[str]:
    """The prefixes that raw statements announce, as far as they can be read."""
    return [prefix.text for statement in flat(statements) for prefix in prefixes_of(statement) or [] if prefix.length]


def _collect(collected: dict[str, dict[str, Any]], entries: Iterable[dict[str, Any]], name: str) -> None:
    """Add entries for a neighbor, by their content; one that another neighbor has too is written once, for both."""
    for entry in entries:
        content = json.dumps(entry, sort_keys=True)
        collected.setdefault(content, {**entry, "neighbors": []})["neighbors"].append(name)


def _distinct_names(flows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    taken: set[str] = set()
    return [{**flow, "name": _flow_name(flow["name"], taken)} for flow in flows]


def _plan(result: Imported, reads: list[tuple[str, neighbor_.Read]]) -> None:
    """Plan the whole, to say what an operator will be told of it. An error here is one of the import itself."""
    variables = dict(result.variables)
    if result.variables.get("exabgp_neighbors") and any(found.options.get("md5") for _name, found in reads):
        variables["exabgp_md5_keys"] = {
            name: f"{_STANDS_FOR_A_KEY}-{name}"[:80] for name, found in reads if found.options.get("md5")
        }
    planned = plan_host("import", variables)
    result.errors = planned.errors
    result.notes += [f"the plan refuses: {_why(finding.text)}" for finding in planned.errors]
    result.notes += [f"the plan warns: {_why(finding.text)}" for finding in planned.warnings]
