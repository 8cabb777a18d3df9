# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own types become plain ones at the door."""

from __future__ import annotations

import datetime
from types import MappingProxyType

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plain import plain


class Text(str):
    """Like Ansible's tagged text: str() returns it as it is."""

    __slots__ = ()
    __str__ = str.__str__


class Number(int):
    pass


class Vaulted:
    __ENCRYPTED__ = True

    def __str__(self):
        return "opened"


def test_subclasses_become_their_base_classes():
    found = plain({Text("a"): [Text("b"), Number(7), True, None, 1.5]})
    assert found == {"a": ["b", 7, True, None, 1.5]}
    assert [type(item) for item in found["a"]] == [str, int, bool, type(None), float]
    assert [type(key) for key in found] == [str]


def test_other_containers_become_lists_and_dicts():
    assert plain(MappingProxyType({"a": (1, 2)})) == {"a": [1, 2]}
    assert plain({1}) == [1]


def test_what_is_no_data_becomes_its_text():
    assert plain(Vaulted()) == "opened"
    assert plain(datetime.date(2026, 1, 2)) == "2026-01-02"
    assert plain(b"x") == "b'x'"


def test_data_in_itself_is_refused():
    inside: list = []
    inside.append(inside)
    with pytest.raises(ValueError, match="nested more than 32 deep"):
        plain(inside)
