# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to install ExaBGP: another version and back, wheels, the distribution's package, no package index."""

from __future__ import annotations

import pytest

from .conftest import Lab


def version(lab: Lab, host: str) -> str:
    return lab.shell(
        host, "/opt/exabgp/current/bin/exabgp version 2>/dev/null || /opt/exabgp/current/bin/exabgp --version"
    ).split("\n")[0]


def test_another_version_is_installed_beside_and_back_is_one_variable(lab: Lab) -> None:
    run = lab.play("site.yml", "--limit", "azure-1", "-e", "exabgp_install_version=5.0.14")
    assert "5.0.14" in version(lab, "azure-1")
    assert lab.shell("azure-1", "ls /opt/exabgp").split() == ["5.0.14", "5.0.15", "current"]
    assert "5.0.14" in lab.shell("azure-1", "tr '\\0' ' ' < /proc/$(systemctl show -p MainPID --value exabgp)/cmdline")
    assert run.recap()["azure-1"]["failed"] == 0
    lab.play("site.yml", "--limit", "azure-1")
    assert "5.0.15" in version(lab, "azure-1")
    assert lab.play("site.yml", "--limit", "azure-1").recap()["azure-1"]["changed"] == 0


def test_wheels_from_the_controller_need_nothing_but_python_on_the_host(lab: Lab, tmp_path) -> None:
    lab.shell(
        "gcp-1", "rm -rf /opt/exabgp/5.0.14; apt-get -qq remove -y python3-venv python3-pip-whl >/dev/null 2>&1; true"
    )
    wheels = (
        "-e",
        "exabgp_install_method=wheels",
        "-e",
        "exabgp_install_version=5.0.14",
        "-e",
        f"exabgp_install_wheels_dir={tmp_path}",
    )
    lab.play("site.yml", "--limit", "gcp-1", *wheels)
    assert "5.0.14" in version(lab, "gcp-1")
    assert lab.play("site.yml", "--limit", "gcp-1", *wheels, PIP_NO_INDEX="1").recap()["gcp-1"]["changed"] == 0


@pytest.mark.parametrize("host", ["gcp-1", "onprem-1"], ids=["Debian 12", "Debian 13"])
def test_the_distributions_package_runs_too(lab: Lab, host: str) -> None:
    lab.play("site.yml", "--limit", host, "-e", "exabgp_install_method=package")
    assert "4.2" in version(lab, host)
    states = {session["state"] for session in lab.status() if session["host"] == host}
    assert states == {"established"}
    again = lab.play("site.yml", "--limit", host, "-e", "exabgp_install_method=package")
    assert again.recap()[host]["changed"] == 0
    lab.shell(host, "systemctl reload exabgp")
    journal = lab.shell(host, "journalctl --no-pager -o cat")
    assert not any(key in journal for key in lab.md5_keys())


def test_a_host_without_a_package_index_is_told_of_the_wheels(lab: Lab) -> None:
    lab.shell(
        "azure-1",
        "rm -rf /opt/exabgp/5.0.13; "
        "printf '[global]\\nindex-url = http://127.0.0.1:9/\\nretries = 0\\n' > /etc/pip.conf.test",
    )
    lab.shell("azure-1", "cp /etc/pip.conf /etc/pip.conf.kept 2>/dev/null; cp /etc/pip.conf.test /etc/pip.conf")
    try:
        run = lab.play("site.yml", "--limit", "azure-1", "-e", "exabgp_install_version=5.0.13", check=False)
    finally:
        lab.shell(
            "azure-1", "rm -f /etc/pip.conf /etc/pip.conf.test; mv /etc/pip.conf.kept /etc/pip.conf 2>/dev/null; true"
        )
    assert run.code != 0
    assert "exabgp_install_method: wheels" in run.out
    assert "5.0.15" in version(lab, "azure-1")
    lab.play("playbooks/verify.yml", "--limit", "azure-1")


def test_a_version_without_a_hash_is_refused(lab: Lab) -> None:
    run = lab.play("site.yml", "--limit", "azure-1", "-e", "exabgp_install_version=5.0.99", check=False)
    assert run.code != 0
    assert "exabgp_install_hashes" in run.out
