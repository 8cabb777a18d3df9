# SPDX-License-Identifier: GPL-3.0-or-later
"""Every family that the plan knows, as BIRD, FRR and GoBGP have it in their tables after site.yml, from both lines."""

from __future__ import annotations

import base64
import json
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _conffile
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render

from .conftest import ROOT, Run

HERE = Path(__file__).parent / "families"
TOPOLOGY = str(HERE / "topology.yml")
HOSTS = {"5": "line-5", "4": "line-4"}
ADDRESSES = {"5": ("192.168.60.15", "fd00:60::15"), "4": ("192.168.60.14", "fd00:60::14")}
LIMIT_S = 600
lines = pytest.mark.parametrize("line", list(HOSTS))


def command(*words: str, check: bool = True) -> Run:
    done = subprocess.run(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S, check=False
    )
    if check and done.returncode != 0:
        pytest.fail(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}")
    return Run(done.returncode, done.stdout)


def lab(*arguments: str) -> str:
    return command(sys.executable, "-m", "lab", "--topology", TOPOLOGY, *arguments).out


def play(playbook: str, *arguments: str) -> Run:
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return command(program, "-i", str(HERE / "inventory"), playbook, *arguments)


def ask(router: str, *words: str) -> str:
    return lab("exec", router, "--", *words)


def bird(table: str, line: str) -> dict[str, str]:
    """The routes of a table that one host announced, each with its lines, by what stands before the protocol."""
    text = ask("bird", "birdc", "show", "route", "table", table, "all", "protocol", f"'bird-{line}'")
    found: dict[str, str] = {}
    head = ""
    for row in text.splitlines():
        match = re.match(r"(\S.*?)?\s+(?:unicast )?\[bird-\d ", row)
        if match:
            head = match[1] or head
            found[head] = found.get(head, "") + row + "\n"
        elif head and row.startswith("\t"):
            found[head] += row.strip() + "\n"
    return found


def frr(view: str, line: str) -> str:
    """The paths from one host out of FRR's answer."""
    text = ask("frr", "vtysh", "-c", f"show bgp {view}")
    blocks = re.split(r"\n(?=  \d)", text)
    return "\n".join(block for block in blocks if f"from {ADDRESSES[line][0]} " in block)


def gobgp(family: str, line: str) -> dict[str, list[dict[str, Any]]]:
    answer: dict[str, list[dict[str, Any]]] = json.loads(
        ask("gobgp", "gobgp", "neighbor", ADDRESSES[line][0], "adj-in", "-a", family, "-j")
    )
    return answer


def eventually(holds: Callable[[], bool], limit_s: float = 30) -> bool:
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


@pytest.fixture(scope="module")
def deployed() -> Iterator[Run]:
    """Both hosts deployed with site.yml; the lab is removed again."""
    was_up = (HERE / ".state/keys.yml").exists()
    lab("up")
    yield play("site.yml")
    if not was_up:
        lab("down", "--keep-images")


def test_the_deployment_proves_and_verifies_every_family(deployed: Run) -> None:
    assert {host: counts["failed"] for host, counts in deployed.recap().items()} == dict.fromkeys(HOSTS.values(), 0)
    assert deployed.out.count(" established ") == 6


def test_a_second_run_changes_nothing(deployed: Run) -> None:
    again = play("site.yml")
    assert {host: counts["changed"] for host, counts in again.recap().items()} == dict.fromkeys(HOSTS.values(), 0)


@lines
def test_bird_has_unicast_with_every_attribute(deployed: Run, line: str) -> None:
    four, six = ADDRESSES[line]
    routes = bird("master4", line)
    for words in (
        "BGP.origin: EGP",
        "BGP.as_path: 65060 64999",
        f"BGP.next_hop: {four}",
        "BGP.med: 100",
        "BGP.atomic_aggr:",
        "BGP.aggregator: 192.168.60.99 AS65060",
        "BGP.community: (65060,1) (65535,65281)",
        "BGP.ext_community: (rt, 65060, 1) (ro, 4200000001, 7)",
        "BGP.large_community: (65060, 1, 2)",
    ):
        assert words in routes["203.0.113.0/24"]
    route = bird("master6", line)["2001:db8:113::/48"]
    for words in (f"BGP.next_hop: {six}", "BGP.med: 106", "BGP.community: (65060,6)", "(65060, 6, 6)"):
        assert words in route


