# SPDX-License-Identifier: GPL-3.0-or-later
# This plugin util is private to the collection; its interface may change in any release.
"""Hold both ends of every session of a host against its plan, and name what is wrong by its class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_classes as classes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_join as join
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_prefixes as prefixes
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_services as services
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._verdict_routes import differences
from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._verdict_session import HIGH, MEDIUM, reason

Verdict = dict[str, Any]
_SLACK = 30  # seconds between asking the hosts and writing down when


def judge(
    plan: Mapping[str, Any],
    daemon: Mapping[str, Any] | None,
    cloud: Mapping[str, Any] | None = None,
    health: Mapping[str, Any] | None = None,
    counters: Mapping[str, int] | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Verdict]:
    """Judge one host.

    :param plan: the host's plan.
    :param daemon: the result of exabgp_peering_info with C(include_routes); None when there is none.
    :param cloud: results of the modules that ask clouds, by module name, each a result or a list of results; None when
        no cloud was asked.
    :param health: the result of exabgp_health_info; None when the agent was not asked.
    :param counters: by how much the kernel's counters grew while the host waited, by name.
    :param options: C(planned): the (local, peer) addresses of the planned sessions of all hosts; C(fatal): classes that
        are fatal, instead of those of the table; C(unit): the daemon's systemd unit; C(before): the result of
        exabgp_peering_info of a snapshot and C(elapsed_s), its age in seconds; C(hardening): by neighbor,
        C(ttl_security) and C(md5), whether each was shown to work (null: not tried).
    :return: verdicts in the order host, neighbor, service, prefix, check, class. Each has C(host), C(neighbor),
        C(service), C(prefix) (null where it is of none), C(check), C(class), C(title), C(severity), C(fatal),
        C(confidence), C(source) (host or cloud), C(evidence), C(summary) and C(next_command).
    """
    return _Judge(plan, _answer(daemon), cloud, health, counters or {}, options or {}).all()


def green(verdicts: Iterable[Mapping[str, Any]]) -> bool:
    """Whether everything was seen and is as planned. Nothing seen is not green."""
    severities = [item["severity"] for item in verdicts]
    return bool(severities) and all(item in (classes.OK, classes.INFO) for item in severities)


def sentence(item: Mapping[str, Any]) -> str:
    """A verdict as one line of a terminal."""
    following = f" (next: {item['next_command']})" if item["next_command"] else ""
    return f"{item['summary']}{following}"


def _answer(daemon: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What was answered; a task that failed, or did not run, has no peerings."""
    if daemon is not None and "peerings" in daemon:
        return daemon
    problem = str((daemon or {}).get("msg") or "the daemon was not asked")
    return {"peerings": [], "daemon": {"state": "silent", "problem": problem}}


