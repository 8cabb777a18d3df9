# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching the hosts over SSH, and the hosts reaching package registries as this machine does."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import inside
from .errors import LabError
from .inside import File
from .podman import run
from .state import State
from .topology import Topology

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"
USER = "admin"


def ensure(topology: Topology, pids: Mapping[str, int], state: State) -> list[str]:
    """Give every host the lab's SSH key and this machine's CA bundle and pip settings; collect the host keys."""
    changes: list[str] = []
    if not state.ssh_key.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "cloudbgp-lab", "-f", str(state.ssh_key)])
        changes.append("SSH key made")
    public_key = state.ssh_key.with_suffix(".pub").read_text(encoding="utf-8")
    files = [
        File(f"/home/{USER}/.ssh/authorized_keys", public_key, f"{USER}:{USER}", "0600"),
        *registry_files(os.environ),
    ]
    known: list[str] = []
    for name, host in topology.hosts.items():
        if inside.write_all(pids[name], files):
            changes.append(f"access to {name} set")
        host_key = inside.read(pids[name], _HOST_KEY)
        if host_key is None:
            raise LabError(f"{name} has no SSH host key: python -m lab exec {name} -- systemctl status ssh-host-key")
        known.append(f"{host.management_address},{name} {' '.join(host_key.split()[:2])}\n")
    text = "".join(known)
    if not state.known_hosts.exists() or state.known_hosts.read_text(encoding="utf-8") != text:
        state.known_hosts.write_text(text, encoding="utf-8")
        changes.append("known_hosts written")
    return changes


def registry_files(environment: Mapping[str, str]) -> list[File]:
    """Return the files that let pip and apt in a host trust and use what this machine trusts and uses."""
    settings = pip_settings(pip_configurations(environment), environment)
    files: list[File] = []
    bundle = CA_BUNDLE.read_text(encoding="utf-8") if CA_BUNDLE.exists() else ""
    certificate = settings.pop("cert", None)
    if certificate and Path(certificate) != CA_BUNDLE and Path(certificate).exists():
        bundle += Path(certificate).read_text(encoding="utf-8")
    if bundle:
        files.append(File(str(CA_BUNDLE), bundle))
        if certificate:
            settings["cert"] = str(CA_BUNDLE)
    if settings:
        lines = "".join(f"{name} = {value}\n" for name, value in sorted(settings.items()))
        files.append(File("/etc/pip.conf", f"[global]\n{lines}"))
    return files


def pip_configurations(environment: Mapping[str, str]) -> list[Path]:
    """Return pip's configuration files on this machine, the weakest first."""
    home = Path(environment.get("HOME", "/root"))
    paths = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        Path(environment.get("XDG_CONFIG_HOME", home / ".config")) / "pip/pip.conf",
    ]
    if chosen := environment.get("PIP_CONFIG_FILE"):
        paths.append(Path(chosen))
    return [path for path in paths if path.is_file()]


def pip_settings(configurations: Iterable[Path], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the effective ``index-url`` and ``cert``, and nothing else.

    Constraints, links to folders and file: indexes are this machine's own affair and mean nothing in a host.
    """
    settings: dict[str, str] = {}
    for path in configurations:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except configparser.Error:
            continue
        for name in ("index-url", "cert"):
            if parser.has_option("global", name):
                settings[name] = parser.get("global", name)
    for name in ("index-url", "cert"):
        if value := environment.get("PIP_" + name.upper().replace("-", "_")):
            settings[name] = value
    if not settings.get("index-url", "").startswith(("http://", "https://")):
        settings.pop("index-url", None)
    return settings
