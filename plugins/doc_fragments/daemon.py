# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that asks the daemon (module_utils/_daemon.py, SPEC)."""

    DOCUMENTATION = r"""
options:
  pipe_dir:
    description: The directory with the daemon's command pipes.
    type: path
    default: /run/exabgp
  answer_timeout:
    description: Seconds without an answer after which the daemon counts as silent.
    type: float
    default: 5
"""
