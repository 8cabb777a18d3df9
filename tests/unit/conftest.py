# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit tests are the same on every run and leave nothing in the checkout."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import configuration, settings

ROOT = Path(__file__).resolve().parent.parent.parent

configuration.set_hypothesis_home_dir(str(ROOT / ".cache" / "hypothesis"))
# Shared, busy machines: a slow example is no failure. "thorough" is for a developer's own machine.
settings.register_profile("default", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
