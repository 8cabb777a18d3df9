# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/profiles.md is made from the profiles, and what it shows works."""

from __future__ import annotations

import re

import yaml

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plan import plan_host
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._profile_form import FORMS
from tests.tools import profile_docs


def test_the_committed_page_is_the_one_that_is_made() -> None:
    assert profile_docs.PAGE.read_text(encoding="utf-8") == profile_docs.page(), "run 'make docs'"


def test_every_fact_is_explained() -> None:
    assert set(profile_docs.VALUES) == set(FORMS)


def test_the_profile_of_ones_own_works() -> None:
    block = re.search(r"```yaml\n(exabgp_profiles:.*?)```", profile_docs.page(), re.DOTALL)
    assert block is not None
    inventory = {
        "exabgp_local_as": 65010,
        "exabgp_router_id": "10.0.2.10",
        "exabgp_local_address": "10.0.2.10",
        "exabgp_neighbors": [{"name": "rs", "profile": "my_ixp", "peer_address": "10.0.2.1"}],
        **yaml.safe_load(block[1]),
    }
    result = plan_host("edge-1", inventory)
    assert [str(finding) for finding in result.errors + result.warnings] == []
    assert result.plan is not None
    neighbor = result.plan["neighbors"][0]
    assert (neighbor["peer_as"], neighbor["prefix_limit"], neighbor["hold_time"]) == (64999, 50, 180)
    assert neighbor["controls"]["ttl_security"] == {"on": False, "reason": "the exchange sends TTL 1"}
