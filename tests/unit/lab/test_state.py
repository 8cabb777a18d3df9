# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, faults and the small decisions of the lab."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
import yaml

import lab
from lab.access import pip_settings
from lab.errors import LabError
from lab.images import RECIPES, Recipe
from lab.nodes import mac_address, wanted
from lab.preflight import overlapping
from lab.state import Faults, State, check_key, new_key
from lab.status import duration, table
from lab.topology import load

TOPOLOGY = load(Path(lab.__file__).parent / "topology.yml")


def test_keys_are_made_once_private_and_only_for_sessions_with_md5(tmp_path: Path):
    state = State(tmp_path)
    assert state.ensure_keys(TOPOLOGY) == ["MD5 keys made"]
    assert state.ensure_keys(TOPOLOGY) == []
    file = tmp_path / "keys.yml"
    assert file.stat().st_mode & 0o777 == 0o600
    by_host = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert {host: sorted(keys) for host, keys in by_host.items()} == {
        "aws-1": [],
        "azure-1": [],
        "gcp-1": ["cr-0", "cr-1"],
        "onprem-1": ["edge-0", "edge-0-v6"],
    }
    assert set(state.keys(TOPOLOGY)) == {"cr-0", "cr-1", "edge-0", "edge-0-v6"}


def test_keys_of_no_session_are_dropped_and_others_kept(tmp_path: Path):
    (tmp_path / "keys.yml").write_text("gcp-1: {cr-0: kept, old: gone}\n", encoding="utf-8")
    state = State(tmp_path)
    state.ensure_keys(TOPOLOGY)
    by_host = yaml.safe_load((tmp_path / "keys.yml").read_text(encoding="utf-8"))
    assert by_host["gcp-1"]["cr-0"] == "kept"
    assert "old" not in by_host["gcp-1"]


def test_new_keys_differ_and_are_safe():
    keys = {new_key() for _number in range(50)}
    assert len(keys) == 50
    assert all(len(check_key(key)) == 24 for key in keys)


@pytest.mark.parametrize("key", ["", "x" * 81, "a b", 'a"b', "a'b", "a\\b", "a;b", "ä", "a\n"])
def test_bad_keys_are_refused(key: str):
    with pytest.raises(LabError) as error:
        check_key(key)
    assert len(key) < 2 or key not in str(error.value)


def test_faults_are_remembered_and_told_without_the_key(tmp_path: Path):
    state = State(tmp_path)
    assert state.faults() == Faults()
    faults = Faults(cut=["aws-1"], stopped=["rs-0"], keys={"cr-0": "secret"}, peer_as={"tgw-0": 65099})
    state.save_faults(faults)
    assert state.faults() == faults
    assert (tmp_path / "faults.json").stat().st_mode & 0o777 == 0o600
    assert faults.words() == [
        "link of aws-1 cut",
        "rs-0 stopped",
        "cr-0 has another key",
        "tgw-0 expects AS 65099",
    ]


def test_remove_says_whether_there_was_something(tmp_path: Path):
    state = State(tmp_path / "state")
    assert not state.remove()
    with state.locked():
        pass
    assert state.remove()
    assert not state.folder.exists()


def test_a_recipe_s_tag_changes_with_its_content():
    recipe = RECIPES["router"]
    assert recipe.tag == Recipe(recipe.name, recipe.suite, recipe.packages, recipe.hooks).tag
    assert recipe.tag != Recipe(recipe.name, recipe.suite, (*recipe.packages, "bash"), recipe.hooks).tag


def test_no_mirror_is_named_unless_asked_for():
    command = RECIPES["router"].command(Path("/t.tar"), None)
    assert command[-2:] == ["bookworm", "/t.tar"]
    assert RECIPES["router"].command(Path("/t.tar"), "http://mirror.test/debian")[-1] == "http://mirror.test/debian"


def test_hosts_are_bare():
    for name in ("host-bookworm", "host-trixie"):
        assert not {"python3-venv", "exabgp"} & set(RECIPES[name].packages)


def test_routers_and_fabric_have_no_way_to_the_machine():
    containers = wanted(TOPOLOGY, "cloudbgp.lab=test", ())
    for name in (*TOPOLOGY.routers, "fabric"):
        assert "--network=none" in containers[name].options
    assert "--ip=10.89.187.11" in containers["aws-1"].options
    assert mac_address("10.89.187.11") == "02:63:0a:59:bb:0b"


@pytest.mark.parametrize(
    ("others", "hit"),
    [
        (["default", "0.0.0.0/0", "10.89.186.0/24"], None),
        (["10.0.0.0/8"], "10.0.0.0/8"),
        (["10.89.187.5"], "10.89.187.5"),
        (["fd00::/8"], None),
    ],
)
def test_overlapping(others: list[str], hit: str | None):
    assert overlapping(ipaddress.ip_network("10.89.187.0/24"), others) == hit


def test_pip_settings_are_only_the_index_and_the_certificate(tmp_path: Path):
    weak, strong = tmp_path / "weak.conf", tmp_path / "strong.conf"
    weak.write_text("[global]\nindex-url = https://weak.test/simple\ncert = /weak.pem\nconstraint = /c\n")
    strong.write_text("[global]\nindex-url = https://strong.test/simple\nfind-links = /wheels\n")
    assert pip_settings([weak, strong], {}) == {"index-url": "https://strong.test/simple", "cert": "/weak.pem"}
    assert pip_settings([weak], {"PIP_CERT": "/env.pem", "PIP_FIND_LINKS": "/x"})["cert"] == "/env.pem"
    assert pip_settings([], {"PIP_INDEX_URL": "file:///srv/simple"}) == {}
    assert pip_settings([], {}) == {}


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "-"), (7, "7s"), (65, "1m05s"), (3900, "1h05m"), (90000, "1d01h")]
)
def test_duration(seconds: int | None, words: str):
    assert duration(seconds) == words


def test_table_shows_what_is_down():
    session = {
        "name": "cr-0",
        "site": "gcp",
        "software": "gobgp",
        "local_address": "10.128.0.2",
        "local_as": 64514,
        "peer_address": "10.128.0.10",
        "peer_as": 65030,
        "md5": True,
        "ttl_security": False,
        "state": "down",
        "state_raw": "Idle",
        "last_error": "Bad peer AS",
        "uptime_s": None,
        "routes": [],
        "host_state": "OPENSENT",
        "host_prefixes": ["203.0.113.10/32"],
    }
    text = table([session])
    assert "Idle (Bad peer AS)" in text
    assert text.endswith("0 of 1 sessions established at both ends, 0 prefixes learned")
    assert "Opensent" in text


@pytest.mark.parametrize(("router", "host"), [("down", "ESTABLISHED"), ("established", "ACTIVE")])
def test_a_session_counts_only_when_both_ends_have_it(router: str, host: str):
    words = dict.fromkeys(("name", "site", "software", "local_address", "peer_address", "state_raw"), "x")
    numbers = {"local_as": 1, "peer_as": 2, "md5": False, "ttl_security": False, "last_error": "", "uptime_s": 1}
    ends = {"state": router, "routes": [], "host_state": host, "host_prefixes": []}
    assert table([{**words, **numbers, **ends}]).endswith(
        "0 of 1 sessions established at both ends, 0 prefixes learned"
    )
