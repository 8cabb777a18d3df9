#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: exabgp_report
short_description: Write a report of how every session and prefix is, against the plan
version_added: "0.2.0"
description:
  - Holds what daemons, health agents and clouds said against the plans, and writes C(report.html), C(report.md),
    C(report.json) and C(snapshot.json) on the controller.
  - The page has no scripts and loads nothing; it can be mailed or kept as an artifact. The schema of C(report.json) is
    C(docs/report.schema.json) of the collection.
  - What was not asked, or did not answer, is shown as not known and never as right.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
options:
  hosts:
    description:
      - What is known, by host. Each has C(plan), from M(cloudbgp.exabgp.exabgp_plan), and where there is one C(daemon),
        the result of M(cloudbgp.exabgp.exabgp_peering_info) with its routes, C(health), the result of
        M(cloudbgp.exabgp.exabgp_health_info), and C(site), the name under which it is drawn.
    type: dict
    required: true
  cloud:
    description: Results of the modules that ask clouds, by the module's name; each is one result or a list of them.
    type: dict
  path:
    description: The directory to write to. It is created when it is not there.
    type: path
    required: true
  before:
    description:
      - The C(snapshot.json) of an earlier report, to tell what changed since. By default the one in O(path), if any.
    type: path
  title:
    description: The heading.
    type: str
    default: ExaBGP
  options:
    description: The O(cloudbgp.exabgp.verdict#filter:options) of the filter P(cloudbgp.exabgp.verdict#filter).
    type: dict
    default: {}
notes:
  - This is an action plugin. It runs on the controller and opens no connection.
attributes:
  check_mode:
    support: full
    details: Everything is judged and returned, nothing is written.
  diff_mode:
    support: none
seealso:
  - plugin: cloudbgp.exabgp.verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the report of one host
  cloudbgp.exabgp.exabgp_report:
    path: ./exabgp-report
    hosts:
      edge-1:
        plan: "{{ exabgp_plan.hosts['edge-1'].plan }}"
        daemon: "{{ daemon }}"
"""

RETURN = r"""
path:
  description: The directory.
  returned: always
  type: str
files:
  description: The files that are, or in check mode would be, written.
  returned: always
  type: list
  elements: str
status:
  description: The worst severity, one of V(ok), V(info), V(warning), V(unknown) and V(fault).
  returned: always
  type: str
counts:
  description: Numbers of hosts, sessions by state, verdicts by severity, and fatal verdicts.
  returned: always
  type: dict
faults:
  description: A sentence for each fatal verdict.
  returned: always
  type: list
  elements: str
changes:
  description: A sentence for each change since the snapshot before.
  returned: always
  type: list
  elements: str
report:
  description: The content of C(report.json).
  returned: always
  type: dict
"""
