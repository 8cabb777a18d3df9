# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/verify.md is made from the classes."""

from __future__ import annotations

from tests.tools import verdict_docs


def test_the_committed_page_is_the_one_that_is_made() -> None:
    assert verdict_docs.PAGE.read_text(encoding="utf-8") == verdict_docs.page(), "run 'make docs'"
