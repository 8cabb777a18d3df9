# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin in a real ansible-playbook: what it reads, what it returns, and what an operator sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _plan

# .../ansible_collections/cloudbgp/exabgp/plugins/plugin_utils/_plan.py
COLLECTIONS = Path(_plan.__file__).parents[5]
BIN = Path(sys.executable).parent
KEY = "hunter2Hunter2hunter2"

# Nobody answers there: a plugin that opens a connection fails.
UNREACHABLE = {"ansible_host": "192.0.2.1", "ansible_connection": "ssh", "ansible_ssh_timeout": 1}
GROUP: dict[str, Any] = {
    "exabgp_local_as": "{{ site_as }}",
    "site_as": 65010,
    "exabgp_local_address": "{{ own_address }}",
    "exabgp_router_id": "{{ own_address }}",
    "exabgp_neighbors": [
        {"name": "rs-0", "profile": "azure_route_server", "peer_address": "10.0.1.4"},
        {"name": "rs-1", "profile": "azure_route_server", "peer_address": "{{ '10.0.1.' ~ 5 }}"},
        {"name": "core", "peer_address": "10.0.2.1", "peer_as": "{{ 65000 + 20 }}", "md5": "{{ true }}"},
    ],
    "exabgp_routes": "{{ [{'prefix': '203.0.113.0/24', 'communities': ['65010:1']}] }}",
    "exabgp_md5_keys": {"core": "{{ secret }}"},
    "secret": KEY,
    "exabgp_install_version": "{{ nobody_defines_this }}",
}


@dataclass
class Run:
    code: int
    output: str
    result: dict[str, Any]


