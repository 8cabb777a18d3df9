# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that asks a cloud for its peerings (module_utils/_cloud.py, SPEC)."""

    DOCUMENTATION = r"""
options:
  names:
    description: Return only the peerings with these names.
    type: list
    elements: str
  peer_addresses:
    description: Return only the peerings with these addresses of the peer, which is your own end.
    type: list
    elements: str
  peer_asns:
    description: Return only the peerings with these AS numbers of the peer, which is your own end.
    type: list
    elements: int
  include_routes:
    description: Return C(routes_received) of each peering, and C(routes_advertised) where the cloud tells.
    type: bool
    default: false
  include_raw:
    description: Return the cloud's own answers as RV(raw), without the secrets in them.
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
  api_timeout:
    description: Seconds for one call of the cloud's API.
    type: float
    default: 30
  api_retries:
    description:
      - How often a call is made again that was throttled, met an error of the server, or did not get through. The
        pauses grow, and follow what the cloud asks for.
    type: int
    default: 4
notes:
  - A peering is seen from the cloud. C(local_address) and C(local_as) are the cloud's end, C(peer_address) and
    C(peer_as) are yours.
  - When a call fails, the module fails with RV(failure), which has C(code), C(message) and C(hint), and returns with it
    the peerings that it has. What the cloud did not tell is V(unknown), never V(established).
"""
