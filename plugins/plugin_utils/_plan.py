# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The plan: everything that a host's ExaBGP is to do, decided once from the inventory.

`plan_host` is the whole interface. It opens no connection, reads no file but the profiles, and raises nothing
whatever the inventory holds: what is wrong comes back as findings, all of them at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _checks as checks
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _flows as flows
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _groups as groups
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _health as health
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _keys as keys
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _line as line
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _neighbors as neighbors_
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _own_profiles as own_profiles
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _policy as policy
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _raw as raw
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _routes as routes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _service_fields as service_fields
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _services as services_
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._fields import Section, router_id
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._findings import HOST, Finding, Findings
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._model import as_raw
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._nearest import Nearest
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._peering import check_limits, check_sessions

PREFIX = "exabgp_"
VARIABLES = (
    "exabgp_local_as",
    "exabgp_router_id",
    "exabgp_local_address",
    neighbors_.VARIABLE,
    groups.VARIABLE,
    raw.VARIABLE,
    routes.VARIABLE,
    policy.ALLOWED,
    policy.NEXT_HOPS,
    own_profiles.VARIABLE,
    flows.VARIABLE,
    services_.VARIABLE,
    checks.VARIABLE,
    service_fields.ROLE,
    service_fields.REGION,
    keys.VARIABLE,
)
# The variables of the roles and of their results; what they may be called is for each role to say.
OTHER_VARIABLES = (
    "exabgp_import_",
    "exabgp_install_",
    "exabgp_neighbors_",
    "exabgp_verify_",
    "exabgp_plan",
    "exabgp_config_",
    "exabgp_drain_",
    "exabgp_fleet_",
    "exabgp_health_",
    "exabgp_harden_",
    "exabgp_metrics_",
    "exabgp_report_",
    "exabgp_rollback_",
    "exabgp_status_",
    "exabgp_upgrade_",
)


@dataclass(frozen=True)
class PlanResult:
    """The plan of a host, or None and the errors; warnings in either case. None of it holds a key."""

    plan: dict[str, Any] | None
    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)


def plan_host(host: str, variables: Mapping[str, Any]) -> PlanResult:
    """Plan one host.

    Args:
        host: The host's name, for the findings.
        variables: The host's variables as plain data (see _plain.py), by name. Only those that begin with exabgp_
            are looked at. A value of _fields.UNREADABLE stands for one whose failure is already reported.

    The plan is made of dicts, lists, texts, numbers, booleans and None. Neighbors that announce the same route share
    one dict, so it must not be changed in place.
    """
    findings = Findings(host, keys.secrets(variables.get(keys.VARIABLE)))
    _refuse_unknown(findings, variables)
    section = Section(findings, HOST, variables)
    neighbors = neighbors_.read_neighbors(findings, section)
    keys.check_keys(findings, section, neighbors)
    allowed = routes.read_routes(findings, section, neighbors)
    flows.read_flows(findings, section, neighbors, allowed)
    services = services_.read_services(findings, section, neighbors)
    raw_text = raw.read(findings, section, neighbors, allowed)
    check_limits(findings, neighbors)
    line.check(findings, line.of_host(variables), neighbors)
    if findings.errors:
        return PlanResult(None, findings.errors, findings.warnings)
    check_sessions(findings, neighbors)
    plan = {
        "host": host,
        "router_id": section.read("exabgp_router_id", router_id),
        "listens": any(neighbor.listens for neighbor in neighbors),
        "neighbors": [neighbor.as_plan() for neighbor in neighbors],
        "services": health.as_plan(services),
        "health": health.config(host, section, neighbors, services) if services.entries else None,
        "vips": health.vips(services),
        "health_needs": health.needs(services),
        "raw": as_raw(raw_text),
        "warnings": [finding.text for finding in findings.warnings],
    }
    return PlanResult(plan, [], findings.warnings)


def takes(name: Any) -> bool:
    """Tell whether a variable of this name is for the plan: one that it reads, or one that it refuses."""
    if not isinstance(name, str) or not name.startswith(PREFIX):
        return False
    return name in VARIABLES or name in line.VARIABLES or not name.startswith(OTHER_VARIABLES)


def _refuse_unknown(findings: Findings, variables: Mapping[str, Any]) -> None:
    nearest = Nearest(VARIABLES, PREFIX)
    for name in variables:
        if takes(name) and name not in VARIABLES and name not in line.VARIABLES:
            findings.error(
                HOST,
                findings.shown(name),
                "there is no such variable",
                hint=nearest.hint(name),
                rule="variable.unknown",
            )
