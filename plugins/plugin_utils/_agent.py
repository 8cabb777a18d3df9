# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""The health agent's own tables of checks, read from the package that the role puts on the hosts.

So a check has the same fields for the plan, which refuses, and for the agent, which runs it. Only the part of the
package that needs nothing but the standard library is imported, and under a name of its own.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[2] / "roles" / "exabgp_health" / "files" / "exabgp_health"
_NAME = "_cloudbgp_exabgp_health"


@functools.cache
def module(name: str) -> Any:
    """A module of the agent's package.

    Raises ImportError where the collection is not whole.
    """
    if _NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            _NAME, PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"{PACKAGE} is no package")
        package = importlib.util.module_from_spec(spec)
        sys.modules[_NAME] = package
        spec.loader.exec_module(package)
    return importlib.import_module(f"{_NAME}.{name}")


def types() -> dict[str, Any]:
    """The types of checks by name, each with its fields (checks.Type of the agent)."""
    return dict(module("checks").TYPES)


def example(name: str) -> str:
    """A check of a type with the fields that it cannot do without, as in an inventory."""
    required = [field for field, form in types()[name].fields.items() if form.required]
    return f"{{type: {name}{''.join(f', {field}: ...' for field in required)}}}"
