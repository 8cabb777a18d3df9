# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity` on a copy of this checkout: python -m tests.tools.sanity [OPTION...].

`ansible-test` wants the checkout in a folder ansible_collections/NAMESPACE/NAME, lays a virtual environment per Python,
and fetches a bootstrap script for pip from a site of its own. Here the script is a few lines that install the same
pip from the package index, so a machine that reaches nothing else can run it too. Options go to `ansible-test sanity`.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ansible_test

from tests.tools import collections, pythons, tree

# The oldest Python of a managed host (tests/config.yml): modules have to compile and import there as well.
OLDEST_TARGET = "3.9"

SHIM = """\
import glob, os, runpy, sys
wheel, = glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "pip-{version}-*.whl"))
sys.path.insert(0, wheel)
wanted = [name for name in ("setuptools", "wheel") if "--no-" + name not in sys.argv]
options = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
options = [word for word in options if not word.startswith("pip==")]
sys.argv = ["pip", "install", *options, wheel, *wanted]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def pip_version() -> str:
    """Return the version of pip that the installed `ansible-test` lays into its environments."""
    source = Path(ansible_test.__path__[0]) / "_internal" / "python_requirements.py"
    found = re.search(r"""pip=['"]([\d.]+)['"]""", source.read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"sanity: no version of pip found in {source}")
    return found[1]


def lay_bootstrap(home: Path) -> None:
    """Put the bootstrap script and its wheel where `ansible-test` looks first, below the home folder `home`."""
    version = pip_version()
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    if not list(cache.glob(f"pip-{version}-*.whl")):
        subprocess.run(
            [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--dest", str(cache), f"pip=={version}"],
            check=True,
        )
    # ansible-test hands pip no variables, so its settings have to be in that home: the user's, and to print errors.
    settings = configparser.RawConfigParser()
    settings.read([Path.home() / ".pip" / "pip.conf", Path.home() / ".config" / "pip" / "pip.conf"], encoding="utf-8")
    if not settings.has_section("global"):
        settings.add_section("global")
    settings.set("global", "quiet", "2")
    target = home / ".config" / "pip" / "pip.conf"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8") as file:
        settings.write(file)
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    script.write_text(SHIM.format(version=version), encoding="utf-8")


def environment(home: Path, interpreters: list[str]) -> dict[str, str]:
    """Return the environment for `ansible-test`: a home of its own, and the `interpreters` on the PATH."""
    folders = [str(Path(sys.executable).parent), *(str(Path(python).parent) for python in interpreters)]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "VIRTUAL_ENV"))}
    # pip's downloads are kept where they always are.
    env.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    env.update(HOME=str(home), PATH=os.pathsep.join([*folders, env["PATH"]]))
    return env


def main(options: list[str]) -> int:
    """Run the tests with the Python of this environment, then what concerns managed hosts with the oldest one."""
    home = tree.CACHE / "sanity-home"
    lay_bootstrap(home)
    oldest = pythons.find(OLDEST_TARGET)
    env = environment(home, [oldest] if oldest else [])
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    with tempfile.TemporaryDirectory(prefix="sanity-") as folder:
        collection = tree.copy_as_collection(Path(folder))
        # The documentation of the AWS modules takes its common part from there.
        shutil.copytree(collections.FOLDER / "ansible_collections" / "amazon", collection.parents[1] / "amazon")
        runs = [["--python", own, *options]]
        if options:
            pass
        elif oldest:
            runs.append(["--python", OLDEST_TARGET, "--test", "compile", "--test", "import"])
        else:
            print(f"sanity: no Python {OLDEST_TARGET} at hand: compile and import run with {own} only", flush=True)
        status = 0
        for run in runs:
            command = ["ansible-test", "sanity", "--color", "no", *run]
            print("$", *command, flush=True)
            status |= subprocess.run(command, cwd=collection, env=env, check=False).returncode
    return 1 if status else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