class _Judge:
    def __init__(
        self,
        plan: Mapping[str, Any],
        daemon: Mapping[str, Any],
        cloud: Mapping[str, Any] | None,
        health: Mapping[str, Any] | None,
        counters: Mapping[str, int],
        options: Mapping[str, Any],
    ) -> None:
        self.plan, self.daemon, self.cloud, self.health = plan, daemon, cloud, health
        self.counters, self.options = counters, options
        self.found: list[Verdict] = []
        self.peerings = {join.ends(item): item for item in daemon.get("peerings") or ()}
        self.planned = [join.ends(item) for item in plan["neighbors"]]
        self.planned_anywhere = [*self.planned, *(tuple(item) for item in options.get("planned") or ())]
        self.fatal = options.get("fatal")

    def all(self) -> list[Verdict]:
        down = [ends for ends in self.planned if not self.up(ends)]
        for neighbor in self.plan["neighbors"]:
            self.neighbor(neighbor, len(down) - (join.ends(neighbor) in down))
        self.together()
        extra = services.unplanned(self.plan, self.peerings, self.planned)
        for name in extra:
            self.say("not_planned", classes.ALL_UP, HIGH, ["the plan has no such neighbor"], neighbor=name)
        for item in services.judge(self.plan, self.daemon, self.health):
            self.say(item.kind, classes.HEALTH, HIGH, item.evidence, service=item.service)
        return sorted(self.found, key=_order)

    def up(self, ends: join.Ends) -> bool:
        return self.state(ends) == "established" and self.running()

    def state(self, ends: join.Ends) -> str:
        return str(self.peerings.get(ends, {}).get("state") or "unknown")

    def is_down(self, ends: join.Ends) -> bool:
        """Whether it is known not to be up: the daemon said so, has no such session, or does not run."""
        daemon = (self.daemon.get("daemon") or {}).get("state")
        return daemon == "down" or (daemon == "running" and (ends not in self.peerings or self.state(ends) == "down"))

    def running(self) -> bool:
        return bool((self.daemon.get("daemon") or {}).get("state") == "running")

    def neighbor(self, neighbor: Mapping[str, Any], others_down: int) -> None:
        ends = join.ends(neighbor)
        peering = self.peerings.get(ends)
        far = join.far_end(neighbor, self.cloud, self.planned_anywhere)
        if not self.up(ends):
            if peering is None:
                peering = {"state": "unknown" if not self.running() else "down", "problems": []}
                if self.running():
                    peering["problems"] = ["the running daemon has no such neighbor"]
            why = reason(neighbor, peering, self.daemon.get("daemon") or {}, far, self.counters, others_down)
            self.say(why.kind, classes.ALL_UP, why.confidence, why.evidence, neighbor)
        else:
            self.both_ends(neighbor, peering or {}, far)
            self.advertised(neighbor, peering or {})
            self.hardening(neighbor, far)
        self.received(neighbor, peering or {}, far)

    def both_ends(self, neighbor: Mapping[str, Any], peering: Mapping[str, Any], far: join.FarEnd) -> None:
        check = classes.ALL_UP
        kinds = {
            join.NOT_ASKED: "not_asked",
            join.FAILED: "cloud_unknown",
            join.ABSENT: "not_configured_at_cloud",
            join.OTHER_AS: "cloud_other_as",
            join.OTHER_ADDRESS: "cloud_other_address",
        }
        theirs = (far.peering or {}).get("state")
        if far.how in kinds:
            confidence = MEDIUM if far.how in (join.ABSENT, join.OTHER_ADDRESS) else HIGH
            self.say(kinds[far.how], check, confidence, far.evidence, neighbor, source="cloud")
        elif far.how == join.FOUND and theirs == "down":
            words = ["the daemon says established", f"the cloud says {(far.peering or {}).get('state_raw') or 'down'}"]
            self.say("ends_disagree", check, HIGH, words, neighbor, source="cloud")
        elif far.how == join.FOUND and theirs != "established":
            self.say("cloud_unknown", check, HIGH, ["the cloud does not tell the state"], neighbor, source="cloud")
        elif self.was_lost(neighbor, peering):
            words = [f"it was up in the snapshot before and is up for {peering['uptime_s']} s only"]
            self.say("flapping", check, HIGH, words, neighbor)
        else:
            words = ["established, as the daemon says"]
            words += ["established, as the cloud says"] if far.how == join.FOUND else far.evidence
            self.say("as_planned", check, HIGH, words, neighbor)

    def was_lost(self, neighbor: Mapping[str, Any], peering: Mapping[str, Any]) -> bool:
        before = {join.ends(item): item for item in (self.options.get("before") or {}).get("peerings") or ()}
        was, elapsed = before.get(join.ends(neighbor), {}), self.options.get("elapsed_s")
        uptime = peering.get("uptime_s")
        if was.get("state") != "established" or uptime is None:
            return False
        return bool(uptime < (was.get("uptime_s") or 0) or (elapsed is not None and uptime + _SLACK < elapsed))

    def advertised(self, neighbor: Mapping[str, Any], peering: Mapping[str, Any]) -> None:
        if "routes_advertised" not in peering:
            words = ["the daemon was not asked for its routes"]
            self.say("not_told", classes.ADVERTISED, HIGH, words, neighbor)
            return
        found = differences(neighbor, peering)
        for item in found:
            self.say(item.kind, classes.ADVERTISED, HIGH, [item.words], neighbor, prefix=item.what)
        if not found:
            words = [f"{len(peering['routes_advertised'])} routes announced"]
            self.say("as_planned", classes.ADVERTISED, HIGH, words, neighbor)

    def received(self, neighbor: Mapping[str, Any], peering: Mapping[str, Any], far: join.FarEnd) -> None:
        if far.how != join.FOUND or far.peering is None or far.peering.get("state") == "unknown":
            return
        up = self.up(join.ends(neighbor))
        daemon_down = (self.daemon.get("daemon") or {}).get("state") == "down"
        if up:
            sent = prefixes.announced(peering)
        else:
            sent = {} if daemon_down or (self.running() and peering.get("state") == "down") else None
        if sent is None:  # what should be there is not known
            return
        if up and far.peering.get("state") == "established":
            for item in prefixes.received(neighbor, sent, far.peering):
                self.learned(item, classes.RECEIVED, neighbor)
        for item in prefixes.stale(sent, far.peering) or ():
            self.learned(item, classes.NO_STALE, neighbor)

    def learned(self, item: prefixes.Learned, check: str, neighbor: Mapping[str, Any]) -> None:
        self.say(item.kind, check, item.confidence, item.evidence, neighbor, prefix=item.prefix, source="cloud")

    def hardening(self, neighbor: Mapping[str, Any], far: join.FarEnd) -> None:
        shown = (self.options.get("hardening") or {}).get(neighbor["name"]) or {}
        for name, control in sorted((neighbor.get("controls") or {}).items()):
            if not control["on"]:
                words = [f"{name} is off as planned: {control.get('reason') or 'the inventory says so'}"]
                self.say("as_planned", classes.HARDENING, HIGH, words, neighbor)
                continue
            told = shown.get(name)
            if told is None and name == "md5":
                told = (far.peering or {}).get("md5")
            if told is None:
                words = [f"{name} is on in the plan; nothing has shown that it works"]
                self.say("hardening_not_proven", classes.HARDENING, HIGH, words, neighbor)
            else:
                words = [f"{name} is on in the plan, and {'was shown to work' if told else 'is off'}"]
                self.say("as_planned" if told else "hardening_off", classes.HARDENING, HIGH, words, neighbor)

    def together(self) -> None:
        groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for item in self.plan["neighbors"]:
            if (item.get("sessions_wanted") or 1) > 1:
                groups.setdefault((item.get("profile"), item.get("peer_as")), []).append(item)
        for members in groups.values():
            wanted = max(item["sessions_wanted"] for item in members)
            names = {True: [], False: []}  # type: dict[bool, list[str]]
            for item in members:
                names[self.up(join.ends(item))].append(item["name"])
            unknown = sum(not self.is_down(join.ends(item)) for item in members) - len(names[True])
            up, down = sorted(names[True]), sorted(names[False])
            words = [f"{len(up)} of {len(members)} planned sessions are up, the peering wants {wanted}"]
            words += [f"up: {', '.join(up)}"] if up else []
            words += [f"not up: {', '.join(down)}"] if down else []
            for item in members:
                kind = "as_planned" if len(up) >= wanted else "one_of_two" if len(up) + unknown < wanted else "not_told"
                if kind == "as_planned" or item["name"] in down or not down:
                    self.say(kind, classes.MINIMUM_UP, HIGH, words, item)

    def say(
        self,
        kind: str,
        check: str,
        confidence: str,
        evidence: list[str],
        neighbor: Mapping[str, Any] | str | None = None,
        *,
        service: str | None = None,
        prefix: str | None = None,
        source: str = "host",
    ) -> None:
        of = neighbor if isinstance(neighbor, Mapping) else {"name": neighbor}
        entry = classes.CLASSES[kind]
        host = self.plan["host"]
        about = [f"neighbor {of['name']}"] if of["name"] else []
        about += [f"service {service}"] if service else []
        about += [str(prefix)] if prefix else []
        values = {
            "host": host,
            "unit": self.options.get("unit") or "exabgp.service",
            "local": of.get("local_address") or "",
            "peer": of.get("peer_address") or of["name"] or "",
            "module": of.get("module") or "exabgp_peering_info",
            "service": service or "",
        }
        self.found.append(
            {
                "host": host,
                "neighbor": of["name"],
                "service": service,
                "prefix": prefix,
                "check": check,
                "class": kind,
                "title": entry.title,
                "severity": entry.severity,
                "fatal": entry.fatal if self.fatal is None else kind in self.fatal,
                "confidence": confidence,
                "source": source,
                "evidence": list(evidence),
                "summary": f"{': '.join([host, *about])}: {entry.title}: {'; '.join(evidence)}",
                "next_command": entry.next.format_map(values),
            }
        )


def _order(item: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("host", "neighbor", "service", "prefix", "check", "class", "summary")
    return tuple(str(item[name] or "") for name in names)
