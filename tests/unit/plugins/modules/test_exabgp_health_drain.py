# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drained anew, and what a drain waits for."""

from __future__ import annotations

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.modules.exabgp_health_drain import pending, to_change

SOON, LATER = "2026-01-01T10:01:00Z", "2026-01-01T11:00:00Z"
DRAIN = {"mode": "community", "since": "2026-01-01T10:00:00Z", "until": LATER, "run": ""}


def service(drain=None, announced=True, again_at=None):
    return {"state": "drained" if drain else "announced", "announced": announced, "drain": drain, "again_at": again_at}


@pytest.mark.parametrize(
    ("drain", "drained", "mode", "changes"),
    [
        (None, True, None, True),
        (None, False, None, False),
        (DRAIN, True, None, False),
        (DRAIN, True, "community", False),
        (DRAIN, True, "med", True),
        (DRAIN, False, None, True),
    ],
)
def test_what_is_changed(drain, drained, mode, changes):
    assert to_change({"web": service(drain)}, ["web"], drained, mode) == (["web"] if changes else [])


@pytest.mark.parametrize(
    ("found", "waits"),
    [
        (service(), False),
        (service(DRAIN, announced=True, again_at=SOON), True),
        (service({**DRAIN, "until": None}, announced=True, again_at=SOON), True),
        (service(DRAIN, announced=True, again_at=LATER), False),  # hold 0: it stays announced until the drain ends
        (service({**DRAIN, "until": None}, announced=True, again_at=None), False),
        (service(DRAIN, announced=False, again_at=LATER), False),
        (service(None, announced=True, again_at=SOON), False),
    ],
)
def test_what_is_waited_for(found, waits):
    assert pending({"web": found}, ["web"]) == (["web"] if waits else [])
