# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab says while it works: short lines on stderr, with elapsed seconds."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

_HEARTBEAT_S = 5.0
_lock = threading.Lock()


def say(text: str) -> None:
    """Print one line; standard output stays free for data (``status --json``)."""
    with _lock:
        print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a long step, report every few seconds that it still runs, and say how long it took."""
    started = time.monotonic()
    finished = threading.Event()

    def beat() -> None:
        while not finished.wait(_HEARTBEAT_S):
            say(f"  {text}: {time.monotonic() - started:.0f} s")

    say(f"  {text} ...")
    watcher = threading.Thread(target=beat, daemon=True)
    watcher.start()
    try:
        yield
    except BaseException:
        say(f"  {text}: failed after {time.monotonic() - started:.1f} s")
        raise
    else:
        say(f"  {text}: done in {time.monotonic() - started:.1f} s")
    finally:
        finished.set()
        watcher.join()
