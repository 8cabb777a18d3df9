# SPDX-License-Identifier: GPL-3.0-or-later
"""An imported configuration, planned and rendered, is for ExaBGP what the original is: tried on its own examples."""

from __future__ import annotations

import base64
import collections
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _conffile
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._grammar import GrammarError
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._import import (
    ImportRefusedError,
    import_configuration,
)
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render

ROOT = Path(__file__).parents[4]
SHARED = Path(os.environ.get("CLOUDBGP_SHARED", ROOT.parent / "shared"))
EXAMPLES = sorted((SHARED / "data/exabgp-examples").glob("*.conf"))
# Of what ExaBGP offers where a file names no family, these cannot be named in any file.
UNNAMEABLE = {"ipv6 multicast", "ipv4 rtc"}

# Run with ExaBGP's own Python: prints what its parser makes of each file, the last of two equal routes alone.
READ_WITH_EXABGP = """
import json, sys
from exabgp.environment import getenv
from exabgp.logger import log
env = getenv()
env.log.enable = False
log.init(env)
from exabgp.configuration.configuration import Configuration
from exabgp.bgp.message.update.attribute import Attribute

def neighbor(n):
    read = {key: str(value) for key, value in n.items()}
    read["capability"] = {key: str(value) for key, value in n["capability"].items()}
    read["families"] = sorted(f"{a} {s}" for a, s in n.families())
    read["add-path"] = sorted(f"{a} {s}" for a, s in n.addpaths())
    read["nexthop"] = sorted(" ".join(map(str, item)) for item in n.nexthops())
    read["api"] = {key: sorted(map(str, value)) for key, value in n.api.items() if value}
    routes = {}
    for change in n.changes:
        waits = [type(change.attributes[code]).__name__ for code in (Attribute.CODE.INTERNAL_WATCHDOG,
                 Attribute.CODE.INTERNAL_WITHDRAW) if code in change.attributes]
        watchdog = change.attributes.get(Attribute.CODE.INTERNAL_WATCHDOG, "")
        # An address keeps the letter case in which it is written.
        routes[change.index().hex()] = f"{change.extensive().lower()} {watchdog} {' '.join(waits)}"
    read["routes"] = sorted(routes.values())
    return read

for name in sys.argv[1:]:
    configuration = Configuration([name])
    if configuration.reload() is not True:
        print(json.dumps({"error": str(configuration.error)}))
        continue
    print(json.dumps({
        "neighbors": [neighbor(n) for n in configuration.neighbors.values()],
        "processes": {name: str(value) for name, value in configuration.processes.items() if "internal" not in name},
    }))
"""

FILE = """\
# a comment with md5-password "not-this-one-either"
process watcher { run /usr/bin/cat; encoder json; }
template {
    neighbor common { hold-time 30; local-as 65010; family { ipv4 unicast; ipv4 flow; } }
}
neighbor 10.0.0.1 {
    inherit common;
    description "the first; one";
    router-id 10.0.0.9; local-address 10.0.0.9; peer-as 65020;
    md5-password 'secret-of-the-first';
    capability { graceful-restart; asn4; }
    api { processes [ watcher ]; }
    static {
        route 203.0.113.0/24 next-hop self med 5 community [ 65010:1 no-export ] split /25;
        route 198.51.100.7 { next-hop 10.0.0.8; local-preference 7; }
    }
    flow { route "block" { match { destination 203.0.113.9/32; port [ =80 >1024&<2000 ]; } then { discard; } } }
}
neighbor 10.0.0.2 {
    inherit common; router-id 10.0.0.9; local-address 10.0.0.9; peer-as 65010;
    static { route 198.51.100.7/32 { next-hop 10.0.0.8; local-preference 7; } }
}
"""


def planned(imported):
    keys = {"exabgp_md5_keys": imported.keys} if imported.keys else {}
    result = plan_host("import", imported.variables | keys)
    assert [finding.text for finding in result.errors] == []
    assert result.plan is not None
    return _conffile.insert_keys(render(result.plan), imported.keys)


