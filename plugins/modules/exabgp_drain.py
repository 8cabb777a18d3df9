#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: exabgp_drain
short_description: Ask the neighbors of a running ExaBGP to prefer other announcers
version_added: "0.1.0"
description:
  - Announces every unicast route that the daemon holds again with the community C(65535:0), GRACEFUL_SHUTDOWN
    (RFC 8326), so that neighbors which honor it prefer other paths while sessions and routes stay up. V(restored)
    takes the community away.
  - The drain lives in the daemon only. A restart of the daemon ends it, a reload does not.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.daemon
options:
  state:
    description: Whether the routes carry the community.
    type: str
    choices: [drained, restored]
    default: drained
notes:
  - Needs a user that may open the daemon's pipes (root, or the daemon's own).
  - Whether a neighbor honors the community is up to its policy; the clouds do not document that theirs do.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Drain a host before work on it
  cloudbgp.exabgp.exabgp_drain:

- name: End the drain
  cloudbgp.exabgp.exabgp_drain:
    state: restored
"""

RETURN = r"""
routes:
  description: The routes that were announced anew, or would be in check mode, as C(peer prefix).
  returned: success
  type: list
  elements: str
  sample: ["10.0.1.4 203.0.113.10/32"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _announce, _answers, _daemon

GRACEFUL_SHUTDOWN = "65535:0"


def changed_routes(held: list[dict[str, t.Any]], drained: bool) -> list[dict[str, t.Any]]:
    """The unicast routes that do not carry the community as wanted, with it set or taken away."""
    found = []
    for route in held:
        has = GRACEFUL_SHUTDOWN in route["communities"]
        if has == drained or route["family"] not in ("ipv4 unicast", "ipv6 unicast"):
            continue
        others = [item for item in route["communities"] if item != GRACEFUL_SHUTDOWN]
        found.append({**route, "communities": [*others, GRACEFUL_SHUTDOWN] if drained else others})
    return found


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["drained", "restored"], "default": "drained"},
            **_daemon.SPEC,
        },
        supports_check_mode=True,
    )
    drained = module.params["state"] == "drained"
    routes: list[dict[str, t.Any]] = []
    try:
        with _daemon.connect(module.params["pipe_dir"], timeout=module.params["answer_timeout"]) as pipes:
            routes = changed_routes(_answers.announced(pipes.ask(_answers.SHOW_ANNOUNCED)), drained)
            if not module.check_mode:
                for route in routes:
                    pipes.ask(_announce.command(route))
                left = changed_routes(_answers.announced(pipes.ask(_answers.SHOW_ANNOUNCED)), drained)
                if left:
                    names = ", ".join(f"{route['peer_address']} {route['prefix']}" for route in left)
                    module.fail_json(msg=f"The daemon did not take the new attributes of: {names}")
    except _daemon.DaemonError as exc:
        module.fail_json(msg=f"The daemon cannot be asked: {exc}")
    module.exit_json(changed=bool(routes), routes=[f"{route['peer_address']} {route['prefix']}" for route in routes])


if __name__ == "__main__":
    main()
