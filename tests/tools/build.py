# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection and install it the ways users do: python -m tests.tools.build.

From the tarball, and as an AWX project update does from a checkout. No server is asked in either.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.tools import tree

BIN = Path(sys.executable).parent

# What may stand at the top of the tarball: anything else is a lack in build_ignore of galaxy.yml.
TOP = {
    "CHANGELOG.rst", "CONTRIBUTING.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "changelogs",
    "docs", "meta", "playbooks", "plugins", "roles", "site.yml", "tests",
}  # fmt: skip
TESTS = {"config.yml", "sanity"}
LARGEST = 2 * 1024 * 1024  # bytes


def run(folder: Path, *command: str, **variables: str) -> str:
    """Run a program of this environment in `folder`; print and return its output. Raises SystemExit when it fails."""
    print("$", *command, flush=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    env.update(variables, PATH=os.pathsep.join([str(BIN), env["PATH"]]))
    result = subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True, check=False)
    print(result.stdout, end="", flush=True)
    if result.returncode:
        raise SystemExit(f"build: {command[0]} ended with {result.returncode}")
    return result.stdout


def strangers(names: list[str]) -> list[str]:
    """Return those names of files in a tarball that have no business in it."""
    found = []
    for name in names:
        parts = Path(name).parts
        known = parts[0] in TOP and (parts[0] != "tests" or len(parts) == 1 or parts[1] in TESTS)
        if not known or "__pycache__" in parts:
            found.append(name)
    return found


def build(output: Path) -> Path:
    """Build the tarball from this very checkout, caches and all, and check what went into it."""
    run(tree.ROOT, "ansible-galaxy", "collection", "build", "--output-path", str(output), ".")
    (tarball,) = output.glob("*.tar.gz")
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    size = tarball.stat().st_size
    print(f"{tarball.name}: {len(names)} entries, {size / 1024:.0f} KiB")
    if found := strangers(names):
        raise SystemExit(f"build: does not belong in the tarball (build_ignore in galaxy.yml): {' '.join(found)}")
    if size > LARGEST:
        raise SystemExit(f"build: the tarball is larger than {LARGEST} bytes")
    return tarball


def try_tarball(tarball: Path, folder: Path) -> None:
    """Install the tarball in an empty place and load every playbook by its full name."""
    place = {"ANSIBLE_COLLECTIONS_PATH": str(folder), "ANSIBLE_HOME": str(folder / "home")}
    run(folder, "ansible-galaxy", "collection", "install", "--offline", "-p", str(folder), str(tarball), **place)
    installed = folder / "ansible_collections" / tree.NAMESPACE / tree.NAME
    for playbook in sorted(installed.glob("playbooks/*.yml")):
        name = f"{tree.NAMESPACE}.{tree.NAME}.{playbook.stem}"
        run(folder, "ansible-playbook", "--inventory", "localhost,", "--syntax-check", name, **place)


def try_project(folder: Path) -> None:
    """Do with a fresh checkout what an AWX project update and its jobs do.

    Where the update installs to depends on the ansible-core in AWX's environment: a folder of its own, or the one that
    ansible.cfg of the project names, where the link already is the collection.
    """
    checkout = tree.copy(folder / "project")
    place = {"ANSIBLE_HOME": str(folder / "home")}
    update = ("ansible-galaxy", "collection", "install", "-r", "collections/requirements.yml")
    run(checkout, *update, **place)
    run(checkout, *update, **place, ANSIBLE_COLLECTIONS_PATH=str(folder / "requirements"))
    if not (folder / "requirements" / "ansible_collections" / tree.NAMESPACE / tree.NAME / "MANIFEST.json").exists():
        raise SystemExit("build: the project update installed nothing")
    playbooks = [checkout / "site.yml", *sorted(checkout.glob("playbooks/*.yml"))]
    for playbook in playbooks:
        name = str(playbook.relative_to(checkout))
        run(checkout, "ansible-playbook", "--inventory", "localhost,", "--syntax-check", name, **place)


def try_execution_environment(folder: Path) -> None:
    """Check that ansible-builder finds what an execution environment needs for the collection."""
    found = run(folder, "ansible-builder", "introspect", str(folder))
    if f"{tree.NAMESPACE}.{tree.NAME}" not in found:
        raise SystemExit("build: ansible-builder found no requirements of the collection")


def main() -> int:
    """Build, look inside, install in all ways, and have Galaxy's own importer read it."""
    with tempfile.TemporaryDirectory(prefix="build-") as name:
        folder = Path(name)
        for part in ("output", "tarball", "project", "importer"):
            (folder / part).mkdir()
        tarball = build(folder / "output")
        try_tarball(tarball, folder / "tarball")
        try_execution_environment(folder / "tarball")
        try_project(folder / "project")
        # ansible-lint has a stage of its own.
        importer = (sys.executable, "-m", "galaxy_importer.main", str(tarball))
        run(folder / "importer", *importer, GALAXY_IMPORTER_RUN_ANSIBLE_LINT="false")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