def test_a_file_becomes_variables_and_keys():
    imported = import_configuration(FILE)
    assert imported.keys == {"10.0.0.1": "secret-of-the-first"}
    assert imported.variables == {
        "exabgp_local_as": 65010,
        "exabgp_local_address": "10.0.0.9",
        "exabgp_router_id": "10.0.0.9",
        "exabgp_neighbors": [
            {
                "name": "10.0.0.1",
                "peer_address": "10.0.0.1",
                "description": "the first; one",
                "hold_time": 30,
                "peer_as": 65020,
                "md5": True,
                "families": ["ipv4 unicast", "ipv4 flow"],
                "capabilities": {"graceful_restart": 30, "asn4": True},
                "raw": "api {\n    processes [ watcher ];\n}\n",
            },
            {
                "name": "10.0.0.2",
                "peer_address": "10.0.0.2",
                "hold_time": 30,
                "peer_as": 65010,
                "families": ["ipv4 unicast", "ipv4 flow"],
            },
        ],
        "exabgp_raw": "process watcher {\n    run /usr/bin/cat;\n    encoder json;\n}\n",
        "exabgp_routes": [
            {
                "prefix": "203.0.113.0/24",
                "next_hop": "self",
                "med": 5,
                "communities": ["65010:1", "no-export"],
                "split": 25,
                "neighbors": ["10.0.0.1"],
            },
            {
                "prefix": "198.51.100.7/32",
                "next_hop": "10.0.0.8",
                "local_preference": 7,
                "neighbors": ["10.0.0.1", "10.0.0.2"],
            },
        ],
        "exabgp_allowed_prefixes": ["203.0.113.0/24", "198.51.100.7/32", "203.0.113.9/32"],
        "exabgp_next_hops": ["10.0.0.8"],
        "exabgp_flows": [
            {
                "name": "block",
                "match": {"destination": "203.0.113.9/32", "port": ["=80", ">1024&<2000"]},
                "action": {"discard": True},
                "neighbors": ["10.0.0.1"],
            }
        ],
    }
    assert imported.extent == "partly raw"
    planned(imported)


def test_no_key_is_in_the_variables_the_notes_or_a_representation():
    imported = import_configuration(FILE)
    shown = yaml.safe_dump(imported.variables) + "\n".join(imported.notes) + repr(imported)
    assert "secret-of-the-first" not in shown
    assert "not-this-one-either" not in shown


def test_a_neighbor_that_has_to_be_kept_whole_is_refused_when_it_has_a_key():
    with pytest.raises(ImportRefusedError, match=r"10\.0\.0\.1 has a key, and the plan refuses .*65535") as refused:
        import_configuration(FILE.replace("peer-as 65020;", "peer-as 65535;"))
    assert "secret" not in str(refused.value)


def test_a_key_of_a_template_is_that_of_each_neighbor():
    imported = import_configuration(FILE.replace("hold-time 30;", "hold-time 30; md5-password shared-by-both;"))
    assert imported.keys == {"10.0.0.1": "shared-by-both", "10.0.0.2": "shared-by-both"}
    assert "shared-by-both" not in yaml.safe_dump(imported.variables)


def test_a_key_in_base64_is_decoded():
    encoded = base64.b64encode(b"secret-of-the-first").decode()
    imported = import_configuration(
        FILE.replace("'secret-of-the-first';", f"{encoded}; md5-base64 true;"),
    )
    assert imported.keys == {"10.0.0.1": "secret-of-the-first"}


def test_a_key_that_no_inventory_can_hold_is_named_and_not_shown():
    imported = import_configuration(FILE.replace("'secret-of-the-first'", "'secret of the first'"))
    assert imported.keys == {}
    (note,) = [note for note in imported.notes if "key" in note]
    assert "neighbor 10.0.0.1: the key of 10.0.0.1 holds a character other than printable ASCII" in note
    assert "secret" not in note


@pytest.mark.parametrize("text", ["", "# nothing\n", "process a { run /bin/cat; encoder json; }\n"])
def test_a_file_without_a_neighbor_is_refused(text):
    with pytest.raises(ImportRefusedError, match="no neighbor"):
        import_configuration(text)


def test_what_is_no_configuration_is_refused_with_its_line():
    with pytest.raises(GrammarError, match="line 2: the line does not end"):
        import_configuration("neighbor 10.0.0.1 {\n  peer-as 1\n}\n")


