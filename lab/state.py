# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab remembers between two calls: keys and faults, in .state beside its topology (mode 0700)."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import string
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import yaml

from .errors import LabError
from .topology import Topology

_KEY_LENGTH = 24
_LONGEST_KEY = 80  # TCP_MD5SIG_MAXKEYLEN of Linux
_KEY_CHARACTERS = string.ascii_letters + string.digits


@dataclass
class Faults:
    """The faults in force. ``keys`` and ``peer_as`` are by session, ``cut`` by node, ``stopped`` by router."""

    cut: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    peer_as: dict[str, int] = field(default_factory=dict)

    def words(self) -> list[str]:
        """Name each fault, without telling a key."""
        return [
            *(f"link of {name} cut" for name in self.cut),
            *(f"{name} stopped" for name in self.stopped),
            *(f"{name} has another key" for name in self.keys),
            *(f"{name} expects AS {number}" for name, number in self.peer_as.items()),
        ]


class State:
    """The state folder."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``; nothing is made before it is needed."""
        self.folder = folder
        self.containers_conf = folder / "containers.conf"
        self.ssh_key = folder / "id_ed25519"
        self.known_hosts = folder / "known_hosts"
        self._keys = folder / "keys.yml"
        self._faults = folder / "faults.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second call of the lab waiting while this one changes something."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def remove(self) -> bool:
        """Delete the folder with all keys in it; tell whether there was one."""
        existed = self.folder.exists()
        shutil.rmtree(self.folder, ignore_errors=True)
        return existed

    def faults(self) -> Faults:
        """Return the faults in force."""
        if not self._faults.exists():
            return Faults()
        return Faults(**json.loads(self._faults.read_text(encoding="utf-8")))

    def save_faults(self, faults: Faults) -> None:
        """Remember the faults in force."""
        write_private(self._faults, json.dumps(asdict(faults), indent=1) + "\n")

    def keys(self, topology: Topology) -> dict[str, str]:
        """Return the MD5 key of each session that has one; empty before ``ensure_keys``."""
        by_host = self._read_keys()
        return {
            name: by_host[session.host][name]
            for name, session in topology.sessions.items()
            if session.md5 and name in by_host.get(session.host, {})
        }

    def ensure_keys(self, topology: Topology) -> list[str]:
        """Make the keys that are missing and drop those of no session; return what was done.

        The file maps host -> neighbor -> key with every host in it, so that an inventory can look a host up.
        """
        before = self._read_keys()
        wanted: dict[str, dict[str, str]] = {host: {} for host in topology.hosts}
        for name, session in topology.sessions.items():
            if session.md5:
                wanted[session.host][name] = before.get(session.host, {}).get(name) or new_key()
        if wanted == before:
            return []
        write_private(self._keys, yaml.safe_dump(wanted))
        return ["MD5 keys made"]

    def _read_keys(self) -> dict[str, dict[str, str]]:
        if not self._keys.exists():
            return {}
        data: dict[str, dict[str, str]] = yaml.safe_load(self._keys.read_text(encoding="utf-8"))
        return data


def new_key() -> str:
    """Return a new random MD5 key of letters and digits."""
    return "".join(secrets.choice(_KEY_CHARACTERS) for _position in range(_KEY_LENGTH))


def check_key(key: str) -> str:
    """Return a key that every router's configuration can hold as it is; raises LabError for any other."""
    if (
        0 < len(key) <= _LONGEST_KEY
        and all("!" <= character <= "~" for character in key)
        and not set(key) & set("\"'\\;")
    ):
        return key
    raise LabError(f"a key is 1 to {_LONGEST_KEY} printable ASCII characters without space, quote, backslash and ;")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
