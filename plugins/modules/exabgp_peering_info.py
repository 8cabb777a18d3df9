#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: exabgp_peering_info
short_description: The BGP sessions of a running ExaBGP, and what it announces
version_added: "0.1.0"
description:
  - Asks the running daemon, over its own command pipes, for its sessions and for the routes that it holds
    for each neighbor. The answer is the peering contract that all C(*_peering_info) modules of the
    collection share.
  - For a session that is not Established, C(problems) says what the host knows of the reason, from the
    daemon's log, the TCP sockets, the routing table and the kernel's counters.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.daemon
options:
  sessions:
    description:
      - The sessions that are meant to be, such as the C(neighbors) of a plan. They give the peerings their
        names and profiles, and one that the daemon does not have is returned as V(down) with that problem.
      - Each needs C(name), C(local_address) and C(peer_address); C(profile), C(local_as), C(peer_as) and C(md5)
        are used when present, other keys are ignored.
    type: list
    elements: dict
    default: []
  include_routes:
    description: Return C(routes_advertised) of each peering.
    type: bool
    default: false
  wait_for:
    description: Ask again until enough peerings have a state.
    type: dict
    suboptions:
      state:
        description: The state to wait for.
        type: str
        choices: [established, down]
        default: established
      count:
        description: How many peerings must have it. All of them when not given.
        type: int
      timeout:
        description: Seconds after which the module returns what it has, with RV(reached) false.
        type: float
        default: 60
      max_sleep:
        description: The longest pause between two questions, in seconds.
        type: float
        default: 5
  service:
    description: The systemd unit of the daemon.
    type: str
    default: exabgp.service
notes:
  - Needs a user that may open the daemon's pipes (root, or the daemon's own).
  - A daemon that is down makes every session V(down), and RV(daemon.state) V(down). A daemon that is frozen, or
    slower than O(answer_timeout), makes every session V(unknown) and RV(daemon.state) V(silent), never V(established).
    Neither is a failure of the module.
  - ExaBGP's own command line client is not used. It returns 0 on errors, hangs or mixes answers when two
    run at once, and in 4.2 leaves out the neighbors that are not up.
  - A route in C(routes_advertised) is one that the daemon holds for the neighbor. It is sent while the session
    is Established; C(prefixes_advertised) counts it only then.
attributes:
  check_mode:
    support: full
    details: The module never changes anything.
  diff_mode:
    support: none
seealso:
  - module: cloudbgp.exabgp.exabgp_config
"""

EXAMPLES = r"""
- name: See the sessions of a host
  cloudbgp.exabgp.exabgp_peering_info:
  register: daemon

- name: Wait until all planned sessions are Established
  cloudbgp.exabgp.exabgp_peering_info:
    sessions: "{{ exabgp_plan.hosts[inventory_hostname].plan.neighbors }}"
    include_routes: true
    wait_for:
      state: established
      timeout: 60
  register: daemon
  failed_when: not daemon.reached
"""

RETURN = r"""
peerings:
  description: The sessions, sorted by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name from O(sessions), or the peer's address.
      type: str
    cloud:
      description: Null, since the daemon is no cloud.
      type: str
    profile:
      description: The profile from O(sessions), or null.
      type: str
    resource_id:
      description: Null.
      type: str
    local_address:
      description: The daemon's own end.
      type: str
    local_as:
      description: The daemon's AS number.
      type: int
    peer_address:
      description: The neighbor's address.
      type: str
    peer_as:
      description: The neighbor's AS number.
      type: int
    state:
      description: V(established), V(down) or V(unknown).
      type: str
    state_raw:
      description: The state of the session's FSM in the daemon's words (RFC 4271, 8.2.2).
      type: str
    uptime_s:
      description: Seconds since the session came up, or null.
      type: int
    prefixes_received:
      description: Null; ExaBGP's answer does not tell.
      type: int
    prefixes_advertised:
      description: Routes that were sent to the neighbor.
      type: int
    routes_advertised:
      description: The routes that the daemon holds for the neighbor.
      returned: with O(include_routes)
      type: list
      elements: dict
    flows_advertised:
      description:
        - The FlowSpec rules that the daemon holds for the neighbor, each with C(family), C(text) in the daemon's words,
          and C(rule), what it matches in a spelling that can be compared.
      returned: with O(include_routes)
      type: list
      elements: dict
    md5:
      description: Whether the plan wants MD5, or null.
      type: bool
    bfd:
      description: Null; ExaBGP has no BFD.
      type: bool
    problems:
      description: What the host knows of the reason, one sentence each.
      type: list
      elements: str
  sample:
    - name: rs-0
      cloud:
      profile: azure_route_server
      resource_id:
      local_address: 10.0.2.10
      local_as: 65020
      peer_address: 10.0.1.4
      peer_as: 65515
      state: established
      state_raw: ESTABLISHED
      uptime_s: 73
      prefixes_received:
      prefixes_advertised: 2
      md5: false
      bfd:
      problems: []
