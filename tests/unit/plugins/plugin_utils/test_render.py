# SPDX-License-Identifier: GPL-3.0-or-later
"""The rendered configuration: its text, and what the real ExaBGP of both lines says of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _conffile
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._announce import extended
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render

HERE = Path(__file__).parent
GOOD = {
    name: inventory
    for path in sorted(HERE.glob("*good*.yml"))
    for name, inventory in yaml.safe_load(path.read_text(encoding="utf-8")).items()
}

CORE_1 = """\
# neighbor core-1
neighbor 10.0.2.1 {
    description "left; the {first} #1";
    router-id 10.0.2.10;
    local-address 10.0.2.10;
    local-as 65010;
    peer-as 65020;
    hold-time 30;
    connect 179;
    outgoing-ttl 255;
    incoming-ttl 255;
    md5-password "@@md5:core-1@@";
    md5-base64 false;
    family {
        ipv4 unicast;
    }
    static {
        route 203.0.113.0/25 next-hop self;
        route 203.0.113.128/25 next-hop 10.0.2.99 origin igp med 0 as-path [ 65010 65010 ]\
 community [ 65010:1 no-export no-advertise blackhole 65535:0 ]\
 large-community [ 65010:1:2 4200000000:0:4294967295 ]\
 extended-community [ target:65010:4294967295 origin:65010:1\
 0x0202fa56ea010007 0x01020a0000010005 0x0203fa56ea010007 ];
        route 198.51.100.7/32 next-hop 10.0.2.10;
    }
    peer-address 10.0.2.1;
}
"""


def rendered(inventory):
    plan = plan_host("edge-1", inventory).plan
    assert plan is not None
    return render(plan)


def config(name):
    return rendered(GOOD[name])


def block(text, name):
    found = re.search(rf"^# neighbor {re.escape(name)}\n.*?^}}\n", text, re.DOTALL | re.MULTILINE)
    return found[0] if found else ""


def exabgp(variable, is_it):
    """The ExaBGP that the environment names, or the one beside the Python that runs the tests."""
    beside = Path(sys.executable).with_name("exabgp")
    for candidate in (os.environ.get(variable), beside, shutil.which("exabgp")):
        if candidate and Path(candidate).is_file() and is_it(str(candidate)):
            return str(candidate)
    pytest.skip(f"no such ExaBGP beside this Python or in {variable}")


def run(*command):
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def exabgp_5():
    return exabgp("CLOUDBGP_EXABGP5", lambda path: " 5." in run(path, "version").stdout)


@pytest.fixture(scope="module")
def exabgp_42():
    return exabgp("CLOUDBGP_EXABGP42", lambda path: " 4.2." in run(path, "--version").stdout)


def test_a_neighbor_is_one_block_with_all_that_it_has():
    assert block(config("router"), "core-1") == CORE_1


def test_a_passive_neighbor_listens_and_does_not_connect():
    text = block(config("router"), "core-3")
    assert "    passive true;\n    listen 179;\n" in text
    assert "connect" not in text


def test_a_multihop_neighbor_has_an_outgoing_ttl_only():
    text = block(config("router"), "core-2")
    assert "    connect 1179;\n    outgoing-ttl 4;\n" in text
    assert "incoming-ttl" not in text


def test_a_neighbor_without_routes_has_no_static_section():
    text = rendered(GOOD["azure"] | {"exabgp_routes": []})
    assert "static" not in text
    assert text.count("\nneighbor ") == 2


def runnable(name):
    """The configuration with a program that is on this machine, too."""
    return _conffile.without_agent(config(name))


@pytest.mark.parametrize("name", GOOD)
def test_exabgp_5_takes_it(exabgp_5, name, tmp_path):
    path = tmp_path / "exabgp.conf"
    path.write_text(_conffile.self_checked(runnable(name)), encoding="utf-8")
    result = run(exabgp_5, "validate", "-n", "-r", str(path))
    assert result.returncode == 0, result.stdout + result.stderr
    path.write_text(runnable(name), encoding="utf-8")
    printed = run(exabgp_5, "validate", "-n", str(path))
    neighbors = re.findall(r"neighbor\s+\S+$", printed.stdout + printed.stderr, re.MULTILINE)
    assert len(neighbors) == len(GOOD[name]["exabgp_neighbors"])


@pytest.mark.parametrize("name", GOOD)
def test_exabgp_42_takes_it(exabgp_42, name, tmp_path):
    path = tmp_path / "exabgp.conf"
    path.write_text(_conffile.self_checked(runnable(name)), encoding="utf-8")
    result = run(exabgp_42, "--test", str(path))
    assert result.returncode == 0, result.stdout + result.stderr
    printed = run(exabgp_42, "--validate", str(path))
    neighbors = re.findall(r"\| neighbor \S+ {$", printed.stdout + printed.stderr, re.MULTILINE)
    assert len(neighbors) == len(GOOD[name]["exabgp_neighbors"])


READ_BACK = """
import sys
from exabgp.configuration.static import parser
for text in sys.argv[1:]:
    print(parser._extended_community(text).pack().hex())
"""


@pytest.mark.parametrize("line", ["exabgp_5", "exabgp_42"])
def test_extended_communities_have_the_bytes_of_the_standards(line, request):
    """RFC 4360: 2-byte AS is type 0, IPv4 address type 1; RFC 5668: 4-byte AS is type 2."""
    expected = {
        "target:65010:1": "0002fdf200000001",
        "origin:65010:4294967295": "0003fdf2ffffffff",
        "target:4200000001:7": "0202fa56ea010007",
        "origin:65536:65535": "020300010000ffff",
        "target:10.0.0.1:5": "01020a0000010005",
        "origin:10.0.0.1:5": "01030a0000010005",
    }
    python = Path(request.getfixturevalue(line)).with_name("python")
    if not python.exists():
        pytest.skip("this ExaBGP is not in a virtual environment, so its parser cannot be asked")
    result = run(str(python), "-c", READ_BACK, *map(extended, expected))
    assert result.stdout.split() == list(expected.values()), result.stderr
