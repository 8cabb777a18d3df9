# SPDX-License-Identifier: GPL-3.0-or-later
"""A DNS query to one server, and its answer (RFC 1035, through dnspython)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dns.asyncquery
import dns.message
import dns.rcode

from ..machine import Result


async def probe(check: Mapping[str, Any]) -> Result:
    query = dns.message.make_query(check["name"], check["rtype"])
    ask = dns.asyncquery.udp if check["transport"] == "udp" else dns.asyncquery.tcp
    answer = await ask(query, check["server"], port=check["port"], timeout=check["timeout"])
    if answer.rcode() != dns.rcode.NOERROR:
        return Result("down", f"answered {dns.rcode.to_text(answer.rcode())}")
    values = {item.to_text() for rrset in answer.answer for item in rrset}
    if not values:
        return Result("down", "answered without a record")
    lacking = [value for value in check["answer"] or [] if value not in values]
    if lacking:
        return Result("down", f"the answer lacks {', '.join(lacking)}")
    return Result("up", "the answer is as expected")
