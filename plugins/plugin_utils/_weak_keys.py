# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Keys that are long enough, and are guessed all the same. What is returned never tells the key."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FEWEST_CHARACTERS = 3
# What is tried first, alone, repeated, or with digits and signs around it.
_WORDS = (
    "password|passwort|passw|secret|changeme|letmein|welcome|admin|default|example|test|key|md|tcp|bgp|exabgp|router|"
    "peer|neighbor|cisco|juniper|aws|amazon|azure|microsoft|gcp|google|cloud|directconnect|expressroute|interconnect|"
    "vpn|abc|qwerty|asdf|my|the|your"
)


def weakness(key: str, names: Iterable[str]) -> str:
    """Tell why a key is weak, or return an empty text.

    names: what belongs to the session and is no secret, such as the names of the host and of the neighbor.
    """
    if len(set(key)) < _FEWEST_CHARACTERS:
        return f"has fewer than {_FEWEST_CHARACTERS} different characters"
    letters = re.sub(r"[^a-z]", "", key.lower())
    known = [word for word in (re.sub(r"[^a-z]", "", name.lower()) for name in names) if len(word) > 1]
    if not letters:
        return "is made of digits only" if key.isdigit() else ""
    if re.fullmatch(f"(?:{'|'.join([_WORDS, *known])})+", letters):
        return "is made of words that are tried first"
    return ""
