#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: exabgp_config
short_description: Put a configuration into a running ExaBGP, or leave everything as it was
version_added: "0.1.0"
description:
  - Holds a configuration against the one that ExaBGP runs. When they differ, the new one is validated
    by the installed ExaBGP as its own user, shown as a diff without keys, installed whole, and loaded
    with a reload. A restart is made only where a reload is not enough.
  - After the change, every session that was Established before and is still wanted must be Established
    again within O(proof_timeout), and the static routes that the daemon holds must be the wanted ones.
    Otherwise the previous configuration is put back and loaded, and the module fails with the reason.
  - A configuration that does not validate never replaces one that does.
  - The service is started when it does not run, and restarted when it runs another ExaBGP than
    O(exabgp), or when its unit changed after it was started.
author:
  - cloudbgp.exabgp contributors (@cloudbgp)
extends_documentation_fragment:
  - cloudbgp.exabgp.attributes
  - cloudbgp.exabgp.daemon
options:
  content:
    description:
      - The whole configuration. A key stands in it as C(@@md5:NAME@@) and is taken from O(md5_keys).
      - Either this or O(generation) is needed.
    type: str
  generation:
    description:
      - Run a configuration that is kept from before, instead of O(content). V(previous) is the newest one that is kept,
        others go by their file name in C(generations/).
      - The configuration that runs now is kept in turn, so V(previous) a second time comes back to it.
    type: str
  md5_keys:
    description:
      - TCP MD5 keys (RFC 2385) by the name that the placeholders use. At most 80 bytes of printable
        ASCII without quotes, backslash, semicolon and blanks.
      - A key is never returned, logged or shown; the diff shows that a key changed.
    type: dict
    default: {}
  helper_prefixes:
    description:
      - Prefixes that a helper program of the daemon announces, such as the health agent. They are not withdrawn when
        they leave O(content), because the helper has then taken them over.
    type: list
    elements: str
    default: []
    version_added: "0.2.0"
  path:
    description: The file that the service reads.
    type: path
    default: /etc/exabgp/exabgp.conf
  exabgp:
    description: The ExaBGP program that validates the configuration and that the service runs.
    type: path
    default: /opt/exabgp/current/bin/exabgp
  service:
    description: The systemd unit.
    type: str
    default: exabgp.service
  user:
    description: The user that the service runs as.
    type: str
    default: exabgp
  group:
    description: The group that may read the file. The file belongs to root and has mode 0640.
    type: str
    default: exabgp
  generations:
    description:
      - How many previous configurations are kept, in C(generations/) beside O(path), readable by root only.
    type: int
    default: 10
  confirm_timeout:
    description:
      - Seconds after which the host itself puts the previous configuration back when the change was not proven
        by then, because the controller died or the connection was cut. A systemd timer does it, and gives a run
        at least 10 seconds more than O(proof_timeout).
      - A run that finds such a change still waiting puts the previous configuration back first.
    type: float
    default: 120
  proof_timeout:
    description: Seconds within which sessions and routes must be as wanted after a change.
    type: float
    default: 30
notes:
  - Needs root on the host.
  - In check mode everything up to the diff is done, validation included. Where ExaBGP is not installed
    yet, RV(validated) is false and a warning says so.
  - ExaBGP 5.0 withdraws a static route that a reload removed only when the peer sends its next message,
    and forgets it when two reloads come close together. The module withdraws such routes itself.
  - After one failed reload ExaBGP refuses every later one until it is restarted. The module restarts it
    when the previous configuration cannot be reloaded.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Without keys.
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
seealso:
  - module: cloudbgp.exabgp.exabgp_peering_info
"""

EXAMPLES = r"""
- name: Run the planned configuration
  cloudbgp.exabgp.exabgp_config:
    content: "{{ exabgp_plan.hosts[inventory_hostname].config }}"
    md5_keys: "{{ exabgp_md5_keys | default({}) }}"

- name: Go back to the configuration before
  cloudbgp.exabgp.exabgp_config:
    generation: previous

- name: Run a configuration of one's own
  cloudbgp.exabgp.exabgp_config:
    content: "{{ lookup('ansible.builtin.file', 'exabgp.conf') }}"
"""

RETURN = r"""
action:
  description: What was done to the service, or would be in check mode.
  returned: success
  type: str
  sample: reloaded
  choices: [none, started, reloaded, restarted]
validated:
  description: Whether the installed ExaBGP accepted the configuration. Null when there was nothing to validate.
  returned: success
  type: bool
  sample: true
