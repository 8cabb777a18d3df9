# SPDX-License-Identifier: GPL-3.0-or-later
"""A small web server on every host, for the health checks to look at."""

from __future__ import annotations

from collections.abc import Mapping

from . import inside
from .inside import File
from .topology import Topology

UNIT = "lab-web.service"
_FILES = (
    File("/srv/lab-web/health", "ok\n"),
    File(
        f"/etc/systemd/system/{UNIT}",
        """\
[Unit]
Description=A web server for the health checks

[Service]
Type=exec
User=nobody
ExecStart=/usr/bin/python3 -m http.server --bind 127.0.0.1 --directory /srv/lab-web 8080

[Install]
WantedBy=multi-user.target
""",
    ),
)


def ensure(topology: Topology, pids: Mapping[str, int]) -> list[str]:
    """Have the web server run on every host; return what was done."""
    changes = []
    for name in topology.hosts:
        written = inside.write_all(pids[name], _FILES)
        if written:
            inside.enter(pids[name], "chmod", "0755", "/srv/lab-web")
            inside.enter(pids[name], "systemctl", "daemon-reload")
        running = inside.enter(pids[name], "systemctl", "is-active", "--quiet", UNIT, check=False).returncode == 0
        if written or not running:
            inside.enter(pids[name], "systemctl", "enable", "--quiet", "--now", UNIT)
            changes.append(f"web server of {name} started")
    return changes
