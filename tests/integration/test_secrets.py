# SPDX-License-Identifier: GPL-3.0-or-later
"""No key reaches the output of any run, the journal, or a file that others can read."""

from __future__ import annotations

import pytest
import yaml

from .conftest import HOSTS, ROOT, Lab

NEW_KEY = "Marker.Key.0123456789.abcdef"


def hidden(lab: Lab, text: str) -> None:
    for key in [*lab.md5_keys(), NEW_KEY]:
        assert key not in text


@pytest.fixture
def new_key(lab: Lab):
    """The key of gcp-1's first session as an extra variable, set on the router as well."""
    lab.call("key", "cr-0", "-", stdin=NEW_KEY + "\n")
    keys = lab.keys()["gcp-1"]
    path = ROOT / "tests" / "output" / "keys.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"exabgp_md5_keys": {**keys, "cr-0": NEW_KEY}}), encoding="utf-8")
    path.chmod(0o600)
    yield f"@{path}"
    path.unlink()


@pytest.mark.parametrize(
    "arguments", [(), ("--diff",), ("--check", "--diff"), ("-vvv",), ("-vvv", "--diff")], ids=" ".join
)
def test_a_run_that_changes_a_key_prints_none(lab: Lab, new_key: str, arguments: tuple[str, ...]) -> None:
    run = lab.play("site.yml", "--limit", "gcp-1", "-e", new_key, *arguments, check="--check" not in arguments)
    hidden(lab, run.out)
    if "--diff" in arguments:
        assert '-    md5-password "<previous key>"' in run.out.replace("-  ", "-    ", 1) or "<previous key>" in run.out
        assert "<new key>" in run.out


@pytest.mark.parametrize("arguments", [(), ("--diff",), ("-vvv",)], ids=" ".join)
def test_a_run_that_changes_nothing_prints_none(lab: Lab, arguments: tuple[str, ...]) -> None:
    hidden(lab, lab.play("site.yml", *arguments).out)


@pytest.mark.parametrize("arguments", [(), ("-vvv",)], ids=" ".join)
def test_the_plan_and_its_refusal_print_none(lab: Lab, new_key: str, arguments: tuple[str, ...]) -> None:
    hidden(lab, lab.play("playbooks/plan.yml", *arguments).out)
    refused = lab.play("playbooks/plan.yml", "-e", new_key, *arguments, check=False)
    assert refused.code != 0
    assert "edge-0" in refused.out
    hidden(lab, refused.out)


def test_a_failing_validation_prints_none(lab: Lab, new_key: str) -> None:
    broken = 'neighbor 10.128.0.2 {\n  md5-passwort \\"@@md5:cr-0@@\\";\n}\n'.replace("\n", "\\n")
    run = lab.play(
        "tests/integration/config.yml", "--limit", "gcp-1", "-vvv", "--diff",
        "-e", new_key, "-e", f'{{"config": "{broken}"}}', check=False,
    )  # fmt: skip
    assert run.code != 0
    assert "ExaBGP refuses the configuration" in run.out
    hidden(lab, run.out)


def test_the_host_shows_none_to_others(lab: Lab) -> None:
    for host in HOSTS:
        seen = lab.shell(host, "journalctl --no-pager -o verbose; ps auxeww; systemctl show exabgp")
        hidden(lab, seen)
        readable = lab.shell(
            host,
            "find / -xdev -type f -perm /o+r -newer /etc/hostname -size -1024k "
            "-not -path '/proc/*' -not -path '/sys/*' -print0 2>/dev/null | xargs -0 cat 2>/dev/null | tr -d '\\0'",
            check=False,
        )
        hidden(lab, readable)
