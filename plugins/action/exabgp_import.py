# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Controller side of cloudbgp.exabgp.exabgp_import: fetches a configuration and writes inventory variables for it."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.action import ActionBase

from ansible_collections.cloudbgp.exabgp.plugins.module_utils._grammar import GrammarError
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._import import (
    Imported,
    ImportRefusedError,
    import_configuration,
)

_VARIABLES, _KEYS = "exabgp.yml", "exabgp_md5_keys.yml"
_HEAD = "# Imported from {source} by the collection cloudbgp.exabgp.\n---\n"
_HEAD_OF_KEYS = """\
# Keys in the clear. Encrypt this file (ansible-vault encrypt {path}),
# or move them to where secrets are kept.
---
"""


class ActionModule(ActionBase):  # type: ignore[misc, unused-ignore]
    """Writes on the controller only. The configuration, which holds keys, is in no result and in no log."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(
            {
                "src": {"type": "str", "default": "/etc/exabgp/exabgp.conf"},
                "local_file": {"type": "path"},
                "dest": {"type": "path", "required": True},
                "force": {"type": "bool", "default": False},
            }
        )
        source = options["local_file"] or options["src"]
        try:
            text = self._local(source) if options["local_file"] else self._fetch(source, task_vars or {})
            imported = import_configuration(text)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            return {**result, "failed": True, "msg": f"{source} cannot be read: {reason}"}
        except (ImportRefusedError, GrammarError) as error:
            return {**result, "failed": True, "msg": f"{source} cannot be imported: {error}"}
        result.update(
            changed=False,
            extent=imported.extent,
            neighbors={"modelled": imported.modelled, "partly_raw": imported.partly_raw, "raw": imported.raw},
            notes=imported.notes,
            keys=sorted(imported.keys),
            files=[],
            variables=imported.variables,
        )
        return self._write(result, imported, source, Path(options["dest"]), force=options["force"])

    def _write(
        self, result: dict[str, Any], imported: Imported, source: str, directory: Path, *, force: bool
    ) -> dict[str, Any]:
        wanted = {directory / _VARIABLES: (_HEAD.format(source=source) + _dumped(imported.variables), 0o644)}
        if imported.keys:
            path = directory / _KEYS
            wanted[path] = (_HEAD_OF_KEYS.format(path=path) + _dumped({"exabgp_md5_keys": imported.keys}), 0o600)
        differs = [path for path, (text, _mode) in wanted.items() if _text_of(path) != text]
        taken = [str(path) for path in differs if path.exists()]
        if taken and not force:
            msg = f"{', '.join(taken)} would be overwritten, and has other content: move it away, or set force"
            return {**result, "failed": True, "msg": msg}
        result.update(changed=bool(differs), files=[str(path) for path in wanted])
        if not self._task.check_mode:
            for path in differs:
                text, mode = wanted[path]
                _write_whole(path, text, mode)
        return result

    @staticmethod
    def _local(path: str) -> str:
        return Path(path).read_text(encoding="utf-8")

    def _fetch(self, path: str, task_vars: dict[str, Any]) -> str:
        """The file of the host. With -vvv the connection prints what it receives, unless it is told not to log."""
        contexts: list[Any] = [self._play_context, getattr(self._connection, "_play_context", self._play_context)]
        before = [context.no_log for context in contexts]
        try:
            for context in contexts:
                context.no_log = True
            answer = self._execute_module(
                module_name="ansible.builtin.slurp", module_args={"src": path}, task_vars=task_vars
            )
        finally:
            for context, value in zip(contexts, before, strict=True):
                context.no_log = value
        if answer.get("failed"):
            raise OSError(0, str(answer.get("msg", "slurp failed")))
        return base64.b64decode(answer["content"]).decode("utf-8")


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, which is how an operator writes raw text."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent)


def _dumped(variables: dict[str, Any]) -> str:
    text: str = yaml.dump(variables, Dumper=_Dumper, sort_keys=False, width=120)
    return text


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _write_whole(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.chmod(mode)
    temporary.replace(path)
