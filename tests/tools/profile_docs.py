# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/profiles.md from the profiles: python -m tests.tools.profile_docs. "make docs" calls it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import yaml

from tests.tools import tree

sys.path.insert(0, str(tree.ROOT / "collections"))

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _profiles
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._profiles import Fact, Profile

PAGE = tree.ROOT / "docs" / "profiles.md"
UNKNOWN = "not known"

INTRODUCTION = """\
<!-- Made from plugins/plugin_utils/profiles by "make docs". What is changed here by hand is lost. -->
# Profiles

A profile is what one kind of peering can do. A neighbor names it (`profile: aws_vpn`); the plan fills in what it
knows, and refuses what the other end cannot do. Each fact has a status and a source:

| status | means | and so |
|---|---|---|
| documented | the vendor says so | what contradicts it is refused |
| measured | read out of the vendor's own API model, or tried | what contradicts it is refused |
| unverified | somebody does it so, or nobody says anything | what contradicts it is warned about |

Nothing is filled in where nothing is known: such a fact is missing below, and no rule comes of it. The rule of a fact
is called `PROFILE.FACT`, and stands with its source behind each error and warning. BFD and graceful restart are those
of the other end; ExaBGP has no BFD.
"""

OWN = """\
## A profile of your own

`exabgp_profiles` adds profiles in the same form as the files in `plugins/plugin_utils/profiles`. One starts with the
facts of its `base` (`router`, unless another is named), states its own, and drops with `null` what does not hold.
Everything that is wrong with it is reported at once, like the rest of the inventory.

```yaml
exabgp_profiles:
  my_ixp:                          # small letters, digits, underscores; none of the names above
    title: the exchange            # how messages call it
    base: router
    scope: private                 # of a neighbor that says nothing; see docs/inventory.md
    module: null                   # the module that reads its state, for the report
    sources:
      rules: https://ixp.example/rules
    facts:
      peer_as:
        value: {is: 64999}
        because: the route servers are AS 64999   # ends the sentence "... is refused: "
        status: documented                        # documented, measured or unverified
        source: rules
      prefix_limit:
        value: {default: 50, maximum: 200}
        because: the exchange takes 50 prefixes, and 200 when asked
        status: documented
        source: rules
      ttl_security: {value: none, because: the exchange sends TTL 1, status: measured, source: rules}
```

| fact | value |
|---|---|
"""

# What may stand as the value of a fact, and what follows from it.
VALUES = {
    "session_family": "`4` or `6`: the IP version of the session itself",
    "addresses": "networks that both ends are in",
    "inside_cidr": "`{within, length, reserved, local_hosts, peer_hosts}`: tunnels have a network of `length` in "
    "`within`, not a `reserved` one; `local_hosts` and `peer_hosts` are the places of the two ends in it, counted from "
    "its first address",
    "inside_cidr_6": "the same for tunnels of the other IP version",
    "peer_as": "`{is: AS}`, or `{default: AS, allowed: [[first, last], ...]}`, either part alone too",
    "local_as": "`{allowed: [[first, last], ...]}` or `{refused: ...}`, or both",
    "local_as_reserved": "the same, for ranges with another reason",
    "other_as": "`required` or `advised`: that the two AS numbers differ",
    "passive": "`refused`: the other end never connects; `allowed`: it does",
    "hold_time": "seconds; proposed when the neighbor says nothing",
    "hold_time_minimum": "seconds; what is shorter is refused, 0 too",
    "maintenance": "seconds that the other end can be silent; a shorter hold time is warned about",
    "families": "`{default, allowed, required}`: lists of families; `session` is the family of the session",
    "md5": "`none`, `optional` or `required`",
    "md5_key": "`{minimum, maximum}`: bytes of a key",
    "ttl_security": "`none` or `optional`",
    "multihop": "`{default, minimum, maximum}`: TTL of what is sent; `default: null` leaves it to the kernel",
    "prefix_limit": "`{default, maximum, public}`: prefixes in a session; a neighbor may state another `prefix_limit` "
    "up to `maximum` (`null`: any); `public` is the default of a public neighbor",
    "next_hop": "`local_address`: no other next hop is taken; `any`",
    "default_route": "`discouraged`: announcing it is warned about",
    "sessions": "`{wanted, same}`: how many belong together; `same` is what they share: `local_address`, `inside_cidr` "
    "or `peer_as`",
    "same_routes": "`true`: sessions that belong together announce the same",
    "bfd": "`none` or `optional`; told, and not checked",
    "graceful_restart": "`none` or `optional`; told, and not checked",
}


