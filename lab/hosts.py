# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions and prefixes as the hosts' ExaBGP has them, asked with the collection's own client of the daemon's pipes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import inside
from .errors import LabError
from .podman import Container

_UTILS = Path(__file__).parents[1] / "plugins" / "module_utils"
_TIMEOUT_S = 15
# These import only each other and the standard library, so they run on any host, under their own names.
_MODULES = ("_daemon", "_flow_names", "_identity", "_answers")
_PACKAGE = "ansible_collections.cloudbgp.exabgp.plugins.module_utils"
_ASK = """
import json, sys, types

parts = package.split(".")
for end in range(1, len(parts) + 1):
    sys.modules[".".join(parts[:end])] = types.ModuleType(".".join(parts[:end]))
for name, source in sources.items():
    module = sys.modules[f"{package}.{name}"] = types.ModuleType(f"{package}.{name}")
    setattr(sys.modules[package], name, module)
    exec(compile(source, name, "exec"), module.__dict__)
daemon, answers = (getattr(sys.modules[package], name) for name in ("_daemon", "_answers"))
try:
    with daemon.connect(timeout=3) as pipes:
        sessions = answers.sessions(pipes.ask(answers.SHOW_SESSIONS))
        print(json.dumps([sessions, answers.announced(pipes.ask(answers.SHOW_ANNOUNCED))]))
except daemon.DaemonError as error:
    print(json.dumps(str(error)))
"""


def ask(container: Container | None) -> dict[tuple[str, str], dict[str, Any]] | str:
    """Ask a host's daemon.

    Returns a mapping of (peer address, local address) to C(state) (the daemon's word) and C(prefixes), or in words why
    there is none.
    """
    if container is None or not container.running:
        return "container not running"
    sources = {name: (_UTILS / f"{name}.py").read_text(encoding="utf-8") for name in _MODULES}
    script = f"package = {_PACKAGE!r}\nsources = {sources!r}\n{_ASK}"
    try:
        answer = json.loads(inside.enter(container.pid, "python3", "-", stdin=script, timeout=_TIMEOUT_S).stdout)
    except (LabError, json.JSONDecodeError) as error:
        return str(error)
    if isinstance(answer, str):
        return answer
    found = {
        (session["peer_address"], session["local_address"]): {"state": session["state_raw"], "prefixes": []}
        for session in answer[0]
    }
    for route in answer[1]:
        found[route["peer_address"], route["local_address"]]["prefixes"].append(route["prefix"])
    return found
