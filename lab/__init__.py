# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud in a box: ExaBGP hosts and real BGP routers in containers on one machine."""