@lines
def test_bird_has_both_paths_of_a_prefix_and_the_pieces_of_a_split_one(deployed: Run, line: str) -> None:
    routes = bird("master4", line)
    paths = routes["198.51.100.0/24"]
    assert paths.count(f"[bird-{line} ") == 2
    assert "BGP.med: 10\n" in paths
    assert "BGP.med: 20\n" in paths
    assert {prefix for prefix in routes if prefix.startswith("192.0.2.")} == {
        f"192.0.2.{number}/26" for number in (0, 64, 128, 192)
    }


@lines
def test_a_watchdog_route_is_announced_unless_it_waits(deployed: Run, line: str) -> None:
    routes = bird("master4", line)
    assert "198.18.1.0/24" in routes
    assert "198.18.0.0/24" not in routes


def test_multicast_is_in_the_multicast_tables(deployed: Run) -> None:
    assert "BGP.med: 104" in bird("multicast4", "5")["203.0.113.0/24"]
    assert "metric 104" in frr("ipv4 multicast 203.0.113.0/24", "5")


@lines
def test_bird_has_the_labelled_and_vpn_routes(deployed: Run, line: str) -> None:
    four, six = ADDRESSES[line]
    labelled4, labelled6 = bird("labelled4", line), bird("labelled6", line)
    assert "BGP.mpls_label_stack: 1004" in labelled4["203.0.113.64/26"]
    assert f"BGP.next_hop: {four}" in labelled4["203.0.113.64/26"]
    assert "BGP.mpls_label_stack: 1006" in labelled6["2001:db8:113:4::/64"]
    assert f"BGP.next_hop: {six}" in labelled6["2001:db8:113:4::/64"]
    vpn4, vpn6 = bird("vpns4", line)["65060:9 10.9.0.0/16"], bird("vpns6", line)["192.168.60.99:9 fd00:9::/48"]
    for words in ("BGP.mpls_label_stack: 1104", "BGP.ext_community: (rt, 65060, 9)", "BGP.med: 124"):
        assert words in vpn4
    for words in ("BGP.mpls_label_stack: 1106", "BGP.ext_community: (rt, 65060, 9)", f"BGP.next_hop: {six}"):
        assert words in vpn6


@lines
def test_bird_has_the_rules_with_match_and_action(deployed: Run, line: str) -> None:
    discard = "(generic, 0x80060000, 0x0)"  # RFC 8955 section 7.3: a rate of 0
    wanted = {
        "flow4 { dst 203.0.113.10/32; proto 17; sport 123; length > 200; }": (discard,),
        # 125000.0 as IEEE 754
        "flow4 { dst 203.0.113.20/32; src 198.51.100.0/24; proto 6; dport 80,8080..8088; tcp flags 0x2/0x2; }": (
            "(generic, 0x80060000, 0x47f42400)",
            "BGP.community: (65060,666)",
        ),
        # redirect to the VRF of 65060:7, DSCP 10
        "flow4 { dst 203.0.113.30/32; fragment !!is_fragment; }": (
            "(generic, 0x8008fe24, 0x7)",
            "(generic, 0x80090000, 0xa)",
        ),
        "flow4 { dst 203.0.113.40/32; proto 1; icmp type 8; dscp 46; }": (discard,),
    }
    flows = bird("flows4", line)
    assert set(flows) == set(wanted)
    for rule, actions in wanted.items():
        for action in actions:
            assert action in flows[rule], rule
    assert discard in bird("flows6", line)["flow6 { dst 2001:db8:113::10/128; next header 6; dport 80; }"]


@lines
def test_frr_has_unicast_paths_and_vpn_routes(deployed: Run, line: str) -> None:
    route = frr("ipv4 unicast 203.0.113.0/24", line)
    for words in (
        "Origin EGP, metric 100",
        "atomic-aggregate",
        "aggregated by 65060 192.168.60.99",
        "Community: 65060:1 no-export",
        "Extended Community: RT:65060:1 SoO:4200000001:7",
        "Large Community: 65060:1:2",
    ):
        assert words in route
    paths = frr("ipv4 unicast 198.51.100.0/24", line)
    assert "AddPath ID: RX 1," in paths
    assert "AddPath ID: RX 2," in paths
    assert "metric 106" in frr("ipv6 unicast 2001:db8:113::/48", line)
    for view, label in (("ipv4 vpn 10.9.0.0/16", 1104), ("ipv6 vpn fd00:9::/48", 1106)):
        vpn = frr(view, line)
        assert f"Remote label: {label}" in vpn
        assert "Extended Community: RT:65060:9" in vpn


