# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the daemon's pipes, against real named pipes; the lab asks real daemons."""

from __future__ import annotations

import os
import threading
import time

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _daemon


@pytest.fixture
def pipes(tmp_path):
    os.mkfifo(tmp_path / "exabgp.in")
    os.mkfifo(tmp_path / "exabgp.out")
    return tmp_path


@pytest.fixture
def daemon(pipes):
    """Answers each command with the next script; a script is a list of byte strings written one after another."""
    scripts: list[list[bytes]] = []
    reader = os.open(pipes / "exabgp.in", os.O_RDWR | os.O_NONBLOCK)
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            try:
                commands = os.read(reader, 4096).split(b"\n")[:-1]
            except BlockingIOError:
                time.sleep(0.005)
                continue
            for _command in commands:
                writer = os.open(pipes / "exabgp.out", os.O_WRONLY)
                for chunk in scripts.pop(0):
                    os.write(writer, chunk)
                os.close(writer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield scripts
    stop.set()
    thread.join(2)
    os.close(reader)


def test_an_answer_comes_back_without_its_end(pipes, daemon):
    daemon += [[b"exabgp 5.0.15\ndone\n"], [b"a\nb", b"c\n", b"done\n"]]
    with _daemon.connect(str(pipes), timeout=1) as client:
        assert client.ask("version") == ["exabgp 5.0.15"]
        assert client.ask("show neighbor extensive") == ["a", "bc"]


def test_the_version_and_an_empty_answer(pipes, daemon):
    daemon += [[b"exabgp 5.0.15\ndone\n"], [b"done\n"]]
    with _daemon.connect(str(pipes), timeout=1) as client:
        assert client.version() == "5.0.15"
        with pytest.raises(_daemon.DaemonSilentError, match="'version' is empty"):
            client.version()


def test_a_refused_command_is_an_error(pipes, daemon):
    daemon += [[b"error\n"]]
    with _daemon.connect(str(pipes), timeout=1) as client, pytest.raises(_daemon.CommandRefusedError, match="bogus"):
        client.ask("bogus")


def test_what_an_earlier_caller_left_behind_is_thrown_away(pipes, daemon):
    left = os.open(pipes / "exabgp.out", os.O_RDWR | os.O_NONBLOCK)
    os.write(left, b"old answer\ndone\n")
    daemon += [[b"new answer\ndone\n"]]
    with _daemon.connect(str(pipes), timeout=1) as client:
        assert client.ask("version") == ["new answer"]
    os.close(left)


def test_a_daemon_that_does_not_answer_is_silent(pipes, daemon):
    daemon += [[]]
    started = time.monotonic()
    with (
        _daemon.connect(str(pipes), timeout=0.3) as client,
        pytest.raises(_daemon.DaemonSilentError, match=r"within 0\.3 s"),
    ):
        client.ask("version")
    assert time.monotonic() - started < 2


def test_no_pipe_is_a_daemon_that_is_down(tmp_path):
    with pytest.raises(_daemon.DaemonDownError, match="no command pipes"), _daemon.connect(str(tmp_path)):
        pass


def test_a_pipe_that_nobody_reads_is_a_daemon_that_is_down(pipes):
    with pytest.raises(_daemon.DaemonDownError, match="no daemon has"), _daemon.connect(str(pipes)):
        pass


def test_two_callers_do_not_mix(pipes, daemon):
    daemon += [[b"first\ndone\n"], [b"second\ndone\n"]]
    answers = []

    def ask():
        with _daemon.connect(str(pipes), timeout=2) as client:
            answers.append(client.ask("version"))

    threads = [threading.Thread(target=ask) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert sorted(answers) == [["first"], ["second"]]


def test_a_caller_that_holds_the_pipes_too_long_is_named(pipes, daemon):
    with (
        _daemon.connect(str(pipes), timeout=1),
        pytest.raises(_daemon.DaemonSilentError, match="another client"),
        _daemon.connect(str(pipes), timeout=0.2),
    ):
        pass


def test_a_link_in_the_daemons_directory_leads_nowhere(tmp_path):
    (tmp_path / "target").write_text("kept", encoding="utf-8")
    for end in ("in", "out"):
        (tmp_path / f"exabgp.{end}").symlink_to(tmp_path / "target")
    with pytest.raises(_daemon.DaemonError, match="cannot be opened"), _daemon.connect(str(tmp_path)):
        pass
    assert (tmp_path / "target").read_text(encoding="utf-8") == "kept"


def test_a_plain_file_is_no_pipe(tmp_path):
    for end in ("in", "out"):
        (tmp_path / f"exabgp.{end}").write_text("", encoding="utf-8")
    with pytest.raises(_daemon.DaemonError, match="no named pipes"), _daemon.connect(str(tmp_path)):
        pass
