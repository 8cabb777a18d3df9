#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: exabgp_health_info
short_description: Ask the health agent what it announces, and why
version_added: "0.2.0"
description:
  - Returns the state of each service and each check of the host's health agent, as C(exabgp-health status) shows them.
  - An agent that does not run, or does not answer, is no failure of the module; RV(state) and RV(problem) tell it.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
options:
  socket:
    description: The agent's socket.
    type: path
    default: /run/exabgp/health.sock
  answer_timeout:
    description: Seconds without an answer after which the agent counts as silent.
    type: float
    default: 5
  settle:
    description:
      - Seconds to wait until each service has a first verdict and everything is said to the daemon. It is asked once
        when this is 0. When the time is over, the last answer is returned.
    type: float
    default: 0
notes:
  - Needs a user that may open the socket (root, or the daemon's own).
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is ever changed.
seealso:
  - module: cloudbgp.exabgp.exabgp_peering_info
"""

EXAMPLES = r"""
- name: See what is withdrawn
  cloudbgp.exabgp.exabgp_health_info:
  register: health

- name: Name it
  ansible.builtin.debug:
    msg: "{{ health.services | dict2items | rejectattr('value.announced') | map(attribute='key') }}"
"""

RETURN = r"""
state:
  description:
    - V(running) when the agent answered, V(down) when none listens, V(unknown) when one did not answer as it should.
  returned: always
  type: str
  sample: running
problem:
  description: Why the agent could not be asked, or why it runs with an older configuration. Empty when all is well.
  returned: always
  type: str
pid:
  description: The agent's process, or null when it could not be asked.
  returned: always
  type: int
services:
  description:
    - The services by name, each with C(state), C(announced), C(since), C(reason), C(attributes), C(prefixes),
      C(neighbors), C(checks), C(again_at) and C(drain).
  returned: always
  type: dict
  sample:
    web:
      state: announced
      announced: true
      since: "2026-01-01T00:00:00Z"
      reason: web is up
      prefixes: [203.0.113.10/32]
checks:
  description: The checks by name, each with C(type), C(state), C(since), C(last), C(detail) and C(level).
  returned: always
  type: dict
refused:
  description: What the daemon, or the allow-list, did not let the agent announce.
  returned: always
  type: list
  elements: str
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _agent


def look(socket: str, timeout: float) -> dict[str, t.Any]:
    """Ask once; what went wrong is part of the answer."""
    found: dict[str, t.Any] = {
        "state": "running",
        "problem": "",
        "pid": None,
        "services": {},
        "checks": {},
        "refused": [],
    }
    try:
        answer = _agent.ask(socket, {"verb": "status"}, timeout)
    except _agent.AgentDownError as exc:
        return {**found, "state": "down", "problem": str(exc)}
    except _agent.AgentError as exc:
        return {**found, "state": "unknown", "problem": str(exc)}
    for name in ("pid", "services", "checks", "refused"):
        found[name] = answer.get(name, found[name])
    found["problem"] = str(answer.get("config_error") or "")
    found["settled"] = bool(answer.get("settled", True))
    return found


def settled(found: dict[str, t.Any]) -> bool:
    """Tell whether the agent has judged every service and said all of it to the daemon."""
    states = [service["state"] for service in found["services"].values()]
    return found["state"] == "running" and found["settled"] and "unknown" not in states


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": _agent.SOCKET},
            "answer_timeout": {"type": "float", "default": 5},
            "settle": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    deadline = time.monotonic() + module.params["settle"]
    while True:
        found = look(module.params["socket"], module.params["answer_timeout"])
        if settled(found) or time.monotonic() >= deadline:
            break
        time.sleep(0.2)
    found.pop("settled", None)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
