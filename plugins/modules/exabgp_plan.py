#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: exabgp_plan
short_description: Turn the inventory of ExaBGP hosts into plans, or refuse it with all of its errors
version_added: "0.1.0"
description:
  - Reads the C(exabgp_*) variables of the hosts, fills up what the profile of each peering knows, and refuses what the
    peering cannot do. Every error of every host is reported at once, with the host, the neighbor and the option.
  - Each host without errors gets a plan, from which everything else is made, and the C(exabgp.conf) of the plan.
  - Neither the plan nor the configuration nor any message holds a key of C(exabgp_md5_keys).
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
options:
  hosts:
    description:
      - The hosts to plan.
      - By default all hosts of the play, also those outside of the current batch.
    type: list
    elements: str
notes:
  - This is an action plugin. It runs on the controller, opens no connection, and needs nothing on the hosts.
  - Variables are those of the inventory, of C(set_fact), and extra variables. The C(vars) of a play or a role are not
    seen.
  - A variable that begins with C(exabgp_), and is neither read here nor belongs to a role, is an error.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing is ever changed.
seealso:
  - module: cloudbgp.exabgp.exabgp_config
"""

EXAMPLES = r"""
# inventory:
#   exabgp_local_as: 65010
#   exabgp_router_id: 10.0.2.10
#   exabgp_local_address: 10.0.2.10
#   exabgp_neighbors:
#     - {name: rs-0, profile: azure_route_server, peer_address: 10.0.1.4}
#     - {name: rs-1, profile: azure_route_server, peer_address: 10.0.1.5}
#   exabgp_routes:
#     - {prefix: 203.0.113.0/24, communities: ["65010:1"]}

- name: Plan all hosts of the play, before anything is changed on one of them
  cloudbgp.exabgp.exabgp_plan:
  run_once: true
  register: planned

- name: Show the configuration that this host would get
  ansible.builtin.debug:
    msg: "{{ planned.hosts[inventory_hostname].config }}"
"""

RETURN = r"""
hosts:
  description: What was planned, by host. Empty when anything is wrong.
  returned: always
  type: dict
  contains:
    plan:
      description:
        - What the host's ExaBGP is to do.
      returned: success
      type: dict
      contains:
        host:
          description: The host's name in the inventory.
          returned: success
          type: str
        router_id:
          description: The BGP identifier of the host.
          returned: success
          type: str
        listens:
          description: Whether a neighbor is passive, so that the host has to accept connections to port 179.
          returned: success
          type: bool
        neighbors:
          description: The neighbors in the order of the inventory, each with all of its options and its routes.
          returned: success
          type: list
          elements: dict
          contains:
            name:
              description: The neighbor's name, unique on its host.
              returned: success
              type: str
            profile:
              description: The kind of peering.
              returned: success
              type: str
            module:
              description: The module that reads the other end's state, or null when only the daemon can be asked.
              returned: success
              type: str
            scope:
              description: V(private) or V(public), what kind of route policy holds for the neighbor.
              returned: success
              type: str
            description:
              description: Free text, or empty.
              returned: success
              type: str
            local_address:
              description: The host's own end of the session.
              returned: success
              type: str
            local_as:
              description: The host's AS number in the session.
              returned: success
              type: int
            peer_address:
              description: The other end of the session.
              returned: success
              type: str
            peer_as:
              description: The AS number of the other end.
              returned: success
              type: int
            router_id:
              description: The BGP identifier in this session.
              returned: success
              type: str
            hold_time:
              description: The proposed hold time in seconds.
              returned: success
              type: int
            passive:
              description: Whether ExaBGP waits for the other end to connect.
              returned: success
              type: bool
            port:
              description: The port of the other end that ExaBGP connects to.
              returned: success
              type: int
            families:
              description: The address families of the session, e.g. V(ipv4 unicast) or V(ipv4 flow).
              returned: success
              type: list
              elements: str
            ttl:
              description:
                - C(outgoing) is the TTL of sent packets, C(incoming) the lowest TTL of accepted ones.
                - Null leaves it to the kernel. Both are 255 with TTL security.
              returned: success
              type: dict
            md5:
              description: Whether the session is signed with C(exabgp_md5_keys[name]).
              returned: success
              type: bool
            controls:
              description: For C(md5) and C(ttl_security), whether it is C(on), and the C(reason).
              returned: success
              type: dict
            prefix_limit:
              description: How many prefixes the other end takes over the session, or null when that is not known.
              returned: success
              type: int
            sessions_wanted:
              description: How many sessions a peering of this profile consists of.
              returned: success
              type: int
            routes:
              description:
                - The prefixes announced to the neighbor, each with C(prefix), C(family), C(next_hop), C(origin),
                  C(med), C(local_preference), C(as_path), C(communities), C(large_communities),
                  C(extended_communities), C(label), C(rd), C(path_information), C(watchdog), C(withdraw),
                  C(atomic_aggregate), C(aggregator), C(originator_id) and C(cluster_list).
                - Absent attributes are null or false, absent lists empty.
              returned: success
              type: list
              elements: dict
            flows:
              description:
                - The FlowSpec rules for the neighbor, each with C(name), C(family), C(rd), C(match) and C(action).
              returned: success
              type: list
              elements: dict
            services:
              description: The names of the services that the health agent announces to the neighbor.
              returned: success
              type: list
              elements: str
            capabilities:
              description: What is asked for of the capabilities, by name; null leaves it to ExaBGP.
              returned: success
              type: dict
            listen_port:
              description: The port to wait on for the other end, or null.
              returned: success
              type: int
            source_interface:
              description: The interface to connect from, or null.
              returned: success
              type: str
            host_name:
              description: The host name that the other end may show, or null.
              returned: success
              type: str
            domain_name:
              description: The domain name that the other end may show, or null.
              returned: success
              type: str
            raw:
              description: Configuration that the plan has not judged, C(text), marked by C(raw) which is true; or null.
              returned: success
              type: dict
        services:
          description:
            - The services of C(exabgp_services), each with C(name), C(prefixes), C(addresses), C(neighbors) and
              C(minimum_announcers).
          returned: success
          type: list
          elements: dict
        health:
          description: The configuration of the health agent, or null for a host without services.
          returned: success
          type: dict
        vips:
          description: The addresses that the host has to have for its services, each with its length.
          returned: success
          type: list
          elements: str
        health_needs:
          description: The clouds whose libraries the host's checks need, of V(aws), V(azure) and V(gcp).
          returned: success
          type: list
          elements: str
        raw:
          description:
            - Sections of the file that the plan has not judged, C(text), marked by C(raw) which is true; or null.
          returned: success
          type: dict
        warnings:
          description: The host's share of RV(warnings).
          returned: success
          type: list
          elements: str
    config:
      description:
        - The configuration for ExaBGP 4.2 and 5.x. Each key is a placeholder, C(@@md5:NAME@@).
      returned: success
      type: str
  sample:
    azure-1:
      config: "..."
      plan:
        host: azure-1
        router_id: 10.0.2.10
        listens: false
        neighbors: []
        warnings: []
