# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps service addresses on the loopback interface: python -m exabgp_health.vips FILE.

Runs as a unit of its own, outside of ExaBGP's sandbox. FILE is a JSON list of addresses with lengths. An address that
someone removes is put back; SIGHUP reads FILE again. Only what this program has added is ever removed by it, also by a
later run: the addresses are remembered in $RUNTIME_DIRECTORY. SIGTERM reads FILE a last time and ends; what stands in
it stays on the interface.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

DEVICE = "lo"
_GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR of linux/rtnetlink.h
# How often the addresses are looked at without an event: a message of the kernel can be lost.
_LOOK = 5.0


def present() -> set[str]:
    """The addresses of the interface, with their lengths. Raises subprocess.CalledProcessError."""
    text = subprocess.run(
        ["ip", "-json", "address", "show", "dev", DEVICE], check=True, capture_output=True, text=True
    ).stdout
    items = [item for link in json.loads(text) for item in link.get("addr_info", [])]
    return {str(ipaddress.ip_interface(f"{item['local']}/{item['prefixlen']}")) for item in items}


def _change(verb: str, address: str) -> bool:
    options = ["nodad"] if verb == "add" and ":" in address else []
    done = subprocess.run(["ip", "address", verb, address, "dev", DEVICE, *options], check=False, capture_output=True)
    if done.returncode:
        print(f"{verb} {address}: {done.stderr.decode(errors='replace').strip()}", file=sys.stderr, flush=True)
    return done.returncode == 0


def settle(wanted: Iterable[str], owned: set[str], here: set[str]) -> set[str]:
    """Add what is wanted and missing, remove what was added before and is not wanted; return what is owned now."""
    goal = set(wanted)
    for address in sorted(owned - goal):
        if address in here and _change("del", address):
            print(f"{address} removed", flush=True)
    kept = owned & goal
    for address in sorted(goal - here):
        if _change("add", address):
            print(f"{address} {'restored' if address in owned else 'added'}", flush=True)
            kept.add(address)
    return kept


def read(path: Path) -> list[str]:
    """The wanted addresses. Raises ValueError or OSError for a file that holds something else."""
    return [str(ipaddress.ip_interface(item)) for item in json.loads(path.read_text(encoding="utf-8"))]


def main() -> None:
    """Watch until SIGTERM."""
    path, state = Path(sys.argv[1]), Path(os.environ["RUNTIME_DIRECTORY"], "owned.json")
    owned: set[str] = set()
    with contextlib.suppress(OSError, ValueError):
        owned = set(json.loads(state.read_text(encoding="utf-8")))
    wanted = read(path)
    signals: list[int] = []
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: signals.append(number))
    # select() goes on after a signal (PEP 475), so each also makes a pipe readable.
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    events.bind((0, _GROUPS))
    while True:
        taken: list[int] = []
        while signals:
            taken.append(signals.pop())
        if taken:
            try:
                wanted = read(path)
            except (OSError, ValueError) as error:
                print(f"{path}: {error}; the old list stays", file=sys.stderr, flush=True)
        try:
            found = settle(wanted, owned, present())
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            print(error, file=sys.stderr, flush=True)
            found = owned
        if found != owned:
            owned = found
            with contextlib.suppress(OSError):
                state.write_text(json.dumps(sorted(owned)), encoding="utf-8")
        if signal.SIGTERM in taken:
            return
        ready = select.select([events.fileno(), woken], [], [], _LOOK)[0]
        if woken in ready:
            os.read(woken, 4096)
        elif ready:
            time.sleep(0.02)  # events of one change come together
            with contextlib.suppress(OSError):
                while events.recv(65536):
                    pass


if __name__ == "__main__":
    main()
