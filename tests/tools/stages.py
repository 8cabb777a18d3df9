# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the suite stage by stage: python -m tests.tools.stages [STAGE...].

A stage is a list of commands; all of them run, and one that fails fails its stage. The other stages go on. The last
line is "N passed, N failed": each pytest test of a stage that is one pytest run, and one for every other stage.
TEST_MINUTES (75) is the time for all of it; a command that is still running then is ended and has failed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.tools import tree

COLLECTION = "collections/ansible_collections/cloudbgp/exabgp"
DEFAULT_MINUTES = 75.0
# How long an interrupted command may take to clean up, in seconds.
GRACE = 60.0


@dataclass(frozen=True)
class Stage:
    """One stage: its commands in a given checkout (none: nothing to do there), and whether pytest counts its tests."""

    name: str
    commands: Callable[[Path], list[list[str]]]
    counted: bool = False


@dataclass
class Outcome:
    """What became of a stage; `seconds` is its duration."""

    name: str
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    passed: int = 0
    failed: int = 0
    skipped: bool = False

    @property
    def verdict(self) -> str:
        """The stage in one word."""
        return "skipped" if self.skipped else "failed" if self.failures else "passed"


def lint(root: Path) -> list[list[str]]:
    """Style, types and metadata."""
    typed = [f"{COLLECTION}/plugins", *(name for name in ("lab", "tests") if any((root / name).rglob("*.py")))]
    typed += sorted(str(path.relative_to(root)) for path in root.glob("roles/*/files/**/*.py"))
    return [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", *typed],
        ["yamllint", "--strict", "."],
        ["ansible-lint", "--offline", "--profile", "production"],
        ["antsibull-changelog", "lint"],
        ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."],
    ]


def pytest(name: str, folder: str, *options: str) -> Callable[[Path], list[list[str]]]:
    """Return the commands of a stage that is one pytest run over `folder`."""

    def commands(root: Path) -> list[list[str]]:
        if not any((root / folder).rglob("test_*.py")):
            return []
        return [[sys.executable, "-m", "pytest", f"--junit-xml={junit(root, name)}", *options, folder]]

    return commands


def tool(name: str) -> Callable[[Path], list[list[str]]]:
    """Return the commands of a stage that is one of the scripts beside this one."""
    return lambda _root: [[sys.executable, "-m", f"tests.tools.{name}"]]


def molecule(root: Path) -> list[list[str]]:
    """Every scenario. Molecule keeps its state, and what it installs, below ANSIBLE_HOME: not in the user's home."""
    home = f"ANSIBLE_HOME={root / '.cache' / 'molecule'}"
    return [["env", home, "molecule", "test", "--all"]] if any(root.glob("molecule/*/molecule.yml")) else []


STAGES = (
    Stage("lint", lint),
    Stage("unit", pytest("unit", "tests/unit", "--numprocesses=auto", "--quiet"), counted=True),
    Stage("sanity", tool("sanity")),
    Stage("cores", tool("cores")),
    Stage("build", tool("build")),
    Stage(
        "lab",
        pytest("lab", "tests/integration", "--numprocesses=2", "--no-loadscope-reorder", "--durations=20"),
        counted=True,
    ),
    Stage("molecule", molecule),
)


def junit(root: Path, name: str) -> Path:
    """Return where the pytest run of stage `name` leaves its report."""
    return root / ".cache" / "junit" / f"{name}.xml"


def count(report: Path) -> tuple[int, int]:
    """Return how many tests of a JUnit report passed and how many failed; skipped ones are neither."""
    passed = failed = 0
    # The report is the one pytest has just written.
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314
        numbers = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")}
        bad = numbers["failures"] + numbers["errors"]
        passed += max(0, numbers["tests"] - bad - numbers["skipped"])
        failed += bad
    return passed, failed


def run_command(command: Sequence[str], root: Path, deadline: float) -> str:
    """Run `command` in `root` until the monotonic time `deadline`; return what went wrong, or ""."""
    print("$", *command, flush=True)
    env = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    env.setdefault("LC_ALL", "C.UTF-8")
    if not sys.stdout.isatty():
        env.setdefault("NO_COLOR", "1")
    title = command[2] if command[0] in (sys.executable, "env") else command[0]
    # A shell starts background jobs with SIGINT ignored, and children inherit that: they could not be interrupted.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # A session of its own, so that all that the command started can be ended with it.
    with subprocess.Popen(command, cwd=root, env=env, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            end(process)
            return f"{title}: out of time"
        except BaseException:
            end(process)
            raise
    return f"{title}: {'exit' if status >= 0 else 'signal'} {abs(status)}" if status else ""


def end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the process group of `process`, so that it cleans up, then kill what is left."""
    for number, patience in ((signal.SIGINT, GRACE), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def run_stage(stage: Stage, root: Path, deadline: float) -> Outcome:
    """Run one stage under a heading, with its duration at the end."""
    outcome = Outcome(stage.name)
    print(f"\n== {stage.name}", flush=True)
    start = time.monotonic()
    commands = stage.commands(root)
    report = junit(root, stage.name)
    report.unlink(missing_ok=True)
    if not commands:
        outcome.skipped = True
    elif start >= deadline:
        outcome.failures.append("not started: out of time")
    else:
        outcome.failures = [reason for command in commands if (reason := run_command(command, root, deadline))]
    if stage.counted and report.exists():
        outcome.passed, outcome.failed = count(report)
    if not outcome.skipped:
        # A run that ended before its first test, or beside its tests, is a failure too.
        if outcome.failures and not outcome.failed:
            outcome.failed = 1
        elif not outcome.failures and not outcome.passed:
            outcome.passed = 1
    outcome.seconds = time.monotonic() - start
    print(f"== {stage.name}: {outcome.verdict}, {outcome.seconds:.0f} s", flush=True)
    return outcome


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the table of all stages, and the closing line."""
    lines = ["", "stage     result   seconds"]
    for outcome in outcomes:
        reasons = ", ".join(outcome.failures) or ("nothing to run" if outcome.skipped else "")
        lines.append(f"{outcome.name:9} {outcome.verdict:8} {outcome.seconds:7.0f}  {reasons}".rstrip())
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    lines.append(f"{'total':18} {sum(outcome.seconds for outcome in outcomes):7.0f}")
    return "\n".join([*lines, "", f"{passed} passed, {failed} failed"])


def main(names: Sequence[str]) -> int:
    """Run the stages named, or all; return 1 when one failed, 2 when there is no such stage."""
    known = [stage.name for stage in STAGES]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no stage {', '.join(unknown)}; the stages are: {' '.join(known)}", file=sys.stderr)
        return 2
    deadline = time.monotonic() + 60 * float(os.environ.get("TEST_MINUTES", DEFAULT_MINUTES))
    chosen = [stage for stage in STAGES if not names or stage.name in names]
    outcomes = [run_stage(stage, tree.ROOT, deadline) for stage in chosen]
    print(summary(outcomes), flush=True)
    return 1 if any(outcome.failures for outcome in outcomes) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
