# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""The outer form of an exabgp.conf: words, statements and sections, as ExaBGP 4.2 and 5.x cut them.

Nothing here knows a keyword. A statement ends with a semicolon on the line that it begins on; a section opens with a
brace at the end of its words. Quotes keep a word together, a backslash is an escape, and one at the end of a line
joins it with the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SPACES = " \t\r\n"
_ALONE = ",[]"
_ENDS = frozenset(";{}")
_NEEDS_QUOTES = re.compile(r"[\s;{}#,\[\]\"']")
# A line without quotes, escapes and comments, which nearly all are, is cut at once.
_PLAIN = re.compile(r"[^\"'\\#]*")
_PIECE = re.compile(r"[^\s,\[\];{}]+|[,\[\];{}]")
_KEPT_ALONE = frozenset(_ALONE)


class GrammarError(ValueError):
    """A text that is no configuration. The reason names the line and quotes nothing: a key may stand there."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")


@dataclass
class Statement:
    """Words up to a semicolon, or the words before a brace and the statements up to its closing one."""

    words: list[str]
    line: int
    section: bool = False
    inner: list[Statement] = field(default_factory=list)

    @property
    def keyword(self) -> str:
        return self.words[0] if self.words else ""


def parse(text: str) -> list[Statement]:
    """Cut a configuration into its statements.

    :raises GrammarError: braces that do not match, a quote that is not closed on its line, words without an end.
    """
    top: list[Statement] = []
    open_sections: list[Statement] = []
    for words, end, number in _pieces(text):
        level = open_sections[-1].inner if open_sections else top
        if end == "}":
            if words:
                raise GrammarError(number, "words before a closing brace have no semicolon")
            if not open_sections:
                raise GrammarError(number, "a closing brace has no opening one")
            open_sections.pop()
            continue
        statement = Statement(words, number, section=end == "{")
        if words or statement.section:
            level.append(statement)
        if statement.section:
            open_sections.append(statement)
    if open_sections:
        raise GrammarError(open_sections[-1].line, "the brace that opens here is never closed")
    return top


def parse_as_exabgp(text: str) -> tuple[list[Statement], list[str]]:
    """Cut a configuration of which braces do not match, as far as ExaBGP reads it.

    :return: the statements, and a sentence for each brace that does not match.
    :raises GrammarError: a quote that is not closed on its line, words without an end.
    """
    try:
        return parse(text), []
    except GrammarError as error:
        if "brace" not in str(error):
            raise
    depth, kept, notes = 0, [], []
    for words, end, number in _pieces(text):
        depth += {"{": 1, "}": -1}.get(end, 0)
        if depth < 0:
            notes.append(f"line {number}: a closing brace has no opening one, and ExaBGP reads no further")
            break
        kept.append(f"{' '.join(map(word, words))}{end}")
    if depth > 0:
        notes.append("the file ends inside of a section, which ExaBGP takes for closed")
        kept += ["}"] * depth
    return parse("\n".join(kept)), notes


def flat(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Every statement and section, those inside of others too."""
    for statement in statements:
        yield statement
        yield from flat(statement.inner)


def printed(statements: Iterable[Statement], level: int = 0) -> Iterator[str]:
    """The lines of a configuration with the same words. A word that ExaBGP cannot read back raises ValueError."""
    margin = "    " * level
    for statement in statements:
        words = " ".join(map(word, statement.words))
        if not statement.section:
            yield f"{margin}{words};"
        elif not statement.inner:
            yield f"{margin}{words} {{"
            yield f"{margin}}}"
        else:
            yield f"{margin}{words} {{"
            yield from printed(statement.inner, level + 1)
            yield f"{margin}}}"


def word(text: str) -> str:
    """One word as it has to be written."""
    if text in _KEPT_ALONE or (text and not _NEEDS_QUOTES.search(text) and "\\" not in text):
        return text
    escaped = text.replace("\\", "\\\\")
    for quote in "\"'":
        if quote not in text:
            return f"{quote}{escaped}{quote}"
    raise ValueError("a word holds both kinds of quotes, which ExaBGP cannot read")


def _pieces(text: str) -> Iterator[tuple[list[str], str, int]]:
    """Yield (words, what ended them, number of the line)."""
    for number, line in _lines(text):
        words: list[str] = []
        if _PLAIN.fullmatch(line):
            for piece in _PIECE.findall(line):
                if piece in _ENDS:
                    yield words, piece, number
                    words = []
                else:
                    words.append(piece)
            if words:
                raise GrammarError(number, "the line does not end with a semicolon or a brace")
            continue
        current, quote = "", ""
        for character in _unescaped(line, number):
            if quote:
                if character == quote:
                    words.append(current)
                    current, quote = "", ""
                else:
                    current += character
                continue
            if character in "\"'":
                quote = character
                continue
            if character == "#":
                break
            if character in _SPACES or character in _ALONE or character in ";{}":
                if current:
                    words.append(current)
                    current = ""
                if character in _ALONE:
                    words.append(character)
                elif character in ";{}":
                    yield words, character, number
                    words = []
                continue
            current += character
        if quote:
            raise GrammarError(number, "a quote is not closed")
        if current:
            words.append(current)
        if words:
            raise GrammarError(number, "the line does not end with a semicolon or a brace")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    joined, first = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip().endswith("\\"):
            first = first or number
            joined += line.rstrip()[:-1] + " "
            continue
        yield first or number, joined + line
        joined, first = "", 0
    if joined:
        yield first, joined


def _unescaped(line: str, number: int) -> str:
    if "\\" not in line:
        return line
    result = ""
    position = 0
    while position < len(line):
        character = line[position]
        position += 1
        if character == "\\" and position < len(line):
            character = line[position]
            position += 1
            if character == "u":
                digits = line[position : position + 4]
                if not re.fullmatch(r"[0-9A-Fa-f]{4}", digits):
                    raise GrammarError(number, "an escape is cut short")
                character = chr(int(digits, 16))
                position += 4
            else:
                character = _ESCAPES.get(character, character)
        result += character
    return result
