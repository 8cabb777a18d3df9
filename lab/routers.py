# SPDX-License-Identifier: GPL-3.0-or-later
"""The routers' daemons: configuration made from the topology, and the daemon running with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jinja2

from . import inside
from .errors import LabError
from .inside import File
from .state import Faults
from .topology import Router, Topology

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Daemon:
    """How one routing software is configured and run in Debian."""

    unit: str
    template: str
    path: str
    owner: str
    extra: tuple[File, ...] = ()
    reload: tuple[str, ...] | None = None
    """The command that applies a new configuration; without one the unit is restarted."""


DAEMONS: Mapping[str, Daemon] = {
    "frr": Daemon(
        unit="frr",
        template="frr.conf.j2",
        path="/etc/frr/frr.conf",
        owner="frr:frr",
        extra=(
            File(
                "/etc/frr/daemons",
                'bgpd=yes\nvtysh_enable=yes\nzebra_options="-A 127.0.0.1 -s 90000000"\nbgpd_options="-A 127.0.0.1"\n',
                "frr:frr",
                "0640",
            ),
        ),
    ),
    "bird": Daemon(
        unit="bird",
        template="bird.conf.j2",
        path="/etc/bird/bird.conf",
        owner="bird:bird",
        reload=("birdc", "configure"),
    ),
    "gobgp": Daemon(
        unit="gobgpd",
        template="gobgpd.toml.j2",
        path="/etc/gobgpd.conf",
        owner="root:root",
    ),
}


def render(router: Router, keys: Mapping[str, str], peer_as: Mapping[str, int] | None = None) -> str:
    """Return a router's configuration. ``keys`` and ``peer_as`` are by session; the latter overrides the topology's."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - routers' configurations are not HTML
    )
    expected = {session.name: session.peer_as for session in router.sessions}
    expected.update({name: number for name, number in (peer_as or {}).items() if name in expected})
    template = environment.get_template(DAEMONS[router.software].template)
    return template.render(router=router, keys=keys, peer_as=expected)


def ensure(
    topology: Topology,
    pids: Mapping[str, int],
    keys: Mapping[str, str],
    faults: Faults,
    only: Collection[str] | None = None,
) -> list[str]:
    """Configure the routers (``only`` those named) and see that each daemon runs, or is stopped as a fault."""
    chosen = [router for name, router in topology.routers.items() if only is None or name in only]
    wanted_keys = {**keys, **faults.keys}
    with ThreadPoolExecutor() as pool:
        done = pool.map(
            lambda router: _ensure_one(
                router,
                pids[router.name],
                render(router, wanted_keys, faults.peer_as),
                stopped=router.name in faults.stopped,
            ),
            chosen,
        )
        return [change for change in done if change]


def _ensure_one(router: Router, pid: int, configuration: str, *, stopped: bool) -> str | None:
    daemon = DAEMONS[router.software]
    files = (*daemon.extra, File(daemon.path, configuration, daemon.owner, "0640"))
    changed = inside.write_all(pid, files)
    active = inside.enter(pid, "systemctl", "is-active", "--quiet", daemon.unit, check=False).returncode == 0
    if stopped:
        if active:
            inside.enter(pid, "systemctl", "stop", daemon.unit)
        return f"{router.name} stopped" if active else None
    if active and not changed:
        return None
    if not active:
        inside.enter(pid, "systemctl", "enable", "--quiet", daemon.unit)
        inside.enter(pid, "systemctl", "restart", daemon.unit)
    elif daemon.reload is None:
        inside.enter(pid, "systemctl", "restart", daemon.unit)
    else:
        result = inside.enter(pid, *daemon.reload)
        if "Reconfigur" not in result.stdout:
            raise LabError(f"{router.name} refuses its configuration: {result.stdout.strip()}")
    return f"{router.name} ({router.software}) {'configured' if changed else 'started'}"
