# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: exabgp-health run | check | status | drain | restore | explain."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import config as config_
from .config import ConfigError
from .control import ControlError, NoAgentError, ask

CONFIG = "/etc/exabgp/health.json"
FAILED, USAGE, NO_AGENT = 1, 2, 3
# How long a change may take until ExaBGP has acknowledged all of it, in seconds.
PATIENCE = 30.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="exabgp-health", description="Health checks that announce and withdraw.")
    parser.add_argument("--config", type=Path, default=Path(CONFIG), help="the configuration (default: %(default)s)")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def add(name: str, text: str, *, named: bool = False, every: bool = False) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=text, description=text)
        verb.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if named:
            verb.add_argument("name", nargs="?" if every else None, metavar="SERVICE")
        if every:
            verb.add_argument("--all", action="store_true", help="all services of this host")
        return verb

    add("run", "run as ExaBGP's API process")
    add("validate", "read the configuration and say what is wrong with it")
    add("check", "run each probe once and print what would be announced").add_argument("--json", action="store_true")
    add("status", "what is announced, and why").add_argument("--json", action="store_true")
    drain = add("drain", "ask peers to go elsewhere, then withdraw", named=True, every=True)
    drain.add_argument("--mode", choices=["community", "med", "withdraw"], help="instead of the service's own")
    drain.add_argument("--for", dest="limit", type=float, default=3600, metavar="SECONDS", help="0: until restored")
    drain.add_argument("--run", default="", metavar="ID", help="who drains, for the journal")
    restore = add("restore", "end a drain", named=True, every=True)
    restore.add_argument("--run", default="", metavar="ID", help="who restores, for the journal")
    add("reload", "have the agent read its configuration again")
    add("restart", "have ExaBGP start the agent anew; what is announced stays")
    add("withdraw", "withdraw everything until the next reload")
    add("explain", "why a service is announced or not", named=True)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 well, 1 not so, 2 wrong usage or configuration, 3 no agent."""
    options = _parser().parse_args(arguments)
    if hasattr(options, "all") and bool(options.name) == options.all:
        print("exabgp-health: name a service, or say --all", file=sys.stderr)
        return USAGE
    try:
        if options.verb == "run":
            _run(options.config)
        config = config_.load(options.config)
        if options.verb == "validate":
            print(f"{len(config.services)} services, {len(config.checks)} checks")
            return 0
        if options.verb == "check":
            return _check(config, options.json)
        return _asked(config, options)
    except (ConfigError, ControlError) as error:
        print(f"exabgp-health: {error}", file=sys.stderr)
        return NO_AGENT if isinstance(error, NoAgentError) else FAILED if isinstance(error, ControlError) else USAGE


def _run(path: Path) -> None:
    from .agent import serve

    code = asyncio.run(serve(path))
    sys.stderr.flush()
    os._exit(code)  # threads that hang in a probe must not keep the process


def _check(config: config_.Config, as_json: bool) -> int:
    from . import machine
    from .probes.network import addresses
    from .scheduler import probe_once

    async def probe_all() -> list[machine.Result]:
        return await asyncio.gather(*(probe_once(check, check["timeout"]) for check in config.checks.values()))

    results = dict(zip(config.checks, asyncio.run(probe_all()), strict=True))
    here = addresses()
    services = {}
    for name, service in config.services.items():
        missing = tuple(item for item in service.addresses if item not in here)
        view = machine.View(lambda x: results[x].status, lambda x: results[x].level, missing)
        decision = machine.Service(service.when, service.policy).decide(view, 0.0)
        services[name] = {
            "announced": decision.attributes is not None,
            "state": decision.state,
            "reason": decision.reason,
            "attributes": decision.attributes,
            "prefixes": list(service.prefixes),
        }
    checks = {name: {"state": result.status, "detail": result.detail} for name, result in results.items()}
    if as_json:
        print(json.dumps({"checks": checks, "services": services}, indent=2))
    else:
        _table([("CHECK", "STATE", "DETAIL"), *((name, x["state"], x["detail"]) for name, x in checks.items())])
        _table([("SERVICE", "WOULD BE", "PREFIXES", "REASON"), *(_service_row(n, x) for n, x in services.items())])
    return 0 if all(x["announced"] for x in services.values()) else FAILED


def _asked(config: config_.Config, options: argparse.Namespace) -> int:
    name: Any = getattr(options, "name", None)
    if options.verb in ("status", "explain"):
        status = ask(config.socket, {"verb": "status"})
        if options.verb == "explain":
            return _explain(status, name)
        if options.json:
            print(json.dumps(status, indent=2))
        else:
            _status(status)
        return 0 if all(x["state"] == "announced" for x in status["services"].values()) else FAILED
    request: dict[str, Any] = {"verb": options.verb, "name": name, "run": getattr(options, "run", "")}
    if options.verb == "drain":
        request.update(mode=options.mode, **{"for": options.limit})
    answer = ask(config.socket, request)
    if answer.get("problem"):
        print(f"exabgp-health: done, but not kept over a restart: {answer['problem']}", file=sys.stderr)
    if options.verb == "restart":
        answer = _waited(config, lambda found: found["pid"] != answer["pid"], "the agent has not come back")
    answer = _waited(config, lambda found: found["settled"] or found["refused"], "ExaBGP has not answered")
    names = [name] if name else list(answer["services"])
    _table([("SERVICE", "STATE", "PREFIXES", "REASON"), *(_service_row(x, answer["services"][x]) for x in names)])
    return 0


def _waited(config: config_.Config, good: Callable[[Mapping[str, Any]], bool], problem: str) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            found = ask(config.socket, {"verb": "status"})
            if good(found):
                return found
        except NoAgentError:
            pass
        if time.monotonic() > end:
            raise ControlError(f"{problem} within {PATIENCE:g} s; see: journalctl -u exabgp -n 50")
        time.sleep(0.02)


def _status(status: Mapping[str, Any]) -> None:
    _table([("SERVICE", "STATE", "PREFIXES", "REASON"), *(_service_row(n, x) for n, x in status["services"].items())])
    rows = [(name, x["state"], x["since"] or "-", x["detail"]) for name, x in status["checks"].items()]
    _table([("CHECK", "STATE", "SINCE", "DETAIL"), *rows])
    for line in [*status["refused"], *filter(None, [status["config_error"]])]:
        print(f"refused: {line}")


def _explain(status: Mapping[str, Any], name: str) -> int:
    service = status["services"].get(name)
    if service is None:
        raise ControlError(f"there is no service {name!r} on this host; there are: {', '.join(status['services'])}")
    print(f"{name}: {service['state']} since {service['since']}: {service['reason']}")
    if service["announced"]:
        given = ", ".join(f"{key} {value}" for key, value in service["attributes"].items()) or "no attributes"
        print(f"  {' '.join(service['prefixes'])} to {', '.join(service['neighbors'])} with {given}")
    if service["again_at"]:
        print(f"  changes by itself at {service['again_at']} at the latest")
    if service["drain"]:
        until = service["drain"]["until"] or "it is restored"
        print(f"  drained by {service['drain']['mode']} until {until} (to end it: exabgp-health restore {name})")
    for check in service["checks"]:
        state = status["checks"][check]
        print(f"  check {check}: {state['state']} since {state['since']}: {state['detail']}")
    return 0


def _service_row(name: str, service: Mapping[str, Any]) -> tuple[str, ...]:
    state = service["state"]
    if service["announced"] and state != "announced":
        state = f"{state} (announced)"
    return name, state, " ".join(service["prefixes"]), service["reason"]


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()
