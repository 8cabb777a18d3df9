# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Profiles: what one kind of peering can do, read from the data files in profiles/.

A fact in such a file is

    NAME: {value: ..., because: ..., status: ..., source: ...}

where `status` says how well it is known, and so what follows from it: a `documented` or `measured` fact refuses what
contradicts it, an `unverified` one only warns. `source` is a name out of the file's own list of sources.
`because` ends the sentence "... is refused: ". Which facts there are, and what their values look like, is told by the
function of that name in _peering.py; _profile_form.py checks it. A profile may take the facts of another one (`base`),
state some anew, and drop some with null.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DIRECTORY = Path(__file__).parent / "profiles"
DEFAULT = "router"
STATUSES = ("documented", "measured", "unverified")
SCOPES = ("private", "public")


@dataclass(frozen=True)
class Fact:
    """One thing that is known of a kind of peering. rule: PROFILE.FACT, of the profile that states it."""

    rule: str
    value: Any
    because: str
    status: str
    source: str

    @property
    def certain(self) -> bool:
        """Tell whether the fact is known well enough to refuse what contradicts it."""
        return self.status != "unverified"


@dataclass(frozen=True)
class Profile:
    """A kind of peering.

    title: how messages call it; facts: by name; scope: private or public, of a neighbor that says nothing;
    module: the module that reads the other end's state, or None.
    """

    name: str
    title: str
    facts: Mapping[str, Fact]
    scope: str = "private"
    module: str | None = None


@functools.cache
def names() -> tuple[str, ...]:
    """The names of all profiles, sorted."""
    return tuple(sorted(path.stem for path in DIRECTORY.glob("*.yml")))


@functools.cache
def load(name: str) -> Profile:
    """Return a profile by its name.

    Raises FileNotFoundError when there is none of that name, and KeyError or ValueError when its file is malformed.
    """
    data = yaml.safe_load((DIRECTORY / f"{name}.yml").read_text(encoding="utf-8"))
    return parse(name, data, load(data["base"]) if "base" in data else None)


def parse(name: str, data: Mapping[str, Any], base: Profile | None = None) -> Profile:
    """Make a profile of the data of its file. Raises KeyError or ValueError when that is malformed."""
    facts = dict(base.facts) if base else {}
    for fact_name, fact in data["facts"].items():
        if fact is None:
            facts.pop(fact_name, None)
            continue
        if fact["status"] not in STATUSES:
            raise ValueError(f"profile {name}: {fact_name}: {fact['status']} is no status")
        facts[fact_name] = Fact(
            rule=f"{name}.{fact_name}",
            value=fact["value"],
            because=fact["because"],
            status=fact["status"],
            source=data["sources"][fact["source"]],
        )
    return Profile(
        name=name,
        title=data["title"],
        facts=facts,
        scope=data.get("scope", base.scope if base else SCOPES[0]),
        module=data.get("module", base.module if base else None),
    )
