# SPDX-License-Identifier: GPL-3.0-or-later
"""The other scripts of the suite: the copy of the checkout, and what may be in the tarball."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import build, pythons, tree


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "collections" / "ansible_collections").mkdir(parents=True)
    (root / "collections" / "ansible_collections" / "link").symlink_to("../..")
    for name, text in {".gitignore": "/cache/\n", "tracked": "1", "gone": "2", "new": "3", "cache/file": "4"}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for command in (["init", "--quiet"], ["add", "tracked", "gone"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    (root / "gone").unlink()
    return root


def test_files_are_those_that_git_would_track(checkout: Path) -> None:
    names = [str(name) for name in tree.files(checkout)]
    assert names == [".gitignore", "collections/ansible_collections/link", "new", "tracked"]


def test_copy_keeps_links_and_is_a_repository(checkout: Path, tmp_path: Path) -> None:
    copied = tree.copy(tmp_path / "copied", checkout)
    assert (copied / "collections" / "ansible_collections" / "link").is_symlink()
    assert tree.files(copied) == tree.files(checkout)


def test_copy_as_collection_leaves_the_link_behind(checkout: Path, tmp_path: Path) -> None:
    copied = tree.copy_as_collection(tmp_path / "place", checkout)
    assert copied == tmp_path / "place" / "ansible_collections" / "cloudbgp" / "exabgp"
    assert not (copied / "collections").exists()


@pytest.mark.parametrize(
    "name", ["lab/cli.py", ".venv/bin/python", "tests/unit/test_x.py", "plugins/__pycache__/x.pyc"]
)
def test_tarball_strangers_are_found(name: str) -> None:
    assert build.strangers(["README.md", "tests", "tests/config.yml", "plugins/modules/x.py", name]) == [name]


def test_python_that_is_not_there_is_none() -> None:
    assert pythons.find("3.1") is None


def test_first_python_at_hand_wins() -> None:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = pythons.find("3.1", own)
    assert found is not None
    assert Path(found).name.startswith("python3")