def test_frr_has_the_rules_of_both_hosts(deployed: Run) -> None:
    text = ask("frr", "vtysh", "-c", "show bgp ipv4 flowspec detail")
    for words in (
        "Destination Address 203.0.113.10/32\n\tIP Protocol = 17 \n\tSource Port = 123 \n\tPacket Length > 200 \n"
        "\tFS:rate 0.000000",
        "Destination Port = 80 , >= 8080 , <= 8088 \n\tTCP Flags = 2\n\tFS:rate 125000.000000",
        "FS:redirect VRF RT:65060:7 FS:marking 10",
        "ICMP Type = 8 \n\tDSCP field = 46 \n\tFS:rate 0.000000",
    ):
        assert text.count(words) == 2, words
    six = ask("frr", "vtysh", "-c", "show bgp ipv6 flowspec detail")
    assert six.count("Destination Address 2001:db8:113::10/128/off 0\n\tIP Protocol = 6 \n\tDestination Port = 80") == 2


@lines
def test_gobgp_has_labels_vpns_and_rules(deployed: Run, line: str) -> None:
    assert gobgp("ipv4-mpls", line)["203.0.113.64/26"][0]["nlri"]["labels"] == [1004]
    assert gobgp("ipv6-mpls", line)["2001:db8:113:4::/64"][0]["nlri"]["labels"] == [1006]
    assert gobgp("vpnv4", line)["65060:9:10.9.0.0/16"][0]["nlri"]["labels"] == [1104]
    assert gobgp("vpnv6", line)["192.168.60.99:9:fd00:9::/48"][0]["nlri"]["labels"] == [1106]
    rules = "\n".join(gobgp("ipv4-flowspec", line))
    for words in (
        "[destination: 203.0.113.10/32][protocol: ==udp][source-port: ==123][packet-length: >200]",
        "[destination-port: ==80 >=8080&<=8088]",
        "[destination: 203.0.113.30/32][fragment: is-fragment]",
    ):
        assert words in rules
    assert "[rd: 65060:5][destination: 10.9.1.0/24]" in gobgp("ipv4-l3vpn-flowspec", line)


def test_hosts_are_imported_into_what_they_run(deployed: Run, tmp_path: Path) -> None:
    run = play("playbooks/import.yml", "-e", f"exabgp_import_dir={tmp_path}", "-vvv")
    for line, host in HOSTS.items():
        running = ask(host, "cat", "/etc/exabgp/exabgp.conf")
        variables = yaml.safe_load((tmp_path / host / "exabgp.yml").read_text(encoding="utf-8"))
        keys = tmp_path / host / "exabgp_md5_keys.yml"
        assert stat.S_IMODE(keys.stat().st_mode) == 0o600
        variables |= yaml.safe_load(keys.read_text(encoding="utf-8"))
        (key,) = variables["exabgp_md5_keys"].values()
        assert f'"{key}"' in running
        assert key not in run.out
        assert base64.b64encode(running.encode())[:60].decode() not in run.out
        result = plan_host(host, variables)
        assert [finding.text for finding in result.errors] == [], line
        assert result.plan is not None
        text = _conffile.insert_keys(render(result.plan), variables["exabgp_md5_keys"])
        ours, theirs = _conffile.read_sessions(text), _conffile.read_sessions(running)
        assert ours.keys() == theirs.keys()
        for ends, session in ours.items():
            assert session.prefixes == theirs[ends].prefixes
            assert session.rules.keys() == theirs[ends].rules.keys()
            assert session.key == theirs[ends].key


@lines
def test_what_is_taken_out_of_the_inventory_is_gone_from_the_tables(deployed: Run, line: str, tmp_path: Path) -> None:
    """Also on 5.0, which forgets to withdraw what a reload removed."""
    fewer = tmp_path / "fewer.json"
    kept = {"prefix": "203.0.113.0/24", "med": 100}
    flow = {
        "name": "ping",
        "match": {"destination": "203.0.113.40/32", "protocol": "icmp"},
        "action": {"discard": True},
    }
    fewer.write_text(json.dumps({"exabgp_routes": [kept], "exabgp_flows": [flow]}), encoding="utf-8")
    try:
        play("site.yml", "--limit", HOSTS[line], "-e", f"@{fewer}")
        tables = ("master6", "multicast4", "labelled4", "labelled6", "vpns4", "vpns6", "flows6")
        assert eventually(lambda: list(bird("master4", line)) == ["203.0.113.0/24"])
        assert eventually(lambda: list(bird("flows4", line)) == ["flow4 { dst 203.0.113.40/32; proto 1; }"])
        for table in tables:
            assert eventually(lambda table=table: bird(table, line) == {}), table  # type: ignore[misc]
    finally:
        play("site.yml", "--limit", HOSTS[line])