generation:
  description: The file that keeps the previous configuration; null where there was none.
  returned: success
  type: str
  sample: /etc/exabgp/generations/exabgp.conf.20261124T101500.123456Z
withdrawn:
  description: Static routes that are no longer wanted and were withdrawn, as C(peer prefix).
  returned: success
  type: list
  elements: str
  sample: ["10.0.1.4 203.0.113.10/32"]
sessions:
  description: Count of sessions that the configuration wants, and that were Established before and after.
  returned: success
  type: dict
  sample: {"wanted": 2, "established_before": 2, "established_after": 2}
rolled_back:
  description: Whether the previous configuration was put back.
  returned: failure
  type: bool
  sample: true
reason:
  description: Why the configuration was refused or put back.
  returned: failure
  type: str
  sample: the session 10.0.2.10 to 10.0.1.4 was Established and did not come back within 30 s
journal:
  description: The daemon's newest log lines, without keys.
  returned: when a change failed
  type: list
  elements: str
"""

import contextlib
import functools
import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import (
    _answers,
    _conffile,
    _daemon,
    _generations,
    _identity,
    _revert,
    _service,
    _validator,
)

Ends = tuple[str, str]


class ChangeFailedError(Exception):
    """A change did not have the wanted effect."""


class Config:
    """One run of the module."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.options: dict[str, t.Any] = module.params
        self.path: str = self.options["path"]
        self.keys: dict[str, str] = self.options["md5_keys"]
        self.service: str = self.options["service"]
        self.generations = _generations.Generations(self.path, self.options["generations"])
        self.revert = _revert.Revert(module, self.service)
        self.result: dict[str, t.Any] = {
            "changed": False,
            "action": "none",
            "validated": None,
            "generation": None,
            "withdrawn": [],
        }

    def run(self) -> None:
        """Do everything and exit."""
        self.finish_earlier_change()
        before = self.read()
        after = self.wanted()
        differs = before != after
        state = _service.state(self.module, self.service)
        action = self.action(state, differs, before, after)
        if differs:
            shown_before, shown_after = _conffile.masked_pair(before or "", after)
            self.result["diff"] = {
                "before": shown_before,
                "after": shown_after,
                "before_header": self.path,
                "after_header": self.path,
            }
        if differs or action in ("started", "restarted"):
            self.validate(after)
        self.result["changed"] = self.result["changed"] or differs or action != "none"
        self.result["action"] = action
        established = self.established(state, action)
        wanted = _conffile.read_sessions(after)
        self.result["sessions"] = {
            "wanted": len(wanted),
            "established_before": len(established),
            "established_after": len(established),
        }
        if self.module.check_mode:
            self.module.exit_json(**self.result)
        if differs:
            self.result["generation"] = None if before is None else self.generations.store(before)
            self.arm(self.result["generation"])
            self.write(after)
        self.attributes()
        if action != "none":
            self.apply(action, before, after, established)
        self.revert.disarm()
        self.module.exit_json(**self.result)

    def finish_earlier_change(self) -> None:
        """Put the previous configuration back when an earlier run changed it and never proved the change."""
        if not self.revert.pending():
            return
        if self.module.check_mode:
            self.module.warn("An earlier change on this host was never confirmed and is about to be put back.")
            return
        self.module.warn(
            "An earlier change on this host was never confirmed; the configuration before it was put back."
        )
        self.revert.run_now()
        self.result["changed"] = True

    def arm(self, generation: str | None) -> None:
        if generation is None:
            return
        seconds = max(self.options["confirm_timeout"], self.options["proof_timeout"] + 10)
        problem = self.revert.arm(generation, self.path, self.options["group"], seconds)
        if problem:
            self.result["changed"] = False
            self.module.fail_json(
                msg=f"The timer that would put the previous configuration back cannot be started: {problem}. "
                "Nothing was changed.",
                **self.result,
            )

    def read(self) -> str | None:
        try:
            with open(self.path, encoding="utf-8") as stream:
                return stream.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as exc:
            self.module.fail_json(msg=f"{self.path} cannot be read: {exc}", **self.result)
        return None

    def wanted(self) -> str:
        if self.options["generation"] is None:
            return self.content()
        try:
            text = self.generations.read(self.options["generation"])
        except _generations.NoGenerationError as exc:
            self.module.fail_json(msg=f"{exc}. Nothing was changed.", **self.result)
        # Known from here on, so that they are masked wherever they stand.
        self.keys = {
            session.peer_address: session.key for session in _conffile.read_sessions(text).values() if session.key
        }
        return text

    def content(self) -> str:
        problems = _conffile.refused_keys(self.keys)
        missing = _conffile.missing_keys(self.options["content"], self.keys)
        problems += [f"md5_keys has no key for {name}, which the configuration names" for name in missing]
        if problems:
            self.module.fail_json(
                msg="The keys are refused, nothing was changed: " + "; ".join(problems), **self.result
            )
        return _conffile.insert_keys(self.options["content"], self.keys)

    def action(self, state: _service.ServiceState, differs: bool, before: str | None, after: str) -> str:
        """What has to be done to the service so that it runs the wanted configuration."""
        if not state.running:
            return "started"
        if self.outdated(state):
            return "restarted"
        if not differs:
            return "none"
        return "restarted" if self.reload_is_not_enough(before or "", after) else "reloaded"

    def outdated(self, state: _service.ServiceState) -> bool:
        """Whether the service runs another program, or was started before its unit changed."""
        try:
            with open(f"/proc/{state.main_pid}/cmdline", "rb") as stream:
                arguments = stream.read().decode("utf-8", "replace").split("\0")
        except OSError:
            return True
        program = os.path.realpath(self.options["exabgp"])
        if os.path.exists(program) and program not in [
            os.path.realpath(arg) for arg in arguments if arg.startswith("/")
        ]:
            return True
        return state.needs_daemon_reload or state.changed_since_start

    @functools.cached_property
    def version(self) -> tuple[int, int, int] | None:
        """The version of the installed program."""
        return _validator.version(self.module, self.options["exabgp"])

    def reload_is_not_enough(self, before: str, after: str) -> bool:
        """ExaBGP 4.2 keeps the old key on a listening socket, and refuses a new helper, until it is restarted."""
        if self.version is None or self.version >= (5, 0, 0):
            return False
        old, new = _conffile.read_sessions(before), _conffile.read_sessions(after)
        return any(
            old[ends].key != new[ends].key or new[ends].helpers - old[ends].helpers for ends in old.keys() & new.keys()
        )

    def validate(self, text: str) -> None:
        if not os.access(self.options["exabgp"], os.X_OK):
            if self.module.check_mode:
                self.result["validated"] = False
                self.module.warn(f"{self.options['exabgp']} is not installed yet; the configuration was not validated.")
                return
            self.module.fail_json(
                msg=f"{self.options['exabgp']} does not exist or is not executable. Nothing was changed. "
                "Install ExaBGP first (role cloudbgp.exabgp.exabgp_install), or give its place in 'exabgp'.",
                **self.result,
            )
        if self.module.check_mode and not os.path.exists(_conffile.AGENT):
            text = _conffile.without_agent(text)
        verdict = _validator.validate(
            self.module,
            self.options["exabgp"],
            self.version,
            text,
            self.keys,
            self.options["user"],
            self.options["group"],
        )
        self.result["validated"] = verdict.valid
        if not verdict.valid:
            self.result["changed"] = False
            self.module.fail_json(
                msg=f"ExaBGP refuses the configuration: {verdict.reason}. "
                f"Nothing was changed: the service still has {self.path} as it was.",
                reason=verdict.reason,
                rolled_back=False,
                **self.result,
            )

    def established(self, state: _service.ServiceState, action: str) -> set[Ends]:
        """The sessions that are Established now, and must be again after the change."""
        if not state.running or action == "none":
            return set()
        try:
            return {ends for ends, session in self.sessions().items() if session["established"]}
        except _daemon.DaemonError as exc:
            if action == "restarted":
                self.module.warn(f"The sessions before the restart are unknown: {exc}")
                return set()
            self.result["changed"] = False
            self.module.fail_json(
                msg=f"The daemon runs but cannot be asked for its sessions: {exc}. Nothing was changed. "
                f"See 'journalctl -u {self.service}', and restart it by hand: 'systemctl restart {self.service}'.",
                **self.result,
            )
        return set()

    def sessions(self) -> dict[Ends, dict[str, t.Any]]:
        with self.connect() as pipes:
            return _by_ends(_answers.sessions(pipes.ask(_answers.SHOW_SESSIONS)))

    def connect(self) -> t.ContextManager[_daemon.Pipes]:
        return _daemon.connect(self.options["pipe_dir"], timeout=self.options["answer_timeout"])

    def write(self, text: str) -> None:
        """Replace the file whole: ExaBGP reads it line by line and would take half of it."""
        temporary = f"{self.path}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        self.module.set_fs_attributes_if_different(self.ownership(temporary), False)
        self.module.atomic_move(temporary, self.path)
        self.attributes()

    def attributes(self) -> None:
        if self.module.set_fs_attributes_if_different(self.ownership(self.path), False):
            self.result["changed"] = True

    def ownership(self, path: str) -> dict[str, t.Any]:
        return {
            "path": path,
            "owner": "root",
            "group": self.options["group"],
            "mode": "0640",
            "secontext": [None, None, None, None],
            "attributes": None,
        }

    def apply(self, action: str, before: str | None, after: str, established: set[Ends]) -> None:
        """Have the service run the new file and prove it, or put the old one back."""
        try:
            self.drive(action)
            self.prove(replaced=before or "", wanted=after, established=established)
        except (ChangeFailedError, _daemon.DaemonError) as exc:
            reason = str(exc)
        else:
            return
        journal = [_conffile.masked(line, self.keys) for line in _service.journal(self.module, self.service)]
        put_back = before is not None and before != after
        outcome = f"There was no previous configuration: {self.path} has the new one, and the service may be down."
        if put_back:
            outcome = self.put_back(after, t.cast(str, before), established)
            self.revert.disarm()
        elif before is not None:
            outcome = "The configuration is the same as before."
        self.module.fail_json(
            msg=f"The change failed: {reason}. {outcome} See 'journalctl -u {self.service}'.",
            reason=reason,
            rolled_back=put_back,
            journal=journal,
            **self.result,
        )

    def put_back(self, after: str, before: str, established: set[Ends]) -> str:
        self.write(before)
        for action in ("reloaded", "restarted"):
            try:
                self.drive(action)
                self.prove(replaced=after, wanted=before, established=established)
            except (ChangeFailedError, _daemon.DaemonError) as exc:
                outcome = f"The previous configuration was put back, but it is not proven: {exc}."
            else:
                sessions = f"all {len(established)} sessions are Established"
                return f"The previous configuration was put back and {action}; {sessions}."
        return outcome

    def drive(self, action: str) -> None:
        """Start, reload or restart the service."""
        if _service.state(self.module, self.service).needs_daemon_reload:
            self.module.run_command(["systemctl", "daemon-reload"])
        verb = {"started": "start", "reloaded": "reload", "restarted": "restart"}[action]
        # A service that failed often enough is refused a start until its count is reset.
        if verb != "reload":
            self.module.run_command(["systemctl", "reset-failed", self.service])
        rc, _out, err = self.module.run_command(["systemctl", verb, self.service])
        if rc != 0:
            raise ChangeFailedError(
                f"'systemctl {verb} {self.service}' failed: {_conffile.masked(err.strip(), self.keys)}"
            )

    def prove(self, *, replaced: str, wanted: str, established: set[Ends]) -> None:
        """Wait until the daemon has the wanted sessions and routes; withdraw what is no longer wanted.

        :raises ChangeFailedError: they are not as wanted within the limit, with what is missing.
        """
        old, new = _conffile.read_sessions(replaced), _conffile.read_sessions(wanted)
        must_return = established & new.keys()
        deadline = time.monotonic() + self.options["proof_timeout"]
        pause = 0.1
        while True:
            missing = self.missing(old, new, must_return)
            if not missing:
                return
            if time.monotonic() > deadline:
                raise ChangeFailedError(f"{'; '.join(missing)} (within {self.options['proof_timeout']:g} s)")
            time.sleep(pause)
            pause = min(pause * 1.5, 2)

    def missing(
        self,
        old: dict[Ends, _conffile.Session],
        new: dict[Ends, _conffile.Session],
        must_return: set[Ends],
    ) -> list[str]:
        """What is not as wanted yet, in words."""
        state = _service.state(self.module, self.service)
        if not state.running:
            return [state.describe(self.service)]
        try:
            with self.connect() as pipes:
                sessions = _by_ends(_answers.sessions(pipes.ask(_answers.SHOW_SESSIONS)))
                answer = pipes.ask(_answers.SHOW_ANNOUNCED)
                held, rules = _prefixes(_answers.announced(answer)), _rules(_answers.rules(answer))
                unwanted = _unwanted(old, new, held, rules, self.options["helper_prefixes"])
                for (local, peer), item, statement in unwanted:
                    # 4.2 has no such command for some families, and withdraws after a reload by itself.
                    with contextlib.suppress(_daemon.CommandRefusedError):
                        pipes.ask(f"neighbor {peer} local-ip {local} withdraw {statement}")
                    text = f"{peer} {item}"
                    if text not in self.result["withdrawn"]:
                        self.result["withdrawn"].append(text)
        except _daemon.DaemonError as exc:
            return [str(exc)]
        self.result["sessions"]["established_after"] = sum(session["established"] for session in sessions.values())
        words = [
            f"the daemon does not have the session {local} to {peer}"
            for local, peer in sorted(new.keys() - sessions.keys())
        ]
        words += [
            f"the daemon still has the session {local} to {peer}"
            for local, peer in sorted(sessions.keys() - new.keys())
        ]
        words += [
            f"the session {local} to {peer} was Established and did not come back"
            for local, peer in sorted(must_return)
            if (local, peer) in sessions and not sessions[local, peer]["established"]
        ]
        words += [
            f"the daemon does not hold {item} for {peer}"
            for (local, peer), session in sorted(new.items())
            for item in sorted(session.prefixes - held.get((local, peer), set()))
        ]
        words += [
            f"the daemon does not hold the rule {' '.join([item.skeleton, *item.ports])} for {peer}"
            for (local, peer), session in sorted(new.items())
            for item in sorted(_identity.missing(session.rules, rules.get((local, peer), [])))
        ]
        words += [f"the daemon still holds {item} for {peer}" for (_local, peer), item, _statement in unwanted]
        return words


