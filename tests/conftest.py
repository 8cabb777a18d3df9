# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test needs: this checkout as the collection, and no settings of the user's."""

from __future__ import annotations

import os
from pathlib import Path

import ansible_collections

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / "collections" / "ansible_collections"

# A regular package of this name (the PyPI package "ansible" has one) hides the link of this checkout.
if str(COLLECTIONS) not in ansible_collections.__path__:
    ansible_collections.__path__ = [str(COLLECTIONS), *ansible_collections.__path__]

if (exabgp42 := ROOT / ".cache" / "exabgp-4.2" / "bin" / "exabgp").exists():
    os.environ.setdefault("CLOUDBGP_EXABGP42", str(exabgp42))

for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "EXABGP_", "exabgp_"))]:
    del os.environ[name]
os.environ["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
