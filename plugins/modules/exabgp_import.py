#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: exabgp_import
short_description: Write inventory variables for an exabgp.conf that exists already
version_added: "0.1.0"
description:
  - Reads an C(exabgp.conf), on the host or on the controller, and writes the variables of which the collection's plan
    makes an equivalent configuration.
  - What the inventory has no field for, or the plan would refuse, goes into raw text, and RV(notes) says so.
  - Keys go into a file of their own that only its owner may read. They are in no other file, result or log.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
options:
  src:
    description: The file on the host.
    type: str
    default: /etc/exabgp/exabgp.conf
  local_file:
    description: A file on the controller, instead of O(src). No connection is opened then.
    type: path
  dest:
    description:
      - The directory on the controller that gets C(exabgp.yml), and C(exabgp_md5_keys.yml) when there are keys;
        C(host_vars/HOST) of an inventory is the usual one.
    type: path
    required: true
  force:
    description: Whether files with other content are overwritten.
    type: bool
    default: false
notes:
  - This is an action plugin. It writes on the controller.
  - Arguments of helper programs may hold secrets that nothing can tell from other words. They go into raw text.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The result has the variables.
seealso:
  - module: cloudbgp.exabgp.exabgp_plan
"""

EXAMPLES = r"""
- name: Import what the host runs
  cloudbgp.exabgp.exabgp_import:
    dest: "{{ inventory_dir }}/host_vars/{{ inventory_hostname }}"
  become: true
"""

RETURN = r"""
extent:
  description: How far the file is modelled, V(fully modelled), V(partly raw) or V(all raw).
  returned: when the file could be imported
  type: str
  sample: partly raw
neighbors:
  description: How many neighbors are modelled, modelled with raw statements, and raw as a whole.
  returned: when the file could be imported
  type: dict
  sample: {"modelled": 2, "partly_raw": 1, "raw": 0}
notes:
  description: What an operator should know, one sentence each, what is kept raw and why among them.
  returned: when the file could be imported
  type: list
  elements: str
  sample: ["neighbor 10.0.0.3: names no families, so that ExaBGP offers all that it knows: name those that are meant"]
keys:
  description: The neighbors whose keys were found. Not the keys.
  returned: when the file could be imported
  type: list
  elements: str
  sample: ["10.0.0.3"]
files:
  description: The files that were written, or are as they should be.
  returned: success
  type: list
  elements: str
variables:
  description: The variables, without keys.
  returned: when the file could be imported
  type: dict
"""
