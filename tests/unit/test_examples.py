# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventories: read by Ansible itself, planned without a word, and taken by the real ExaBGP."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.manager import VariableManager

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plain import plain
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host, takes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._profiles import names
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
EXAMPLES = sorted(path.name for path in FOLDER.glob("*.yml"))


def variables(example):
    """The exabgp_* variables of each host, templated, with a key for each of its lookups."""
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(FOLDER / example)])
    manager = VariableManager(loader=loader, inventory=inventory)
    hosts = {}
    for host in inventory.get_hosts():
        of_host = manager.get_vars(host=host)
        # Lookups need Ansible's own way of importing collections, which would replace that of the tests.
        of_host["exabgp_md5_keys"] = {name: f"Xq7v2Lr9Tz4-{name}" for name in of_host.get("exabgp_md5_keys", {})}
        templar = Templar(loader=loader, variables=of_host)
        hosts[host.name] = {name: plain(templar.template(of_host[name])) for name in of_host if takes(name)}
    return hosts


@pytest.fixture(scope="module")
def exabgp():
    for candidate in (
        os.environ.get("CLOUDBGP_EXABGP5"),
        Path(sys.executable).with_name("exabgp"),
        shutil.which("exabgp"),
    ):
        if candidate and Path(candidate).is_file():
            version = subprocess.run([candidate, "version"], check=False, capture_output=True, text=True)
            if " 5." in version.stdout:
                return str(candidate)
    pytest.skip("no ExaBGP 5 beside this Python or in CLOUDBGP_EXABGP5")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_planned_without_a_word_and_taken_by_exabgp(example, exabgp, tmp_path):
    hosts = variables(example)
    assert hosts
    for host, inventory in hosts.items():
        result = plan_host(host, inventory)
        assert [str(finding) for finding in result.errors + result.warnings] == []
        assert result.plan is not None
        assert all(neighbor["routes"] or neighbor["services"] for neighbor in result.plan["neighbors"])
        path = tmp_path / f"{host}.conf"
        # ExaBGP wants the program of a process to be there; on a host the role exabgp_health has installed it before.
        text = render(result.plan).replace("/opt/exabgp-health/current/bin/python", sys.executable)
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [exabgp, "validate", "-n", "-r", str(path)], check=False, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_profile_is_shown_and_every_example_is_listed():
    texts = {file: (FOLDER / file).read_text(encoding="utf-8") for file in EXAMPLES}
    shown = {profile for text in texts.values() for profile in re.findall(r"profile: (\w+)", text)}
    assert shown | {"router"} >= set(names())
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(.*?)\]", readme, re.MULTILINE) == re.findall(r"\]\((.*?\.yml)\)", readme)
    assert sorted(re.findall(r"\]\((.*?\.yml)\)", readme)) == EXAMPLES
    for text in texts.values():
        assert list(yaml.safe_load(text)) == ["exabgp"]
