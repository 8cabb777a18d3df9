# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""Ask a running ExaBGP a question over its named pipes.

ExaBGP's own command line client hangs or mixes answers when two run at once, returns 0 on
an error and cannot tell a daemon that is down from one that is frozen. This client holds a
lock while it asks, throws away what an earlier caller left behind, and bounds every wait.

The pipes and the commands are the same in ExaBGP 4.2 and 5.x.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

PIPE_DIR = "/run/exabgp"

SPEC: dict[str, dict[str, object]] = {
    "pipe_dir": {"type": "path", "default": PIPE_DIR},
    "answer_timeout": {"type": "float", "default": 5},
}
"""The options of every module that asks the daemon; documented in the doc fragment C(daemon)."""

# The daemon's helper retries a pipe that had no reader every 50 ms; silence for twice as
# long means that nothing is left over from an earlier caller.
QUIET = 0.12


class DaemonError(Exception):
    """The daemon could not be asked. The text says why, for an operator."""


class DaemonDownError(DaemonError):
    """Nothing reads the daemon's command pipe."""


class DaemonSilentError(DaemonError):
    """The daemon took the command, or its pipe, and did not answer in time."""


class CommandRefusedError(DaemonError):
    """The daemon answered C(error)."""


class Pipes:
    """The daemon's two pipes, held open under a lock.

    Use :func:`connect`.
    """

    def __init__(self, reader: int, writer: int, timeout: float) -> None:
        self._reader = reader
        self._writer = writer
        self._timeout = timeout

    def ask(self, command: str) -> list[str]:
        """Send one command and return the lines of its answer.

        :param command: an API command, without a newline.
        :return: the lines before the closing C(done).
        :raises DaemonSilentError: no byte of an answer for the timeout.
        :raises CommandRefusedError: the daemon answered C(error).
        """
        try:
            os.write(self._writer, command.encode("ascii") + b"\n")
        except BlockingIOError:
            raise DaemonSilentError("the daemon does not read its command pipe (it is frozen or overloaded)") from None
        except BrokenPipeError:
            raise DaemonDownError("the daemon closed its command pipe (it stopped just now)") from None
        lines: list[str] = []
        for line in self._lines(command):
            if line == "done":
                return lines
            if line in ("error", "shutdown"):
                raise CommandRefusedError(f"the daemon answered '{line}' to '{command}'")
            lines.append(line)
        raise DaemonSilentError(f"the daemon did not finish its answer to '{command}'")

    def version(self) -> str:
        """The version of the daemon that runs, e.g. C(5.0.15). Raises as :meth:`ask`, and for an empty answer."""
        words = " ".join(self.ask("version")).split()
        if not words:
            raise DaemonSilentError("the daemon's answer to 'version' is empty (it starts or stops just now)")
        return words[-1]

    def _lines(self, command: str) -> Iterator[str]:
        pending = b""
        while True:
            ready, _writable, _failed = select.select([self._reader], [], [], self._timeout)
            if not ready:
                raise DaemonSilentError(f"the daemon did not answer '{command}' within {self._timeout:g} s")
            pending += os.read(self._reader, 65536)
            *complete, pending = pending.split(b"\n")
            for line in complete:
                yield line.decode("utf-8", "replace")

    def drain(self) -> None:
        """Throw away what an earlier caller did not read."""
        deadline = time.monotonic() + self._timeout
        while select.select([self._reader], [], [], QUIET)[0]:
            os.read(self._reader, 65536)
            if time.monotonic() > deadline:
                raise DaemonSilentError(
                    "the daemon's answer pipe never falls quiet (something else is reading a long answer)"
                )


@contextmanager
def connect(pipe_dir: str = PIPE_DIR, name: str = "exabgp", timeout: float = 5.0) -> Iterator[Pipes]:
    """Open the daemon's pipes for a series of commands.

    :param pipe_dir: the directory with C(NAME.in) and C(NAME.out).
    :param name: ExaBGP's C(api.pipename).
    :param timeout: seconds without any progress after which the daemon counts as silent.
    :raises DaemonDownError: a pipe is missing, or no daemon has it open.
    :raises DaemonSilentError: another client holds the lock for the whole timeout.
    """
    command_pipe = os.path.join(pipe_dir, f"{name}.in")
    descriptors: list[int] = []
    try:
        try:
            lock = _open(os.path.join(pipe_dir, f"{name}.lock"), os.O_RDWR | os.O_CREAT)
            descriptors.append(lock)
            _lock(lock, timeout)
            # Read and write, so that the pipe never reports an end when the daemon's
            # helper closes it between two lines.
            reader = _open(os.path.join(pipe_dir, f"{name}.out"), os.O_RDWR | os.O_NONBLOCK)
            descriptors.append(reader)
            writer = _open(command_pipe, os.O_WRONLY | os.O_NONBLOCK)
            descriptors.append(writer)
        except FileNotFoundError:
            raise DaemonDownError(f"there are no command pipes in {pipe_dir}") from None
        except PermissionError as exc:
            raise DaemonError(f"{exc.filename} may not be opened by this user (become root)") from None
        except OSError as exc:
            if exc.errno == errno.ENXIO:
                raise DaemonDownError(f"no daemon has {command_pipe} open") from None
            raise DaemonError(f"the command pipes cannot be opened: {exc}") from None
        if not all(stat.S_ISFIFO(os.fstat(descriptor).st_mode) for descriptor in (reader, writer)):
            raise DaemonError(f"{pipe_dir}/{name}.in and .out are no named pipes")
        pipes = Pipes(reader, writer, timeout)
        pipes.drain()
        yield pipes
    finally:
        for descriptor in reversed(descriptors):
            os.close(descriptor)


def _open(path: str, flags: int) -> int:
    # The directory belongs to the daemon's user: a link in it must not lead root elsewhere.
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _lock(descriptor: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise DaemonSilentError(f"another client kept the daemon's pipes busy for {timeout:g} s") from None
            time.sleep(0.05)
