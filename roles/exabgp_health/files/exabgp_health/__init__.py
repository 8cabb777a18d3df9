# SPDX-License-Identifier: GPL-3.0-or-later
"""The health agent: one process that announces and withdraws all service prefixes of a host through ExaBGP."""
