# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of this checkout, as git sees them: tracked and new ones, not the ignored."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NAMESPACE = "cloudbgp"
NAME = "exabgp"
CACHE = ROOT / ".cache"


def files(root: Path = ROOT) -> list[Path]:
    """Return the paths, relative to `root`, of all files that git would track and that exist."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = sorted({Path(name) for name in listing.split("\0") if name})
    return [name for name in names if (root / name).is_symlink() or (root / name).is_file()]


def copy(destination: Path, root: Path = ROOT, leave_out: str = "") -> Path:
    """Copy those files, but for the folder `leave_out`, into a new git repository at `destination`, and return it.

    Links stay links. The repository has no commits: the tools that read it only ask git for the files.
    """
    for name in files(root):
        if leave_out and name.is_relative_to(leave_out):
            continue
        target = destination / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", str(destination)], check=True)
    subprocess.run(["git", "add", "--all", "--force"], cwd=destination, check=True)
    return destination


def copy_as_collection(parent: Path, root: Path = ROOT) -> Path:
    """Copy the checkout to `parent`/ansible_collections/NAMESPACE/NAME, where Ansible looks for a collection.

    The link below collections/, which does the same for a checkout elsewhere, stays behind.
    """
    return copy(parent / "ansible_collections" / NAMESPACE / NAME, root, leave_out="collections/ansible_collections")