summary:
  description: Counts by state.
  returned: always
  type: dict
  sample: {"total": 2, "established": 2, "down": 0, "unknown": 0}
reached:
  description: Whether the state of O(wait_for) was reached; true without it.
  returned: always
  type: bool
daemon:
  description: The daemon itself.
  returned: always
  type: dict
  contains:
    state:
      description: V(running), V(down) or V(silent).
      type: str
    version:
      description: The version that runs, or null.
      type: str
    problem:
      description: Why it is not running, or an empty text.
      type: str
  sample: {"state": "running", "version": "5.0.15", "problem": ""}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import (
    _answers,
    _conffile,
    _contract,
    _daemon,
    _kernel,
    _service,
)

LOG_LINES = 400


class Question:
    """Asks one daemon, as often as it takes."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.options: dict[str, t.Any] = module.params
        self.wanted: dict[tuple[str, str], dict[str, t.Any]] = {}
        for number, session in enumerate(self.options["sessions"], 1):
            lacking = [field for field in ("name", "local_address", "peer_address") if not session.get(field)]
            if lacking:
                module.fail_json(msg=f"sessions: entry {number} lacks {', '.join(lacking)}")
            ends = (_conffile.address(session["local_address"]), _conffile.address(session["peer_address"]))
            self.wanted[ends] = session
        self.counters = _kernel.counters()
        self.daemon: dict[str, t.Any] = {}

    def ask(self) -> list[dict[str, t.Any]]:
        """The peerings as they are now; what is wrong with the daemon stands in C(self.daemon)."""
        self.daemon = {"state": "running", "version": None, "problem": ""}
        try:
            with _daemon.connect(self.options["pipe_dir"], timeout=self.options["answer_timeout"]) as pipes:
                self.daemon["version"] = pipes.version()
                found = _answers.sessions(pipes.ask(_answers.SHOW_SESSIONS))
                answer = pipes.ask(_answers.SHOW_ANNOUNCED)
                routes, rules = _answers.announced(answer), _answers.rules(answer)
        except _daemon.DaemonDownError as exc:
            state = _service.state(self.module, self.options["service"])
            self.daemon.update(state="down", problem=f"{exc}; {state.describe(self.options['service'])}")
            return self.all_as(_contract.DOWN)
        except _daemon.DaemonError as exc:
            self.daemon.update(state="silent", problem=str(exc))
            return self.all_as(_contract.UNKNOWN)
        held: dict[tuple[str, str], list[dict[str, t.Any]]] = {}
        for route in routes:
            ends = (_conffile.address(route.pop("local_address")), _conffile.address(route.pop("peer_address")))
            if route["next_hop"] == "self":  # 4.2 says so, 5.x gives the address
                route["next_hop"] = ends[0]
            held.setdefault(ends, []).append(route)
        flows: dict[tuple[str, str], list[dict[str, t.Any]]] = {}
        for rule in rules:
            ends = (_conffile.address(rule.pop("local_address")), _conffile.address(rule.pop("peer_address")))
            flows.setdefault(ends, []).append(rule)
        peerings = []
        seen = set()
        for session in found:
            ends = (_conffile.address(session["local_address"]), _conffile.address(session["peer_address"]))
            seen.add(ends)
            peerings.append(self.peering(ends, session, held.get(ends, []), flows.get(ends, [])))
        for ends in self.wanted.keys() - seen:
            peerings.append(
                self.absent(
                    ends,
                    _contract.DOWN,
                    "the running daemon has no such neighbor (its configuration is older than the plan)",
                )
            )
        return sorted(peerings, key=lambda item: (item["name"], item["local_address"] or ""))

    def peering(
        self,
        ends: tuple[str, str],
        session: dict[str, t.Any],
        routes: list[dict[str, t.Any]],
        flows: list[dict[str, t.Any]],
    ) -> dict[str, t.Any]:
        wanted = self.wanted.get(ends, {})
        up = session["established"]
        fields: dict[str, t.Any] = {}
        if self.options["include_routes"]:
            fields = {"routes_advertised": routes, "flows_advertised": flows}
        problems = [] if not self.wanted or wanted else ["the plan has no such neighbor"]
        return _contract.peering(
            name=wanted.get("name") or session["peer_address"],
            profile=wanted.get("profile"),
            local_address=ends[0],
            local_as=session["local_as"],
            peer_address=ends[1],
            peer_as=session["peer_as"] if session["peer_as"] is not None else wanted.get("peer_as"),
            state=_contract.ESTABLISHED if up else _contract.DOWN,
            state_raw=session["state_raw"],
            uptime_s=session["since_s"] if up else None,
            prefixes_advertised=len(routes) if up else 0,
            md5=wanted.get("md5"),
            problems=problems,
            **fields,
        )

    def absent(self, ends: tuple[str, str], state: str, problem: str) -> dict[str, t.Any]:
        wanted = self.wanted[ends]
        return _contract.peering(
            name=wanted["name"],
            profile=wanted.get("profile"),
            local_address=ends[0],
            local_as=wanted.get("local_as"),
            peer_address=ends[1],
            peer_as=wanted.get("peer_as"),
            state=state,
            md5=wanted.get("md5"),
            problems=[problem] if problem else [],
        )

    def all_as(self, state: str) -> list[dict[str, t.Any]]:
        peerings = [self.absent(ends, state, self.daemon["problem"]) for ends in self.wanted]
        return sorted(peerings, key=lambda item: item["name"])

    def explain(self, peerings: list[dict[str, t.Any]]) -> None:
        """Add what the host knows of each session that is down."""
        down = [item for item in peerings if item["state"] == _contract.DOWN and not item["problems"]]
        if not down:
            return
        log = _service.journal(self.module, self.options["service"], LOG_LINES, since="-15min")
        now = _kernel.counters()
        grown = {name: now[name] - self.counters.get(name, 0) for name in now}
        for item in down:
            item["problems"] = [*self.from_kernel(item), *from_log(log, item["peer_address"])]
            if any(grown.values()):
                item["problems"] += [
                    f"while waiting the host dropped {count} {_kernel.COUNTERS[name]}"
                    for name, count in sorted(grown.items())
                    if count
                ]

    def from_kernel(self, item: dict[str, t.Any]) -> list[str]:
        local, peer = item["local_address"], item["peer_address"]
        if _kernel.has_address(self.module, local) is False:
            return [f"the local address {local} is not on this host"]
        if _kernel.route(self.module, local, peer) is None:
            return [f"there is no route from {local} to {peer}"]
        states = _kernel.socket_states(self.module, local, peer)
        if "SYN-SENT" in states:
            return [f"{peer} does not answer on TCP port 179 (a filter, or another MD5 key: both make a peer silent)"]
        if "ESTAB" in states:
            return ["the TCP connection is open, BGP is not Established on it"]
        return ["there is no TCP connection at the moment"]


def from_log(log: list[str], peer: str) -> list[str]:
    """The daemon's last word on why it lost, or did not get, a session."""
    words = ("notification", "closing", "refused", "lost", "could not", "error", "reset", "problem", "hold timer")
    for line in reversed(log):
        if peer in line and any(word in line.lower() for word in words):
            return ["the daemon's log says: " + " ".join(line.split())]
    return []


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "sessions": {"type": "list", "elements": "dict", "default": []},
            "include_routes": {"type": "bool", "default": False},
            "wait_for": _contract.WAIT_FOR_SPEC,
            "service": {"type": "str", "default": "exabgp.service"},
            **_daemon.SPEC,
        },
        supports_check_mode=True,
    )
    question = Question(module)
    peerings, reached = _contract.wait(question.ask, module.params["wait_for"])
    question.explain(peerings)
    module.exit_json(
        changed=False,
        peerings=peerings,
        summary=_contract.summary(peerings),
        reached=reached,
        daemon=question.daemon,
    )


if __name__ == "__main__":
    main()
