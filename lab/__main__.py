# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the lab: ``python -m lab VERB`` from the root of the repository."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import status
from .console import say
from .errors import LabError
from .lifecycle import DEFAULT_TOPOLOGY, Lab


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    parser = argparse.ArgumentParser(prog="python -m lab", description="A cloud in a box for cloudbgp.exabgp.")
    parser.add_argument(
        "--topology",
        type=Path,
        default=DEFAULT_TOPOLOGY,
        metavar="FILE",
        help="another topology (default: %(default)s)",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    add("images", "build the container images that are missing")
    add("up", "build, start and connect everything that is missing")
    down = add("down", "remove every trace of the lab from this machine")
    down.add_argument("--keep-images", action="store_true", help="keep the images, so that the next up is quick")
    show = add("status", "show sessions and prefixes as both ends see them")
    show.add_argument("--json", action="store_true", help="print JSON")
    execute = add("exec", "run a command in a host, a router or the fabric: exec NAME -- COMMAND")
    execute.add_argument("name")
    execute.add_argument("command", nargs=argparse.REMAINDER)
    add("shell", "open a shell in a host, a router or the fabric").add_argument("name")
    add("cut", "set the fabric port of a host or router down").add_argument("link")
    add("mend", "set the fabric port of a host or router up").add_argument("link")
    key = add("key", "give a router another MD5 key for one session")
    key.add_argument("session")
    key.add_argument("key", nargs="?", help="the key; - reads it from standard input (default: a random one)")
    number = add("as", "let a router expect another AS of the host")
    number.add_argument("session")
    number.add_argument("asn", type=int)
    add("stop", "stop a router's routing daemon").add_argument("router")
    add("start", "start a router's routing daemon").add_argument("router")
    add("heal", "undo every fault")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code."""
    options = build_parser().parse_args(arguments)
    try:
        lab = Lab(options.topology.absolute())
        if options.verb == "status":
            sessions = status.collect(lab)
            print(json.dumps(sessions, indent=2) if options.json else status.table(sessions))
            return 0
        if options.verb in ("exec", "shell"):
            return _enter(lab, options)
        started = time.monotonic()
        changes = _changing_verb(lab, options)()
    except LabError as error:
        say(f"lab: {error}")
        return 1
    except KeyboardInterrupt:
        say("lab: interrupted")
        return 130
    for change in changes:
        say(f"  {change}")
    count = {0: "nothing changed", 1: "1 change"}.get(len(changes), f"{len(changes)} changes")
    say(f"{options.verb}: {count} ({time.monotonic() - started:.1f} s)")
    return 0


def _changing_verb(lab: Lab, options: argparse.Namespace) -> Callable[[], list[str]]:
    verbs: dict[str, Callable[[], list[str]]] = {
        "images": lab.images,
        "up": lab.up,
        "down": lambda: lab.down(keep_images=options.keep_images),
        "cut": lambda: lab.cut(options.link),
        "mend": lambda: lab.mend(options.link),
        "key": lambda: lab.key(options.session, _key(options.key)),
        "as": lambda: lab.peer_as(options.session, options.asn),
        "stop": lambda: lab.stop(options.router),
        "start": lambda: lab.start(options.router),
        "heal": lab.heal,
    }
    return verbs[options.verb]


def _key(argument: str | None) -> str | None:
    return sys.stdin.readline().rstrip("\n") if argument == "-" else argument


def _enter(lab: Lab, options: argparse.Namespace) -> int:
    """Replace this process by podman exec, so that terminal, signals and exit code are the command's own."""
    command = ["bash", "-l"] if options.verb == "shell" else options.command
    if command[:1] == ["--"]:
        command = command[1:]
    if not command:
        raise LabError("exec: name a command: exec NAME -- COMMAND")
    terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
    name = lab.container(options.name)
    arguments = ["podman", "exec", "--interactive", *terminal, name, *command]
    os.execvpe("podman", arguments, lab.podman.environment())


if __name__ == "__main__":
    sys.exit(main())
