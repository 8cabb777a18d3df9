# SPDX-License-Identifier: GPL-3.0-or-later
"""The three images, each made from Debian packages with mmdebstrap; no container registry is asked.

An image's tag is a hash of its recipe, so a recipe that changed is built again and one that did not is not.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from .console import step
from .podman import IMAGE_LABEL, Podman, run

REPOSITORY = "localhost/cloudbgp-lab"

# Units that cannot work without a kernel, a console or devices of their own: they would make systemd "degraded".
_MASKED = (
    "systemd-modules-load.service",
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
    "systemd-networkd-wait-online.service",
    "systemd-resolved.service",
    "systemd-logind.service",
    "console-getty.service",
    "getty.target",
    "e2scrub_reap.service",
)
_COMMON_PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "iproute2",
    "iputils-ping",
    "nftables",
    "procps",
)
_HOST_PACKAGES = (*_COMMON_PACKAGES, "python3", "openssh-server", "sudo", "ca-certificates")
_ROUTER_PACKAGES = (*_COMMON_PACKAGES, "frr", "bird2", "gobgpd", "tcpdump")

# Mounting /proc/sys/net writable gives a host the network settings of its own namespace, as a VM has them;
# the rest of /proc/sys belongs to the machine and stays read-only.
_NET_SYSCTL_UNIT = """\
[Unit]
Description=Make this network namespace's settings writable
DefaultDependencies=no
Before=sysinit.target systemd-sysctl.service
ConditionPathIsReadWrite=!/proc/sys/net

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount --bind /proc/sys/net /proc/sys/net
ExecStart=/bin/mount -o remount,bind,rw /proc/sys/net

[Install]
WantedBy=sysinit.target
"""
_HOST_KEY_UNIT = """\
[Unit]
Description=Make the SSH host key at the first boot
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key

[Install]
WantedBy=multi-user.target
"""


def _write_file(path: str, content: str) -> str:
    """Return a shell line that writes a file below the new root."""
    return f'printf %s {_shell_quote(content)} > "$1"{path}'


def _shell_quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


_COMMON_HOOKS = (
    'systemctl --root="$1" mask ' + " ".join(_MASKED),
    # Empty, not "uninitialized": systemd would take the first boot as an installation and enable every service.
    ': > "$1"/etc/machine-id',
    _write_file("/etc/systemd/system/lab-net-sysctl.service", _NET_SYSCTL_UNIT),
    'systemctl --root="$1" enable lab-net-sysctl.service',
)
_HOST_HOOKS = (
    *_COMMON_HOOKS,
    'rm -f "$1"/etc/ssh/ssh_host_*',
    _write_file("/etc/systemd/system/ssh-host-key.service", _HOST_KEY_UNIT),
    'systemctl --root="$1" enable ssh-host-key.service ssh.service',
    'chroot "$1" useradd --create-home --shell /bin/bash --password "*" admin',
    _write_file("/etc/sudoers.d/admin", "admin ALL=(ALL) NOPASSWD: ALL\n"),
    'chmod 0440 "$1"/etc/sudoers.d/admin',
    'install -d -m 0700 -o "$(chroot "$1" id -u admin)" -g "$(chroot "$1" id -g admin)" "$1"/home/admin/.ssh',
)
# Debian's units stop a daemon from being restarted often, and GoBGP's user cannot read a file with keys in it.
_ROUTER_DROP_INS = {
    "frr": "[Unit]\nStartLimitIntervalSec=0\n",
    "bird": "[Unit]\nStartLimitIntervalSec=0\n",
    "gobgpd": "[Unit]\nStartLimitIntervalSec=0\n[Service]\nDynamicUser=no\nUser=root\nRestart=on-failure\n",
}
_ROUTER_HOOKS = (
    *_COMMON_HOOKS,
    *(
        line
        for unit, text in _ROUTER_DROP_INS.items()
        for line in (
            f'mkdir -p "$1"/etc/systemd/system/{unit}.service.d',
            _write_file(f"/etc/systemd/system/{unit}.service.d/lab.conf", text),
            f'systemctl --root="$1" disable {unit}.service',
        )
    ),
)


@dataclass(frozen=True)
class Recipe:
    """Everything that an image's content depends on."""

    name: str
    suite: str
    packages: tuple[str, ...]
    hooks: tuple[str, ...]
    exclude: tuple[str, ...] = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")

    @property
    def tag(self) -> str:
        """The first 12 hex digits of the recipe's SHA-256."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def reference(self) -> str:
        """The image's full name, for podman."""
        return f"{REPOSITORY}/{self.name}:{self.tag}"

    def command(self, target: Path, mirror: str | None) -> list[str]:
        """Return the mmdebstrap call; without ``mirror`` mmdebstrap takes Debian's own default."""
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(self.packages)}"]
        command += [f"--dpkgopt=path-exclude={pattern}" for pattern in self.exclude]
        command += [f"--customize-hook={hook}" for hook in self.hooks]
        command += [self.suite, str(target)]
        if mirror:
            command.append(mirror)
        return command


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("host-bookworm", "bookworm", _HOST_PACKAGES, _HOST_HOOKS),
        # Its ping has no capability of its own: these defaults allow it to every user, as on any Debian 13.
        Recipe("host-trixie", "trixie", (*_HOST_PACKAGES, "linux-sysctl-defaults"), _HOST_HOOKS),
        Recipe("router", "bookworm", _ROUTER_PACKAGES, _ROUTER_HOOKS),
    )
}


def ensure(podman: Podman, recipes: Sequence[Recipe] = tuple(RECIPES.values())) -> list[str]:
    """Build the images that are missing and return what was done, one text each. Two labs of a checkout take turns."""
    with Path(__file__).open(encoding="utf-8") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return _ensure(podman, recipes)


def _ensure(podman: Podman, recipes: Sequence[Recipe]) -> list[str]:
    present = podman.images()
    missing = [recipe for recipe in recipes if recipe.reference not in present]
    if not missing:
        return []
    # dpkg keeps one core busy, so more builds at once than cores only get in each other's way.
    with ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1)) as pool:
        list(pool.map(lambda recipe: _build(podman, recipe), missing))
    return [f"image {recipe.name} built" for recipe in missing]


def prune(podman: Podman) -> list[str]:
    """Remove images of recipes that have changed since; return what was done. Their containers must be gone."""
    stale = sorted(podman.images() - {recipe.reference for recipe in RECIPES.values()})
    if not stale:
        return []
    # Not checked: one that somebody else's container uses stays until that is gone.
    return [
        f"old image {reference.rpartition('/')[2]} removed"
        for reference in stale
        if podman.call("rmi", reference, check=False).returncode == 0
    ]


def _build(podman: Podman, recipe: Recipe) -> None:
    with (
        step(f"image {recipe.name} (Debian {recipe.suite}, {len(recipe.packages)} packages)"),
        tempfile.TemporaryDirectory(prefix="cloudbgp-lab-", dir="/var/tmp") as folder,
    ):
        tarball = Path(folder) / "root.tar"
        run(recipe.command(tarball, os.environ.get("LAB_MIRROR")))
        podman.call(
            "import",
            "--quiet",
            "--change", 'CMD ["/sbin/init"]',
            "--change", "STOPSIGNAL SIGRTMIN+3",
            "--change", f"LABEL {IMAGE_LABEL}",
            str(tarball),
            recipe.reference,
        )  # fmt: skip
