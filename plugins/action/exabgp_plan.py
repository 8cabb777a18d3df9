# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of cloudbgp.exabgp.exabgp_plan: templates the inventory, plans every host, renders every plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import UNREADABLE
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import HOST, Finding, Findings
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._keys import VARIABLE as KEYS
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._keys import secrets
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._line import VARIABLES as INSTALL_VARIABLES
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plain import plain
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host, takes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._render import render


class ActionModule(ActionBase):  # type: ignore[misc, unused-ignore]
    """Runs on the controller only: no connection is opened, and nothing is written."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _validation, arguments = self.validate_argument_spec({"hosts": {"type": "list", "elements": "str"}})
        names = arguments["hosts"]
        if names is None:
            names = variables.get("ansible_play_hosts_all", [])
        names = list(dict.fromkeys(plain(list(names))))

        hosts: dict[str, Any] = {}
        errors: list[Finding] = []
        warnings: list[Finding] = []
        for name in names:
            if name not in variables["hostvars"]:
                errors.append(Finding(name, HOST, "", "is not in the inventory", "", "inventory.host", ""))
                continue
            host_variables, unreadable = self._read(name, variables["hostvars"])
            errors += unreadable
            planned = plan_host(name, host_variables)
            errors += planned.errors
            warnings += planned.warnings
            if planned.plan is not None:
                hosts[name] = {"plan": planned.plan, "config": render(planned.plan)}

        result.update(
            changed=False,
            hosts={} if errors else hosts,
            errors=[finding.text for finding in errors],
            warnings=[finding.told for finding in warnings],
            findings=[_finding(finding, "error") for finding in errors]
            + [_finding(finding, "warning") for finding in warnings],
            summary=_summary(len(names), hosts),
        )
        if errors:
            result.update(failed=True, msg=_message(errors))
            # The default callback then prints the result indented, and so one error a line.
            result["_ansible_verbose_always"] = True
        return result

    def _read(self, host: str, hostvars: Any) -> tuple[dict[str, Any], list[Finding]]:
        """Template a host's variables one by one, so that each that cannot be templated is named.

        Returns the plain values by name, and an error for each that could not be had.
        """
        raw = hostvars.raw_get(host)
        templar = self._templar.copy_with_new_env(available_variables=raw)
        values: dict[str, Any] = {}
        failures: dict[str, str] = {}
        for name in raw:
            if not takes(name):
                continue
            try:
                values[str(name)] = plain(templar.template(raw[name]))
            except Exception as exception:  # a template can fail in any way, and the next variable still counts
                if name in INSTALL_VARIABLES:  # for the role that uses it to report
                    continue
                values[str(name)] = UNREADABLE
                failures[str(name)] = _why(str(name), exception)
        findings = Findings(host, secrets(values.get(KEYS)))
        for name, reason in failures.items():
            findings.error(HOST, name, reason, rule="variable.template")
        return values, findings.errors


def _why(variable: str, exception: Exception) -> str:
    """Why a variable has no value. The text of an exception may quote the value, so for keys it is left out."""
    if variable == KEYS:
        return "cannot be templated or decrypted"
    return f"cannot be templated: {' '.join(str(exception).split())}"


def _message(errors: list[Finding]) -> str:
    count, hosts = len(errors), len({finding.host for finding in errors})
    head = f"{count} error{'s' * (count != 1)} on {hosts} host{'s' * (hosts != 1)}"
    lines = [f"The inventory is refused: {head}. Nothing was changed.", *(finding.told for finding in errors)]
    return "\n".join(lines)


def _finding(finding: Finding, severity: str) -> dict[str, str]:
    return {"severity": severity, **dataclasses.asdict(finding), "text": finding.text}


def _summary(count: int, hosts: Mapping[str, Any]) -> dict[str, int]:
    neighbors = [neighbor for host in hosts.values() for neighbor in host["plan"]["neighbors"]]
    return {
        "hosts": count,
        "neighbors": len(neighbors),
        "routes": sum(len(neighbor["routes"]) for neighbor in neighbors),
    }
