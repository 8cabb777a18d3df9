# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception that the lab raises on purpose."""

from __future__ import annotations


class LabError(Exception):
    """Something that the user can act on; its text is printed without a traceback."""