def page() -> str:
    """Return the whole page."""
    profiles = [_profiles.load(name) for name in _profiles.names()]
    head = [
        "| profile | other end's AS | MD5 | TTL | hold time | sessions | prefixes | BFD |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = [f"| [{profile.name}](#{profile.name}) | {' | '.join(_overview(profile))} |" for profile in profiles]
    forms = [f"| `{name}` | {value} |" for name, value in VALUES.items()]
    sections = [_section(profile) for profile in profiles]
    return "\n".join([INTRODUCTION, *head, *rows, "", *sections, OWN + "\n".join(forms), ""])


def _overview(profile: Profile) -> list[str]:
    facts = profile.facts

    def shown(name: str, words: Callable[[Any], str]) -> str:
        return words(facts[name].value) + _doubt(facts[name]) if name in facts else UNKNOWN

    ttl = shown("multihop", _multihop)
    if facts["ttl_security"].value == "optional":
        ttl += ", or TTL security"
    return [
        shown("peer_as", _as_numbers) if profile.name != "router" else "any",
        shown("md5", str),
        ttl,
        shown("hold_time", lambda value: f"{value} s"),
        shown("sessions", lambda value: str(value["wanted"])) if profile.name != "router" else "1",
        shown("prefix_limit", _limit),
        shown("bfd", str),
    ]


def _section(profile: Profile) -> str:
    data = yaml.safe_load((_profiles.DIRECTORY / f"{profile.name}.yml").read_text(encoding="utf-8"))
    text = (_profiles.DIRECTORY / f"{profile.name}.yml").read_text(encoding="utf-8")
    about = [line.removeprefix("# ") for line in text.splitlines()[1:] if line.startswith("# ")][:1]
    module = f"`{profile.module}`" if profile.module else "none; the daemon tells its own side (`exabgp_peering_info`)"
    lines = [
        f"## {profile.name}",
        "",
        *about,
        "",
        f"- in messages: {profile.title}",
        f"- scope of a neighbor that says nothing: {profile.scope}",
        f"- module that reads its state: {module}",
    ]
    if "base" in data:
        dropped = [f"`{name}`" for name, fact in data["facts"].items() if fact is None]
        without = f", without {' and '.join(dropped)}" if dropped else ""
        lines.append(f"- facts of [{data['base']}](#{data['base']}){without}")
    lines += ["", "| fact | value | because | status | source |", "|---|---|---|---|---|"]
    for name, fact in profile.facts.items():
        cells = [f"`{name}`", _value(name, fact.value), fact.because, fact.status, fact.source]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([*lines, ""])


def _value(name: str, value: Any) -> str:
    words = WORDS.get(name)
    if words:
        return words(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _doubt(fact: Fact) -> str:
    return "" if fact.certain else " (unverified)"


def _ranges(ranges: list[list[int]]) -> str:
    return ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in ranges)


def _as_numbers(value: dict[str, Any]) -> str:
    if "is" in value:
        return str(value["is"])
    parts = [f"{value['default']} unless stated"] if "default" in value else []
    parts += [_ranges(value["allowed"])] if "allowed" in value else []
    parts += [f"not {_ranges(value['refused'])}"] if "refused" in value else []
    return "; ".join(parts)


def _inside(value: dict[str, Any]) -> str:
    text = f"a /{value['length']} of {value['within']}"
    if value.get("reserved"):
        text += f", not {', '.join(value['reserved'])}"
    if "local_hosts" in value:
        text += f"; hosts: local {_or(value['local_hosts'])}, peer {_or(value['peer_hosts'])}"
    return text


def _or(numbers: list[int]) -> str:
    return " or ".join(map(str, numbers))


def _families(value: dict[str, Any]) -> str:
    def listed(families: Any) -> str:
        return "that of the session" if families == "session" else ", ".join(families)

    text = f"{listed(value['default'])}; possible: {listed(value['allowed'])}"
    return text + (f"; always: {listed(value['required'])}" if value.get("required") else "")


def _multihop(value: dict[str, Any]) -> str:
    if value.get("maximum") == 1:
        return "1, a single hop"
    if value["default"] is None:
        return "the kernel's" + (f", at least {value['minimum']}" if value["minimum"] > 1 else "")
    return f"{value['default']} or more"


def _limit(value: dict[str, Any]) -> str:
    text = str(value["default"])
    if value["maximum"] is None:
        text += ", or as stated"
    elif value["maximum"] > value["default"]:
        text += f", or as stated up to {value['maximum']}"
    return text + (f"; {value['public']} if public" if "public" in value else "")


WORDS: dict[str, Callable[[Any], str]] = {
    "session_family": lambda value: f"IPv{value}",
    "inside_cidr": _inside,
    "inside_cidr_6": _inside,
    "peer_as": _as_numbers,
    "local_as": _as_numbers,
    "local_as_reserved": _as_numbers,
    "hold_time": lambda value: f"{value} s",
    "hold_time_minimum": lambda value: f"{value} s",
    "maintenance": lambda value: f"{value} s",
    "families": _families,
    "md5_key": lambda value: f"{value['minimum']} to {value['maximum']} bytes",
    "multihop": _multihop,
    "prefix_limit": _limit,
    "sessions": lambda value: f"{value['wanted']} with the same {value['same']}",
    "same_routes": lambda value: json.dumps(value),
}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
