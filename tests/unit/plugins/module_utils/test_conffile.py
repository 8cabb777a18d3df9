# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _conffile

CONFIG = """\
# neighbor rs-0
neighbor 10.0.1.4 {
  local-address 10.0.2.10;
  local-as 65020;
  md5-password "@@md5:rs-0@@";
  md5-base64 false;
  static {
    route 203.0.113.10/32 next-hop self med 100;
    route 203.0.113.16/28 next-hop self;
  }
}
# neighbor v6
neighbor 2001:DB8:0::1 {
  local-address 2001:db8::2;
  announce { ipv6 { unicast 2001:db8:113::10/128 next-hop self; } }
}
"""
KEYS = {"rs-0": "Marker-Key-0123456789"}


def test_sessions_and_static_routes_are_found():
    sessions = _conffile.read_sessions(CONFIG)
    assert list(sessions) == [("10.0.2.10", "10.0.1.4"), ("2001:db8::2", "2001:db8::1")]
    assert sessions["10.0.2.10", "10.0.1.4"].prefixes == {"203.0.113.10/32", "203.0.113.16/28"}
    assert sessions["2001:db8::2", "2001:db8::1"].prefixes == {"2001:db8:113::10/128"}


def test_a_session_never_shows_its_key():
    session = _conffile.read_sessions(_conffile.insert_keys(CONFIG, KEYS))["10.0.2.10", "10.0.1.4"]
    assert session.key == KEYS["rs-0"]
    assert KEYS["rs-0"] not in repr(session)


def test_keys_go_where_the_placeholders_stand():
    assert 'md5-password "Marker-Key-0123456789";' in _conffile.insert_keys(CONFIG, KEYS)
    assert _conffile.missing_keys(CONFIG, {}) == ["rs-0"]
    assert _conffile.missing_keys(CONFIG, KEYS) == []


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("", "empty"),
        (7, "no text"),
        ("k" * 81, "longer than 80 bytes"),
        ('a"b', "printable ASCII"),
        ("a'b", "printable ASCII"),
        ("a\\b", "printable ASCII"),
        ("a\nb", "printable ASCII"),
        ("x y", "printable ASCII"),
        ("a;b", "printable ASCII"),
        ("päss", "printable ASCII"),
    ],
)
def test_a_key_that_would_break_the_file_is_refused_without_being_shown(key, word):
    (problem,) = _conffile.refused_keys({"rs-0": key})
    assert "rs-0" in problem
    assert word in problem
    assert len(str(key)) < 3 or str(key) not in problem


def test_a_key_of_80_bytes_is_accepted():
    assert _conffile.refused_keys({"rs-0": "k" * 80}) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CONFIG, None),
        (CONFIG + "}\n", "line 17: a closing brace has no opening one"),
        (CONFIG.rstrip()[:-1], "1 opening braces are never closed"),
        ('neighbor 10.0.0.1 {\n  description "a } in words";\n}\n', None),
    ],
)
def test_braces_are_counted(text, reason):
    assert _conffile.unbalanced(text) == reason


def test_a_diff_shows_that_a_key_changed_and_no_key():
    before = _conffile.insert_keys(CONFIG, {"rs-0": "Old-Key-0123456789"})
    after = _conffile.insert_keys(CONFIG, KEYS)
    shown_before, shown_after = _conffile.masked_pair(before, after)
    assert 'md5-password "<previous key>"' in shown_before
    assert 'md5-password "<new key>"' in shown_after
    assert "Old-Key" not in shown_before + shown_after
    assert "Marker-Key" not in shown_before + shown_after


def test_an_unchanged_key_makes_no_difference_in_the_diff():
    text = _conffile.insert_keys(CONFIG, KEYS)
    shown_before, shown_after = _conffile.masked_pair(text, text)
    assert shown_before == shown_after
    assert KEYS["rs-0"] not in shown_after


def test_masking_hides_known_keys_and_whatever_follows_md5_password():
    text = 'invalid keyword "md5-passwort" Marker-Key-0123456789; md5-password unquoted; md5-password "quoted";'
    assert _conffile.masked(text, KEYS) == (
        'invalid keyword "md5-passwort" ********; md5-password "********"; md5-password "********";'
    )


def test_the_helpers_of_a_session_are_known():
    text = "neighbor 10.0.0.1 { local-address 10.0.0.2; api { processes [ exabgp-health other ]; } }"
    (session,) = _conffile.read_sessions(text).values()
    assert session.helpers == {"exabgp-health", "other"}


def test_a_file_can_be_validated_before_the_agent_is_installed():
    text = f"process exabgp-health {{\n    run {_conffile.AGENT} -m exabgp_health run;\n    encoder text;\n}}\n"
    other = "process watcher {\n    run /usr/local/bin/watcher -v;\n    encoder text;\n}\n"
    assert "run /bin/true -m exabgp_health run;" in _conffile.without_agent(text)
    assert _conffile.without_agent(other) == other
