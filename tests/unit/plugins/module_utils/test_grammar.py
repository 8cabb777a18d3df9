# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _grammar

TEXT = """\
# a comment; with { braces
process watch { run /bin/echo "a { b" 'c;d'; encoder text; }   # behind it
neighbor 10.0.0.1 {
    family { ipv4 unicast; ipv6 unicast; }
    static { route 10.0.0.0/8 { next-hop self; community [65010:1 no-export]; } }
    md5-"password" x;
    route \\
        10.1.0.0/16 \\
        next-hop self;
}
"""


def test_a_text_is_cut_into_statements_and_sections():
    process, neighbor = _grammar.parse(TEXT)
    assert (process.words, process.section) == (["process", "watch"], True)
    assert process.inner[0].words == ["run", "/bin/echo", "a { b", "c;d"]
    assert [item.words for item in neighbor.inner[0].inner] == [["ipv4", "unicast"], ["ipv6", "unicast"]]
    assert neighbor.inner[1].inner[0].inner[1].words == ["community", "[", "65010:1", "no-export", "]"]
    assert neighbor.inner[2].words == ["md5-password", "x"]
    assert neighbor.inner[3].words == ["route", "10.1.0.0/16", "next-hop", "self"]
    assert (neighbor.line, neighbor.inner[0].line) == (3, 4)


def test_what_is_printed_is_read_back_the_same():
    statements = _grammar.parse(TEXT)
    again = _grammar.parse("\n".join(_grammar.printed(statements)))
    assert list(_words(again)) == list(_words(statements))


def _words(statements):
    for statement in _grammar.flat(statements):
        yield statement.words, statement.section


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a {\n b;\n", "line 1: the brace that opens here is never closed"),
        ("a;\n}\n", "line 2: a closing brace has no opening one"),
        ("a {\n b }\n", "line 2: words before a closing brace have no semicolon"),
        ("a\n", "line 1: the line does not end with a semicolon or a brace"),
        ('a "b;\n', "line 1: a quote is not closed"),
        ("a \\u12;\n", "line 1: an escape is cut short"),
    ],
)
def test_what_exabgp_cannot_read_is_told_with_its_line(text, reason):
    with pytest.raises(_grammar.GrammarError, match=reason):
        _grammar.parse(text)


def test_braces_that_do_not_match_are_read_as_exabgp_reads_them():
    statements, notes = _grammar.parse_as_exabgp("a { b; }\n}\nlost { c; }\n")
    assert [item.words for item in statements] == [["a"]]
    assert notes == ["line 2: a closing brace has no opening one, and ExaBGP reads no further"]
    statements, notes = _grammar.parse_as_exabgp("a { b {\n c;\n")
    assert statements[0].inner[0].inner[0].words == ["c"]
    assert notes == ["the file ends inside of a section, which ExaBGP takes for closed"]


@pytest.mark.parametrize("text", ["a b", "", "{", "a;b", "a\\b", "it's", "[1]", "#1"])
def test_a_word_is_written_so_that_it_is_read_back(text):
    (statement,) = _grammar.parse(f"word {_grammar.word(text)};")
    assert statement.words == ["word", text]


def test_escapes_are_read_as_exabgp_reads_them():
    (statement,) = _grammar.parse(r"a md5\u002dpassword b\tc;")
    assert statement.words == ["a", "md5-password", "b", "c"]