errors:
  description: Everything that is wrong, one line each.
  returned: always
  type: list
  elements: str
  sample:
    - >-
      azure-1: neighbor rs-0: peer_as: 65000 is refused: Azure Route Server is always AS 65515 (leave peer_as out)
warnings:
  description:
    - What may be meant, but probably is not, one line each, with the rule and its source. Ansible prints them too.
    - Ansible removes the list when it is empty.
  returned: when there are any
  type: list
  elements: str
findings:
  description: The same as RV(errors) and RV(warnings), in parts, so that a program can sort, count and look them up.
  returned: always
  type: list
  elements: dict
  contains:
    severity:
      description: V(error) or V(warning).
      returned: always
      type: str
    host:
      description: The host's name in the inventory.
      returned: always
      type: str
    where:
      description: V(host), or the neighbor, route or profile.
      returned: always
      type: str
    field:
      description: The variable or option. Empty when it is about the whole entry.
      returned: always
      type: str
    reason:
      description: What is wrong.
      returned: always
      type: str
    hint:
      description: What to write instead, or empty.
      returned: always
      type: str
    rule:
      description:
        - The rule that was broken, by a name that stays when the wording changes.
        - Rules of a kind of peering are named C(PROFILE.FACT), as in C(docs/profiles.md).
      returned: always
      type: str
    source:
      description: The document, or the measurement, that the rule rests on. Empty for the form of the inventory itself.
      returned: always
      type: str
    text:
      description: The line of RV(errors).
      returned: always
      type: str
  sample:
    - severity: error
      host: azure-1
      where: neighbor rs-0
      field: peer_as
      reason: "65000 is refused: Azure Route Server is always AS 65515"
      hint: leave peer_as out
      rule: azure_route_server.peer_as
      source: Azure Route Server FAQ
      text: >-
        azure-1: neighbor rs-0: peer_as: 65000 is refused: Azure Route Server is always AS 65515 (leave peer_as out)
summary:
  description: How many hosts were asked for, and how many neighbors and announced routes their plans have.
  returned: always
  type: dict
  contains:
    hosts:
      description: Number of hosts.
      returned: always
      type: int
    neighbors:
      description: Number of neighbors.
      returned: always
      type: int
    routes:
      description: Number of announced routes, counted once for each neighbor.
      returned: always
      type: int
  sample:
    hosts: 1
    neighbors: 2
    routes: 2
"""
