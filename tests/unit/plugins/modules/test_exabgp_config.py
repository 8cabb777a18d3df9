# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of the configuration has to take back by hand."""

from __future__ import annotations

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _conffile
from ansible_collections.cloudbgp.exabgp.plugins.modules import exabgp_config

ENDS = ("10.0.0.2", "10.0.0.1")
API = "api { processes [ exabgp-health ]; }"


def session(*routes: str, api: str = "") -> dict:
    static = "".join(f"route {route} next-hop self; " for route in routes)
    return _conffile.read_sessions(f"neighbor 10.0.0.1 {{ local-address 10.0.0.2; {api} static {{ {static} }} }}")


def unwanted(old: dict, new: dict, held: set[str], helper_prefixes: tuple[str, ...] = ()) -> list[str]:
    found = exabgp_config._unwanted(old, new, {ENDS: held}, {}, list(helper_prefixes))
    return [statement for _ends, _item, statement in found]


def test_a_route_that_left_the_file_is_withdrawn_unless_a_helper_has_it_now():
    old, new = session("203.0.113.10/32", "203.0.113.16/28"), session("203.0.113.16/28", api=API)
    held = {"203.0.113.10/32", "203.0.113.16/28"}
    assert unwanted(old, new, held) == ["route 203.0.113.10/32"]
    assert unwanted(old, new, held, ("203.0.113.10/32",)) == []


def test_what_a_helper_leaves_behind_is_withdrawn():
    old, new = session("203.0.113.16/28", api=API), session("203.0.113.16/28")
    held = {"203.0.113.10/32", "203.0.113.16/28", "multicast 203.0.113.0/24"}
    assert unwanted(old, new, held) == ["route 203.0.113.10/32"]
    assert unwanted(old, old, held) == []


def test_exabgp_42_is_restarted_for_a_helper_that_is_new_to_a_session():
    config = exabgp_config.Config.__new__(exabgp_config.Config)
    texts = [f"neighbor 10.0.0.1 {{ local-address 10.0.0.2; {api} }}" for api in ("", API)]
    for version, needed in (((4, 2, 25), True), ((5, 0, 15), False)):
        config.__dict__["version"] = version
        assert config.reload_is_not_enough(texts[0], texts[1]) is needed
        assert config.reload_is_not_enough(texts[1], texts[1]) is False
        assert config.reload_is_not_enough(texts[1], texts[0]) is False
