# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m exabgp_health."""

from __future__ import annotations

from .cli import main

raise SystemExit(main())
