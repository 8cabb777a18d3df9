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
# The two files import nothing but the standard library, so they run as one script on any host.
_ASK = """
import json
try:
    with connect(timeout=3) as pipes:
        print(json.dumps([sessions(pipes.ask(SHOW_SESSIONS)), announced(pipes.ask(SHOW_ANNOUNCED))]))
except DaemonError as error:
    print(json.dumps(str(error)))
"""


def ask(container: Container | None) -> dict[tuple[str, str], dict[str, Any]] | str:
    """Ask a host's daemon.

    Returns a mapping of (peer address, local address) to C(state) (the daemon's word) and C(prefixes), or in words why
    there is none.
    """
    if container is None or not container.running:
        return "container not running"
    sources = [(_UTILS / name).read_text(encoding="utf-8") for name in ("_daemon.py", "_answers.py")]
    future = "from __future__ import annotations\n"
    script = future + "".join(source.replace(future, "") for source in sources) + _ASK
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
