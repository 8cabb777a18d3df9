# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The report: one model, printed as HTML, Markdown and JSON."""
