# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the collections of others that the tests use into .cache/collections: python -m tests.tools.collections.

They come out of the package "ansible", pinned by hash in collections.txt, so that no Galaxy server is asked.
Done already: leaves at once.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.tools import tree

LOCK = tree.ROOT / "tests" / "tools" / "collections.txt"
FOLDER = tree.CACHE / "collections"
NAMES = ("amazon.aws", "awx.awx", "azure.azcollection", "google.cloud")


def lay() -> None:
    """Download the package and unpack NAMES out of it."""
    stamp = LOCK.read_text(encoding="utf-8") + " ".join(NAMES)
    mark = FOLDER / ".stamp"
    if mark.exists() and mark.read_text(encoding="utf-8") == stamp:
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="collections-") as folder:
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--dest", folder]
        subprocess.run([*pip, "download", *options, "--requirement", str(LOCK)], check=True)
        (wheel,) = Path(folder).glob("ansible-*.whl")
        wanted = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in NAMES)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(FOLDER, [name for name in archive.namelist() if name.startswith(wanted)])
    mark.write_text(stamp, encoding="utf-8")


if __name__ == "__main__":
    lay()
