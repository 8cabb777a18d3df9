# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""A timer on the host that puts the previous configuration back unless the change is confirmed.

It covers what the module cannot: a controller that dies, a connection that is cut, a module that is killed between
the change and its proof.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_SCRIPT = (
    'set -e; install -o root -g "$3" -m 0640 "$1" "$2.revert"; mv -f "$2.revert" "$2"; '
    'echo "the change was not confirmed: $1 is put back"; systemctl reload "$4" || systemctl restart "$4"'
)


class Revert:
    """The timer of one service."""

    def __init__(self, module: AnsibleModule, service: str) -> None:
        self._module = module
        self._service = service
        self.unit = service.removesuffix(".service") + "-revert"

    def arm(self, generation: str, path: str, group: str, seconds: float) -> str:
        """Start the timer. Returns an empty text, or why it could not be started.

        :param generation: the file to put back.
        :param path: the configuration.
        :param group: the group that may read it.
        :param seconds: the time to confirm in.
        """
        self.disarm()
        rc, _out, err = self._module.run_command(
            [
                "systemd-run",
                f"--unit={self.unit}",
                f"--on-active={seconds:.0f}s",
                "--timer-property=AccuracySec=500ms",
                "--property=Type=oneshot",
                "--description=Put the previous configuration of ExaBGP back",
                "--collect",
                "/bin/sh",
                "-c",
                _SCRIPT.replace("$", "$$"),
                "sh",
                generation,
                path,
                group,
                self._service,
            ]
        )
        return "" if rc == 0 else str(err).strip()

    def disarm(self) -> None:
        """Confirm the change: stop the timer."""
        self._module.run_command(["systemctl", "stop", f"{self.unit}.timer"])

    def pending(self) -> bool:
        """Whether an earlier change is still waiting to be confirmed."""
        rc, _out, _err = self._module.run_command(["systemctl", "is-active", "--quiet", f"{self.unit}.timer"])
        return bool(rc == 0)

    def run_now(self) -> None:
        """Put the previous configuration back without waiting for the timer."""
        self._module.run_command(["systemctl", "start", f"{self.unit}.service"])
        self.disarm()