@pytest.fixture
def run(tmp_path):
    def go(hosts: dict[str, Any], *options: str, arguments=None, serial=0, group=None, inventory_text=None) -> Run:
        inventory = {"all": {"hosts": hosts, "vars": {**UNREACHABLE, **(GROUP if group is None else group)}}}
        text = inventory_text or yaml.safe_dump(inventory, sort_keys=False)
        (tmp_path / "inventory.yml").write_text(text, encoding="utf-8")
        (tmp_path / "ansible.cfg").touch()
        result = tmp_path / "result.json"
        tasks = [
            {"name": "Plan", "cloudbgp.exabgp.exabgp_plan": arguments, "register": "planned", "run_once": True},
            {
                "name": "Keep the result",
                "ansible.builtin.copy": {"content": "{{ planned | to_json }}", "dest": str(result)},
                "run_once": True,
                "delegate_to": "keeper",
                "check_mode": False,
                "diff": False,
                "connection": "local",
                "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
            },
        ]
        play: dict[str, Any] = {"hosts": "all", "gather_facts": False, "tasks": tasks}
        if serial:
            play["serial"] = serial
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")} | {
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "COLUMNS": "1000",
        }
        done = subprocess.run(
            [str(BIN / "ansible-playbook"), "-i", "inventory.yml", "play.yml", *options],
            cwd=tmp_path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        kept = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
        return Run(done.returncode, done.stdout + done.stderr, kept)

    if not (BIN / "ansible-playbook").exists():
        pytest.skip("no ansible-playbook beside this Python")
    return go


def test_every_host_of_the_play_is_planned_and_nothing_is_changed(run):
    done = run({"edge-1": {"own_address": "10.0.2.10"}, "edge-2": {"own_address": "10.0.2.11"}}, "--check", "--diff")
    assert done.code == 0, done.output
    assert done.result["changed"] is False
    assert done.result["errors"] == []
    assert done.result["summary"] == {"hosts": 2, "neighbors": 6, "routes": 6}
    assert list(done.result["hosts"]) == ["edge-1", "edge-2"]
    edge_2 = done.result["hosts"]["edge-2"]
    assert [n["local_address"] for n in edge_2["plan"]["neighbors"]] == ["10.0.2.11"] * 3
    assert [n["peer_as"] for n in edge_2["plan"]["neighbors"]] == [65515, 65515, 65020]
    assert 'md5-password "@@md5:core@@";' in edge_2["config"]


def test_a_batch_knows_the_hosts_of_the_other_batches(run):
    done = run({"edge-1": {"own_address": "10.0.2.10"}, "edge-2": {"own_address": "10.0.2.11"}}, serial=1)
    assert done.code == 0, done.output
    assert list(done.result["hosts"]) == ["edge-1", "edge-2"]


def test_only_the_hosts_that_are_asked_for(run):
    hosts = {"edge-1": {"own_address": "10.0.2.10"}, "edge-2": {}}
    assert list(run(hosts, arguments={"hosts": ["edge-1"]}).result["hosts"]) == ["edge-1"]


def test_a_host_that_is_not_there(run):
    done = run({"edge-1": {"own_address": "10.0.2.10"}}, arguments={"hosts": ["edge-1", "edge-9"]})
    assert done.code != 0
    assert "edge-9: is not in the inventory" in done.output


def test_a_warning_is_shown_and_returned(run):
    done = run({"edge-1": {"own_address": "10.0.2.10"}}, group=GROUP | {"exabgp_md5_keys": {"core": "short"}})
    warning = "edge-1: neighbor core: exabgp_md5_keys[core]: the key has 5 bytes, and fewer than 12 can be guessed"
    assert done.code == 0, done.output
    told = f"{warning} [key.short: RFC 3562]"
    assert f"[WARNING]: {told}" in " ".join(done.output.split())  # older cores break the line
    assert done.result["warnings"] == [told]
    assert done.result["findings"] == [
        {
            "severity": "warning",
            "host": "edge-1",
            "where": "neighbor core",
            "field": "exabgp_md5_keys[core]",
            "reason": "the key has 5 bytes, and fewer than 12 can be guessed",
            "hint": "",
            "rule": "key.short",
            "source": "RFC 3562",
            "text": warning,
        }
    ]
    assert done.result["hosts"]["edge-1"]["plan"]["warnings"] == [warning]


def test_all_errors_of_all_hosts_are_shown_one_a_line(run):
    hosts = {
        "edge-1": {"own_address": "10.0.2.10", "exabgp_neighbours": []},
        "edge-2": {"own_address": "10.0.1.5"},
        "edge-3": {"own_address": "10.0.2.12"},
        "edge-4": {},
        "edge-5": {"own_address": "10.0.2.13", "exabgp_local_as": 65515},
    }
    done = run(hosts)
    expected = [
        "edge-1: exabgp_neighbours: there is no such variable (did you mean exabgp_neighbors)",
        "edge-2: neighbor rs-1: peer_address: 10.0.1.5 is also the local address",
        "edge-5: exabgp_local_as: 65515 is refused: Azure Route Server does not peer with this AS number, "
        "which Azure or IANA reserves [azure_route_server.local_as_reserved: Azure Route Server FAQ]",
    ]
    assert done.code != 0
    assert "The inventory is refused: 5 errors on 4 hosts. Nothing was changed." in done.output
    # Before 2.19 the message is one text of JSON, with its line ends escaped.
    rows = done.output.replace("\\n", "\n").splitlines()
    lines = [line.strip().rstrip(",").strip('"') for line in rows]
    for text in expected:
        assert text in lines
    for variable in ("exabgp_local_address", "exabgp_router_id"):
        assert any(
            line.startswith(f"edge-4: {variable}: cannot be templated: 'own_address' is undef") for line in lines
        )
    assert done.result == {}


def test_keys_that_cannot_be_had_are_named_without_a_word_of_them(run):
    keys = {"core": f"{{{{ lookup('ansible.builtin.file', '/nowhere/{KEY}') }}}}"}
    done = run({"edge-1": {"own_address": "10.0.2.10"}}, group=GROUP | {"exabgp_md5_keys": keys})
    assert done.code != 0
    assert "edge-1: exabgp_md5_keys: cannot be templated or decrypted" in done.output
    assert "1 error on 1 host." in done.output


@pytest.mark.parametrize("options", [(), ("--diff",), ("--check", "--diff"), ("-vvv",)], ids=" ".join)
def test_no_key_is_shown(run, options):
    hosts = {"edge-1": {"own_address": "10.0.2.10"}}
    assert KEY not in run(hosts, *options).output
    doubled = GROUP | {"exabgp_md5_keys": {"core": KEY + "'", KEY: "core", "rs-0": KEY}}
    refused = run(hosts, *options, group=doubled)
    assert "The inventory is refused" in refused.output
    assert KEY not in refused.output


def test_a_vaulted_key_is_read(run, tmp_path):
    (tmp_path / "password").write_text("open sesame\n", encoding="utf-8")
    vaulted = subprocess.run(
        [str(BIN / "ansible-vault"), "encrypt_string", "--vault-password-file", str(tmp_path / "password"), KEY],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    group = yaml.safe_dump(GROUP | UNREACHABLE | {"exabgp_md5_keys": {"core": "PLACE"}, "own_address": "10.0.2.10"})
    indented = "".join(f"    {line}\n" for line in group.splitlines()).replace("PLACE", vaulted.strip())
    text = f"all:\n  hosts:\n    edge-1:\n  vars:\n{indented}"
    done = run({}, "--vault-password-file", "password", inventory_text=text)
    assert done.code == 0, done.output
    assert done.result.get("warnings", []) == []
    assert KEY not in done.output + json.dumps(done.result)
    closed = run({}, inventory_text=text)
    assert closed.code != 0
    assert "hunter2" not in closed.output
