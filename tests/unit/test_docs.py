# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows is what the collection does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _conffile
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render

ROOT = Path(__file__).parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


@pytest.mark.parametrize("role", ROLES)
def test_a_roles_readme_is_generated_from_its_argument_specs(role: str, tmp_path: Path) -> None:
    program = shutil.which("aar-doc", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("aar-doc is in the development environment only")
    shutil.copytree(ROOT / "roles" / role, tmp_path / role)
    shutil.copy(ROOT / "galaxy.yml", tmp_path)
    (tmp_path / "roles").mkdir()
    shutil.move(tmp_path / role, tmp_path / "roles" / role)
    subprocess.run([program, "--output-mode", "replace", f"roles/{role}", "markdown"], cwd=tmp_path, check=True)
    committed = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert (tmp_path / "roles" / role / "README.md").read_text(encoding="utf-8") == committed, "run 'make docs'"


@pytest.mark.parametrize("role", ROLES)
def test_argument_specs_and_defaults_name_the_same_variables(role: str) -> None:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    defaults = ROOT / "roles" / role / "defaults/main.yml"
    values = yaml.safe_load(defaults.read_text(encoding="utf-8")) if defaults.exists() else {}
    options = specs["argument_specs"]["main"]["options"]
    assert {name: option.get("default") for name, option in options.items() if "default" in option} == values


def readme_inventory() -> dict[str, dict]:
    """The variables of each host of the README's inventory, its lookups replaced by what they stand for."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n# inventory/hosts.yml\n(.*?)```", text, re.DOTALL)
    assert block is not None
    group = yaml.safe_load(block[1])["exabgp"]
    hosts = {name: {**group["vars"], **variables} for name, variables in group["hosts"].items()}
    hosts["onprem-1"]["exabgp_md5_keys"] = {"edge-0": "a-key-of-sufficient-length"}
    return hosts


@pytest.mark.parametrize("host", ["azure-1", "onprem-1"])
def test_the_readmes_inventory_is_planned_without_a_word(host: str) -> None:
    result = plan_host(host, readme_inventory()[host])
    assert [str(finding) for finding in [*result.errors, *result.warnings]] == []
    assert result.plan is not None
    assert len(_conffile.read_sessions(render(result.plan))) == len(result.plan["neighbors"])


def test_every_file_that_the_readme_links_to_is_there() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def inventory_page() -> dict[str, Any]:
    """All variables of the examples of docs/inventory.md; lists of one variable are put together by name."""
    text = (ROOT / "docs" / "inventory.md").read_text(encoding="utf-8")
    variables: dict[str, Any] = {
        "exabgp_local_as": 65010,
        "exabgp_router_id": "10.0.2.10",
        "exabgp_local_address": "10.0.2.10",
        "exabgp_md5_keys": {"core-1": "first-key-of-length", "core-2": "other-key-of-length"},
        "exabgp_neighbors": [],
    }
    for block in re.findall(r"```yaml\n(exabgp_.*?)```", text, re.DOTALL):
        for name, value in yaml.safe_load(block).items():
            if name != "exabgp_neighbors":
                variables[name] = value
                continue
            known = {entry["name"]: entry for entry in variables[name]}
            variables[name] = list({**known, **{e["name"]: {**known.get(e["name"], {}), **e} for e in value}}.values())
    for entry in variables["exabgp_neighbors"]:
        entry["families"] = ["ipv4 unicast", "ipv4 flow"]
    return variables


def test_the_examples_of_the_inventory_page_are_planned_without_a_word() -> None:
    result = plan_host("edge-1", inventory_page())
    assert [str(finding) for finding in [*result.errors, *result.warnings]] == []
    assert result.plan is not None
    assert [flow["name"] for flow in result.plan["neighbors"][0]["flows"]] == ["ntp-reflection", "web-limit"]
    assert result.plan["neighbors"][0]["raw"]["raw"] is True
