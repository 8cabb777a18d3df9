# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/import.yml in a real ansible-playbook: the files that it writes, and that no key is printed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _plan
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host

COLLECTIONS = Path(_plan.__file__).parents[5]
PLAYBOOK = Path(_plan.__file__).parents[2] / "playbooks" / "import.yml"
KEY = "hunter2Hunter2hunter2"
FILE = f"""\
# md5-password {KEY}-of-old;
neighbor 10.0.2.1 {{
    router-id 10.0.2.10;
    local-address 10.0.2.10;
    local-as 65010;
    peer-as 65020;
    md5-password "{KEY}";
    family {{ ipv4 unicast; }}
    group-updates false;
    static {{ route 203.0.113.0/24 next-hop self; }}
}}
"""


@pytest.fixture
def run(tmp_path):
    inventory = {"exabgp": {"hosts": {"edge-1": {"ansible_connection": "local", "ansible_become": False}}}}
    inventory["exabgp"]["hosts"]["edge-1"]["ansible_python_interpreter"] = sys.executable
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    (tmp_path / "ansible.cfg").touch()
    (tmp_path / "exabgp.conf").write_text(FILE, encoding="utf-8")

    def go(*options: str) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", tmp_path / "hosts.yml", PLAYBOOK, *options]
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"}
        environment["ANSIBLE_CONFIG"] = str(tmp_path / "ansible.cfg")
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return go


@pytest.mark.parametrize("where", ["exabgp_import_src", "exabgp_import_file"])
def test_variables_and_keys_are_written_apart(run, tmp_path, where):
    done = run("-e", f"{where}={tmp_path}/exabgp.conf", "-vvv")
    assert done.returncode == 0, done.stdout
    assert KEY not in done.stdout + done.stderr
    assert "partly raw: 0 neighbors modelled, 1 with raw statements, 0 raw" in done.stdout
    directory = tmp_path / "host_vars" / "edge-1"
    variables, keys = directory / "exabgp.yml", directory / "exabgp_md5_keys.yml"
    assert KEY not in variables.read_text(encoding="utf-8")
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    together = {**yaml.safe_load(variables.read_text("utf-8")), **yaml.safe_load(keys.read_text("utf-8"))}
    assert together["exabgp_md5_keys"] == {"10.0.2.1": KEY}
    assert together["exabgp_neighbors"][0]["raw"] == "group-updates false;\n"
    assert plan_host("edge-1", together).errors == []
    again = run("-e", f"{where}={tmp_path}/exabgp.conf")
    assert "changed=0" in again.stdout


def test_files_with_other_content_are_not_overwritten_unasked(run, tmp_path):
    taken = tmp_path / "host_vars" / "edge-1" / "exabgp.yml"
    taken.parent.mkdir(parents=True)
    taken.write_text("mine: 1\n", encoding="utf-8")
    arguments = ("-e", f"exabgp_import_file={tmp_path}/exabgp.conf")
    refused = run(*arguments)
    assert refused.returncode != 0
    assert "would be overwritten" in refused.stdout
    assert KEY not in refused.stdout
    assert taken.read_text(encoding="utf-8") == "mine: 1\n"
    assert run(*arguments, "-e", "exabgp_import_force=true").returncode == 0
    assert "exabgp_neighbors" in taken.read_text(encoding="utf-8")


def test_check_mode_writes_nothing(run, tmp_path):
    done = run("-e", f"exabgp_import_file={tmp_path}/exabgp.conf", "--check")
    assert done.returncode == 0
    assert "changed=1" in done.stdout
    assert not (tmp_path / "host_vars").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        (FILE.replace("peer-as 65020;", "peer-as 65020"), "line 6: the line does not end with a semicolon or a brace"),
        ("process x { run /bin/cat; }\n", "cannot be imported: the file has no neighbor"),
    ],
)
def test_what_cannot_be_imported_is_said_without_its_content(run, tmp_path, text, words):
    path = tmp_path / "other.conf"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = run("-e", f"exabgp_import_file={path}", "-vvv")
    assert done.returncode != 0
    assert words in done.stdout
    assert KEY not in done.stdout + done.stderr
