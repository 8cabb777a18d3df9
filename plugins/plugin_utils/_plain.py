# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Plain data: what Ansible hands over, as the builtin types and nothing else.

ansible-core 2.19 passes subclasses of str, int, list and dict that carry tags and template themselves when touched;
older cores have their own for vaulted and unsafe text. The plan is made of, and compared with, plain values.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence, Set
from typing import Any

_DEEPEST = 32
_PLAIN = frozenset({type(None), bool, int, float, str})


def plain(value: Any, depth: int = 0) -> Any:
    """Return the value as None, bool, int, float, str, list and dict.

    A value of another type is returned as its text. Raises ValueError for data that is nested more than 32 deep, or
    in itself, and whatever Ansible raises when a value cannot be templated or decrypted.
    """
    if type(value) in _PLAIN:
        return value
    if depth > _DEEPEST:
        raise ValueError(f"is nested more than {_DEEPEST} deep")
    if isinstance(value, str):
        # "".join makes a str of any subclass; str() would return some of them as they are.
        return "".join(str(value))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if getattr(value, "__ENCRYPTED__", False):
        return str(value)
    if isinstance(value, Mapping):
        return {plain(key, depth + 1): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (Sequence, Set)) and not isinstance(value, (bytes, bytearray)):
        return [plain(item, depth + 1) for item in value]
    return str(value)
