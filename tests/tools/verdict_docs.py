# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/verify.md from the classes of verdicts: python -m tests.tools.verdict_docs. "make docs" calls it."""

from __future__ import annotations

import sys

from tests.tools import tree

sys.path.insert(0, str(tree.ROOT / "collections"))

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils import _verdict_classes as classes

PAGE = tree.ROOT / "docs" / "verify.md"

INTRODUCTION = """\
<!-- Made from plugins/plugin_utils/_verdict_classes.py by "make docs". What is changed here by hand is lost. -->
# Verify, and report

`ansible-playbook cloudbgp.exabgp.verify` asks every daemon and health agent, holds the answers against the plan,
prints a table, and fails with each difference. It changes nothing; `site.yml` ends with it. With `-v` it prints every
verdict that is not as planned, with its class, evidence and next command.

## What is judged

Each finding is a verdict: which host, neighbor, service or prefix; the check; the class of what was found; how sure
that is; the evidence; and what to type next. Both ends of a session are held together by their addresses and AS
numbers.

What is not known is never taken for right. A cloud that was not asked is `not_asked`, one that did not answer is
`cloud_unknown`; neither is green. `ok` in the filter's result says that nothing is known to be wrong, `green` that
everything was seen as well. `verify.yml` and `report.yml` do not ask clouds by themselves: without the clouds' answers
nothing with a cloud at its other end is green.

| check | holds when |
|---|---|
"""

REPORT = """\

## The report

`ansible-playbook cloudbgp.exabgp.report` writes to `./exabgp-report/`:

| file | what it is |
|---|---|
| `report.html` | one page without scripts that loads nothing; for a phone, a desk and paper, light and dark |
| `report.md` | findings, sessions, prefixes and changes for a ticket or a merge request |
| `report.json` | everything, as [report.schema.json](report.schema.json) describes it |
| `snapshot.json` | what the daemons said, for the next report to tell what changed |

The page has the findings, a drawing of each site, sessions, prefixes expected and seen, services, the security posture,
what changed, and the AS plan. A site of more than 12 hosts or 16 routers is drawn with a tile for each host and its
sessions counted; in long tables what is not as planned stays open and the rest is folded.

| variable | what it does | default |
|---|---|---|
| `exabgp_report_path` | the directory | `./exabgp-report` |
| `exabgp_report_title` | the heading | `ExaBGP` |
| `exabgp_report_site` | of a host: the name under which it is drawn | that of its cloud |
| `exabgp_report_before` | the `snapshot.json` to tell changes from | the one in the directory |
| `exabgp_report_cloud` | what the modules that ask clouds returned, by module name | not asked |

A module is named without its collection, as the plan's `module` of a neighbor; several results of it are a list:

```yaml
exabgp_report_cloud:
  azure_route_server_peering_info: "{{ registered_by_a_loop.results }}"
```

The playbook does not fail on faults. For a workflow it leaves its result with `set_stats`, and a next step decides:

```yaml
exabgp_report:
  status: fault            # ok, info, warning, unknown or fault: the worst there is
  counts: {hosts: 3, sessions: 6, established: 5, down: 1, unknown: 0, fatal: 2, verdicts: {fault: 2, ok: 30}}
  faults: ["edge-1: neighbor rs-0: transport blocked: 10.1.0.4 does not answer on TCP port 179"]
  changes: ["edge-1: neighbor rs-0: the session was established and is down"]
```
"""

CLASSES = """
## Classes

A class that is fatal makes `fatal` of its verdicts true; `fatal` in the filter's `options` names other classes.

| class | severity | fatal | means | next |
|---|---|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    checks = [f"| `{name}` | {meaning} |" for name, meaning in classes.CHECKS.items()]
    rows = [
        f"| `{name}` | {item.severity} | {'yes' if item.fatal else 'no'} | {item.meaning} | {_code(item.next)} |"
        for name, item in classes.CLASSES.items()
    ]
    return INTRODUCTION + "\n".join(checks) + "\n" + REPORT + CLASSES + "\n".join(rows) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
