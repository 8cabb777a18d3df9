# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of cloudbgp.exabgp.exabgp_report: judges every host and writes the report."""

from __future__ import annotations

import datetime
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._plain import plain
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._report import model, printing

SPEC = {
    "hosts": {"type": "dict", "required": True},
    "cloud": {"type": "dict"},
    "path": {"type": "path", "required": True},
    "before": {"type": "path"},
    "title": {"type": "str", "default": "ExaBGP"},
    "options": {"type": "dict", "default": {}},
}
SNAPSHOT = "snapshot.json"


class ActionModule(ActionBase):  # type: ignore[misc, unused-ignore]
    """Runs on the controller only; no connection is opened."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(SPEC)
        arguments = plain(arguments)
        directory = Path(arguments["path"])
        hosts = arguments["hosts"]
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        before = _snapshot(Path(arguments["before"] or directory / SNAPSHOT), needed=arguments["before"] is not None)
        options = dict(arguments["options"])
        if before is not None:
            taken = datetime.datetime.fromisoformat(before["generated"].replace("Z", "+00:00"))
            options["elapsed_s"] = (now - taken).total_seconds()
        report = model.build(
            hosts,
            title=arguments["title"],
            generated=now.isoformat().replace("+00:00", "Z"),
            cloud=arguments["cloud"],
            before=before["hosts"] if before else None,
            options=options,
        )
        snapshot = {
            "generated": report["generated"],
            "hosts": {
                name: {"peerings": host["daemon"]["peerings"]} for name, host in hosts.items() if _answered(host)
            },
        }
        files = {
            "report.html": printing.as_html(report),
            "report.md": printing.as_markdown(report),
            "report.json": printing.as_json(report),
            SNAPSHOT: json.dumps(snapshot, indent=2, sort_keys=True) + "\n",
        }
        if not self._task.check_mode:
            _write(directory, files)
        fatal = [item for item in report["verdicts"] if item["fatal"]]
        result.update(
            changed=not self._task.check_mode,
            path=str(directory),
            files=sorted(str(directory / name) for name in files),
            status=report["status"],
            counts=report["counts"],
            faults=[item["summary"] for item in fatal],
            changes=[item["summary"] for item in report["changes"] or ()],
            report=report,
        )
        return result


def _answered(host: dict[str, Any]) -> bool:
    return "peerings" in (host.get("daemon") or {})


def _snapshot(path: Path, *, needed: bool) -> dict[str, Any] | None:
    """An older snapshot; None when there is none and none was named."""
    if not path.exists() and not needed:
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found["generated"], str) or not isinstance(found["hosts"], dict):
            raise TypeError("generated or hosts have another form")
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise AnsibleActionFail(
            f"{path} is no snapshot of an earlier report: {exc}. Name another with 'before', or move it away."
        ) from exc
    return found


def _write(directory: Path, files: dict[str, str]) -> None:
    """Write each file whole, so that a run that is cut leaves the old ones."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            handle, new = tempfile.mkstemp(dir=directory, prefix=f".{name}.")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.chmod(new, 0o644)
            os.replace(new, directory / name)
    except OSError as exc:
        raise AnsibleActionFail(f"the report cannot be written to {directory}: {exc}") from exc
