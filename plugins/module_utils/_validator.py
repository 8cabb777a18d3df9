# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""Have the installed ExaBGP judge a configuration, as its own user, without a key on disk or in words."""

from __future__ import annotations

import grp
import os
import re
import shutil
import tempfile
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _conffile

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Verdict:
    """What ExaBGP says of a file."""

    valid: bool
    reason: str
    """Masked; empty for a valid file."""


def version(module: AnsibleModule, exabgp: str) -> tuple[int, int, int] | None:
    """The version of an ExaBGP program; C(version) in 5.x, C(--version) in 4.2. None when neither tells."""
    for argument in ("version", "--version"):
        rc, out, _err = module.run_command([exabgp, argument], environ_update=_ENVIRONMENT)
        match = _VERSION.search(out) if rc == 0 else None
        if match:
            return (int(match[1]), int(match[2]), int(match[3]))
    return None


_ENVIRONMENT = {
    "PYTHONIOENCODING": "utf-8",
    "exabgp_log_destination": "stdout",
    "exabgp_log_level": "INFO",
    "exabgp_daemon_drop": "false",
}


def validate(
    module: AnsibleModule,
    exabgp: str,
    found: tuple[int, int, int] | None,
    text: str,
    keys: Mapping[str, str],
    user: str,
    group: str,
) -> Verdict:
    """Validate a whole configuration.

    The file lies in memory (C(/run)), readable by the daemon's group, and is gone afterwards.
    The program runs as the daemon's user, since a helper that only root may run keeps every
    neighbor down. ExaBGP accepts a file with one closing brace too many and forgets what
    follows it, so braces and the count of neighbors are held against the text as well.

    :param found: what :func:`version` says of the program.
    :param text: the configuration with its keys.
    :param keys: to be masked in the reason.
    """
    brace = _conffile.unbalanced(text)
    if brace:
        return Verdict(False, brace)
    if found is None:
        return Verdict(False, f"{exabgp} does not tell its version; is it installed and executable?")
    directory = tempfile.mkdtemp(prefix="exabgp-validate-", dir="/run" if os.path.isdir("/run") else None)
    try:
        gid = grp.getgrnam(group).gr_gid
        os.chown(directory, 0, gid)
        os.chmod(directory, 0o750)  # noqa: S103 - the daemon's group validates in it
        path = os.path.join(directory, "exabgp.conf")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chown(path, 0, gid)
        as_daemon = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--", exabgp]
        arguments = ["validate", "-n", "-r", path] if found >= (5, 0, 0) else ["--test", path]
        rc, out, err = module.run_command([*as_daemon, *arguments], environ_update=_ENVIRONMENT, cwd="/")
        checked = _conffile.self_checked(text)
        if rc != 0 and checked != text and _only_a_route(out + err):
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(checked)
            rc, out, err = module.run_command([*as_daemon, *arguments], environ_update=_ENVIRONMENT, cwd="/")
        if rc != 0 and found < (5, 0, 0) and "syntax error" not in out + err:
            # 4.2.21 encodes "next-hop self" anew as ::1 and calls its own route different (measured).
            rc, out, err = module.run_command([*as_daemon, "--validate", path], environ_update=_ENVIRONMENT, cwd="/")
        if rc != 0:
            return Verdict(False, _conffile.masked(_reason(out, err, path), keys))
        wanted = len(_conffile.read_sessions(text))
        counted = (out + err).count("✓ neighbor")
        if found >= (5, 0, 0) and counted != wanted:
            return Verdict(False, f"ExaBGP reads {counted} neighbors where the configuration has {wanted}")
        return Verdict(True, "")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _only_a_route(output: str) -> bool:
    """Tell whether ExaBGP could read the file and complains of a route that it encoded itself."""
    return "syntax error" not in output and "not a valid config" not in output


def _reason(out: str, err: str, path: str) -> str:
    """The validator's own complaint, without its banner and timestamps."""
    lines = []
    for line in (out + "\n" + err).splitlines():
        text = line.rsplit("|", 1)[-1].strip() if "|" in line else line.strip()
        text = re.sub(r"^(configuration|parser|error:)\s*", "", text).replace(path, "exabgp.conf")
        if text and text not in lines:
            lines.append(text)
    marks = [
        number
        for number, text in enumerate(lines)
        if "not a valid config" in text or "syntax error" in text or "not reloaded" in text
    ]
    return "; ".join(lines[marks[0] :] if marks else lines[-6:])