def _by_ends(sessions: list[dict[str, t.Any]]) -> dict[Ends, dict[str, t.Any]]:
    return {
        (_conffile.address(str(session["local_address"])), _conffile.address(session["peer_address"])): session
        for session in sessions
    }


def _prefixes(routes: list[dict[str, t.Any]]) -> dict[Ends, set[str]]:
    held: dict[Ends, set[str]] = {}
    for route in routes:
        ends = (_conffile.address(route["local_address"]), _conffile.address(route["peer_address"]))
        kind = route["family"].partition(" ")[2]
        identity = _identity.route(route["prefix"], kind, route["rd"], route["path_information"])
        held.setdefault(ends, set()).add(identity)
    return held


def _rules(rules: list[dict[str, t.Any]]) -> dict[Ends, list[_identity.Rule]]:
    held: dict[Ends, list[_identity.Rule]] = {}
    for item in rules:
        ends = (_conffile.address(item["local_address"]), _conffile.address(item["peer_address"]))
        skeleton, ports = item["rule"]
        held.setdefault(ends, []).append(_identity.Rule(skeleton, tuple(ports)))
    return held


def _unwanted(
    old: dict[Ends, _conffile.Session],
    new: dict[Ends, _conffile.Session],
    held: dict[Ends, set[str]],
    rules: dict[Ends, list[_identity.Rule]],
    helper_prefixes: list[str],
) -> list[tuple[Ends, str, str]]:
    """What the daemon holds and the new configuration does not have: ends, words for it, and what takes it back."""
    found = []
    of_helpers = {_conffile.prefix(item) for item in helper_prefixes}
    for ends in sorted(old.keys() & new.keys()):
        before, after = old[ends], new[ends]
        for item in sorted(before.prefixes - after.prefixes - of_helpers):
            if item in held.get(ends, ()):
                found.append((ends, item, before.statements[item]))
        if before.helpers and not after.helpers:
            # What a helper has announced stays when it goes (4.2.25, 5.0.15), with nobody left to withdraw it.
            left = held.get(ends, set()) - before.prefixes - after.prefixes
            found += [(ends, item, f"route {item}") for item in sorted(left) if " " not in item]
        gone = [item for item in before.rules if item not in after.rules]
        for rule in sorted(_identity.surplus(gone, after.rules, rules.get(ends, []))):
            words = " ".join([rule.skeleton, *rule.ports])
            found.append((ends, f"flow {words}", f"flow {before.rules[rule]}"))
    return found


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "content": {"type": "str"},
            "generation": {"type": "str"},
            "md5_keys": {"type": "dict", "default": {}, "no_log": True},
            "helper_prefixes": {"type": "list", "elements": "str", "default": []},
            "path": {"type": "path", "default": "/etc/exabgp/exabgp.conf"},
            "exabgp": {"type": "path", "default": "/opt/exabgp/current/bin/exabgp"},
            "service": {"type": "str", "default": "exabgp.service"},
            "user": {"type": "str", "default": "exabgp"},
            "group": {"type": "str", "default": "exabgp"},
            "generations": {"type": "int", "default": 10},
            "confirm_timeout": {"type": "float", "default": 120},
            **_daemon.SPEC,
            "proof_timeout": {"type": "float", "default": 30},
        },
        mutually_exclusive=[("content", "generation")],
        required_one_of=[("content", "generation")],
        supports_check_mode=True,
    )
    Config(module).run()


if __name__ == "__main__":
    main()
