#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: exabgp_health_drain
short_description: Take services out for a time, or back in, through the health agent
version_added: "0.2.0"
description:
  - Has the health agent of the host drain services, as C(exabgp-health drain) does. Peers are asked to go elsewhere, by
    the community C(65535:0) (RFC 8326), by MED, or by a withdrawal. After the service's C(hold) it is withdrawn.
  - A drain outlives a restart of the agent and of the daemon, and ends by itself after O(limit).
  - Returns when the daemon has taken everything, and with O(wait) when the prefixes are withdrawn.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
options:
  state:
    description: Whether the services are drained.
    type: str
    choices: [drained, restored]
    default: drained
  services:
    description: The services of this host to drain or to restore. All when not given.
    type: list
    elements: str
  mode:
    description: How to ask peers to go elsewhere, instead of the service's own way.
    type: str
    choices: [community, med, withdraw]
  limit:
    description: Seconds after which the drain ends by itself. V(0) is for until it is restored.
    type: float
    default: 3600
  run:
    description: Who drains or restores, for the journal and for RV(services).
    type: str
    default: ""
  wait:
    description: Wait until the services that are withdrawn after their C(hold) are withdrawn.
    type: bool
    default: false
  timeout:
    description: Seconds in which all of it must have happened.
    type: float
    default: 120
  socket:
    description: The agent's socket.
    type: path
    default: /run/exabgp/health.sock
  answer_timeout:
    description: Seconds without an answer after which the agent counts as silent.
    type: float
    default: 5
notes:
  - Needs a user that may open the socket (root, or the daemon's own).
  - Routes of C(exabgp_routes) are not the agent's. They stay as they are.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    description: A service that is drained in the same way already stays so. Its time limit begins anew.
    support: full
seealso:
  - module: cloudbgp.exabgp.exabgp_health_info
  - module: cloudbgp.exabgp.exabgp_drain
"""

EXAMPLES = r"""
- name: Take everything out for half an hour
  cloudbgp.exabgp.exabgp_health_drain:
    limit: 1800
    wait: true
    run: maintenance of the disks

- name: Take one service back in
  cloudbgp.exabgp.exabgp_health_drain:
    state: restored
    services: [web]
"""

RETURN = r"""
changed_services:
  description: The services that were drained or restored, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [web]
services:
  description: What RV(cloudbgp.exabgp.exabgp_health_info#module:services) has of them afterwards.
  returned: success
  type: dict
problem:
  description: Why the drain would not outlive a restart, as with a full disk. Empty when all is well.
  returned: success
  type: str
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _agent

Services = dict[str, t.Any]


def to_change(services: Services, names: list[str], drained: bool, mode: str | None) -> list[str]:
    """The services that are not drained, or not in this way, or that are and should not be."""
    found = []
    for name in names:
        drain = services[name]["drain"]
        if drained and (drain is None or mode not in (None, drain["mode"])):
            found.append(name)
        if not drained and drain is not None:
            found.append(name)
    return found


def pending(services: Services, names: list[str]) -> list[str]:
    """The drained services that are still announced, and will be withdrawn before their drain ends."""
    found = []
    for name in names:
        service = services[name]
        until, again = (service["drain"] or {}).get("until"), service["again_at"]
        if service["drain"] and service["announced"] and again and (until is None or again < until):
            found.append(name)
    return found


def lines(services: Services, names: list[str]) -> str:
    """The services as text, for the difference."""
    return "".join(f"{name}: {services[name]['state']}\n" for name in names)


def wait_for(module: AnsibleModule, names: list[str], end: float) -> Services:
    """Ask until the daemon has taken all of it, and with C(wait) until nothing will be withdrawn any more."""
    options = module.params
    while True:
        status = _agent.ask(options["socket"], {"verb": "status"}, options["answer_timeout"])
        services: Services = status["services"]
        left = pending(services, names) if options["wait"] else []
        if status["settled"] and not left:
            return services
        if time.monotonic() >= end:
            if left:
                problem = f"still announced after {options['timeout']:g} s: {', '.join(left)}. Give a longer timeout"
            else:
                problem = f"the daemon has not taken all of it within {options['timeout']:g} s"
                problem += "; see: journalctl -u exabgp -n 50"
            module.fail_json(
                msg=f"{options['state']}, but {problem}", services={name: services[name] for name in names}
            )
        time.sleep(0.1)


def run(module: AnsibleModule) -> None:
    """Do it. Raises AgentError."""
    options = module.params
    end = time.monotonic() + options["timeout"]
    drained = options["state"] == "drained"
    before: Services = _agent.ask(options["socket"], {"verb": "status"}, options["answer_timeout"])["services"]
    names = sorted(before) if options["services"] is None else list(options["services"])
    unknown = [name for name in names if name not in before]
    if unknown:
        known = ", ".join(sorted(before)) or "none"
        module.fail_json(
            msg=f"The agent of this host has no service {', '.join(unknown)}; it has: {known}. Nothing was changed"
        )
    changed = to_change(before, names, drained, options["mode"])
    after, problem = before, ""
    if not module.check_mode:
        request = {"verb": "drain" if drained else "restore", "run": options["run"]}
        if drained:
            request.update({"mode": options["mode"], "for": options["limit"]})
        for name in names if drained else changed:
            answer = _agent.ask(options["socket"], {**request, "name": name}, options["answer_timeout"])
            problem = answer.get("problem") or problem
        after = wait_for(module, names, end)
    shown = lines(after, names)
    if module.check_mode:
        shown = "".join(f"{name}: {options['state'] if name in changed else before[name]['state']}\n" for name in names)
    module.exit_json(
        changed=bool(changed),
        changed_services=changed,
        services={name: after[name] for name in names},
        problem=problem,
        diff={"before": lines(before, names), "after": shown},
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["drained", "restored"], "default": "drained"},
            "services": {"type": "list", "elements": "str"},
            "mode": {"type": "str", "choices": ["community", "med", "withdraw"]},
            "limit": {"type": "float", "default": 3600},
            "run": {"type": "str", "default": ""},
            "wait": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 120},
            "socket": {"type": "path", "default": _agent.SOCKET},
            "answer_timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    try:
        run(module)
    except _agent.AgentError as exc:
        module.fail_json(msg=f"Not {module.params['state']}: {exc}. See: systemctl status exabgp")


if __name__ == "__main__":
    main()