@pytest.fixture(scope="module")
def python_of_exabgp():
    for candidate in (os.environ.get("CLOUDBGP_EXABGP5"), Path(sys.executable).with_name("exabgp")):
        python = Path(candidate).with_name("python") if candidate else None
        if python and python.exists():
            found = subprocess.run([python, "-m", "exabgp", "version"], capture_output=True, text=True, check=False)
            if " 5." in found.stdout:
                return python
    pytest.skip("no ExaBGP 5 in a virtual environment beside this Python or in CLOUDBGP_EXABGP5")


def write(directory: Path, name: str, text: str) -> Path:
    """Write a configuration, with a helper of every name that it runs in the directory beside it."""
    path = directory / name
    path.write_text(text, encoding="utf-8")
    for helper in re.findall(r"run\s+(\./run/\S+?)[\s;]", text):
        (directory / "run").mkdir(exist_ok=True)
        (directory / helper).write_text("#!/bin/sh\n", encoding="utf-8")
        (directory / helper).chmod(0o755)
    return path


def normal(read, names_families):
    """What ExaBGP read, without what the plan spells out and ExaBGP does by itself."""
    for neighbor in read["neighbors"]:
        neighbor["connect"] = neighbor["connect"].replace("179", "0")
        if neighbor["passive"] == "True":
            neighbor["connect"] = "0"
            neighbor["listen"] = neighbor["listen"].replace("179", "0")
        if not names_families:
            neighbor["families"] = [family for family in neighbor["families"] if family not in UNNAMEABLE]
        neighbor["processes"] = read["processes"]
    return read


@pytest.mark.skipif(not EXAMPLES, reason="ExaBGP's example files are not beside this checkout (CLOUDBGP_SHARED)")
def test_exabgps_examples_mean_the_same_when_they_are_imported(python_of_exabgp, tmp_path, capsys):
    """Every file is imported, planned, rendered, and compared as ExaBGP's own parser reads the two."""
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    files: list[Path] = []
    counts: collections.Counter[str] = collections.Counter()
    for example in EXAMPLES:
        text = example.read_text(encoding="utf-8")
        imported = import_configuration(text)
        assert imported.errors == [], example.name
        # What is not modelled is always said, or stands in raw text that is marked as such.
        raw = "raw" in yaml.safe_dump(imported.variables)
        assert (imported.extent == "fully modelled") == (not raw), example.name
        counts[imported.extent] += 1
        files += [
            write(tmp_path / "before", example.name, text),
            write(tmp_path / "after", example.name, planned(imported)),
        ]
    done = subprocess.run(
        [python_of_exabgp, "-c", READ_WITH_EXABGP, *files], capture_output=True, text=True, timeout=300, check=True
    )
    text = done.stdout.replace(f"{tmp_path}/before/", "").replace(f"{tmp_path}/after/", "")
    lines = [json.loads(line) for line in text.splitlines()]
    different = {}
    for example, before, after in zip(EXAMPLES, lines[::2], lines[1::2], strict=True):
        if "error" in before:
            counts["refused by ExaBGP itself"] += 1
            continue
        if "error" in after:
            different[example.name] = after
            continue
        names_families = re.search(r"\bfamily\s*\{", example.read_text(encoding="utf-8")) is not None
        pairs = zip(
            normal(before, names_families)["neighbors"], normal(after, names_families)["neighbors"], strict=True
        )
        for ours, theirs in pairs:
            for key in ours:
                if ours[key] != theirs[key]:
                    different.setdefault(example.name, []).append((key, ours[key], theirs[key]))
    equal = len(EXAMPLES) - counts["refused by ExaBGP itself"] - len(different)
    with capsys.disabled():
        print(f"\n{len(EXAMPLES)} example files: {dict(sorted(counts.items()))}; {equal} compared and equal")
    assert different == {}
    assert equal > 80
    assert counts["all raw"] < 10


@pytest.mark.skipif(not EXAMPLES, reason="ExaBGP's example files are not beside this checkout (CLOUDBGP_SHARED)")
def test_exabgp_validates_what_is_imported_from_its_examples(python_of_exabgp, tmp_path):
    files = []
    for example in EXAMPLES:
        text = planned(import_configuration(example.read_text(encoding="utf-8")))
        files.append(write(tmp_path, example.name, text))
    done = subprocess.run(
        [python_of_exabgp, "-m", "exabgp", "validate", "-n", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
