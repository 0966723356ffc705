"""ignored-failure: a check may fail without anybody noticing.

`continue-on-error: true`, `|| true` or `--exit-zero` on a check turns every red into a green. A check that may fail
is no check.

Bad:

    - run: bandit -r src || true

Good:

    - run: bandit -r src
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockgate.model.workflow import Document, Job, Step
from lockgate.scan.rules.rule import Rule

_CHECK = re.compile(
    r"(^|[\s;&|(/])(pytest|ruff (check|format)|mypy|pyright|ty check|flake8|pylint|black --check|bandit|semgrep"
    r"|gitleaks|kingfisher|trufflehog|detect-secrets|zizmor|actionlint|pip-audit|uv audit|safety (check|scan)|trivy"
    r"|osv-scanner|grype|lockgate (gate|scan|render)|tox|nox|coverage report"
    r"|python3? -m (pytest|unittest|mypy|bandit|coverage report))(\s|$)"
)
_ACTIONS = (
    *(
        "github/codeql-action/analyze",
        "gitleaks/gitleaks-action",
        "pypa/gh-action-pip-audit",
        "aquasecurity/trivy-action",
    ),
    *(
        "zizmorcore/zizmor-action",
        "trufflesecurity/trufflehog",
        "actions/dependency-review-action",
        "astral-sh/ruff-action",
    ),
    *("google/osv-scanner-action", "PyCQA/bandit-action", "anchore/scan-action", "returntocorp/semgrep-action"),
)
_IGNORED = re.compile(r"\|\|\s*(true|:|exit\s+0|echo\b|/bin/true)|--exit-zero\b|;\s*(true|exit 0)\s*$|\s--soft-fail\b")


def _look(document: Document) -> Iterator[int]:
    for job in document.jobs:
        if job.data.get("continue-on-error") is True and any(_is_check(step) for step in job.steps):
            yield job.line_of("continue-on-error")
        for step in job.steps:
            if step.data.get("continue-on-error") is True and _is_check(step) and not _is_judged(job, step):
                yield step.line_of("continue-on-error")
            yield from _ignored_lines(step)


def _is_check(step: Step) -> bool:
    return _CHECK.search(step.run) is not None or step.uses.startswith(_ACTIONS)


def _is_judged(job: Job, step: Step) -> bool:
    """A later step decides by this one's outcome."""
    name = step.data.get("id")
    return bool(name) and any(f"steps.{name}.outcome" in str(dict(other.data)) for other in job.steps)


def _ignored_lines(step: Step) -> Iterator[int]:
    """Commands of the script that check and ignore the answer."""
    script = re.sub(r"\\\n", " ", step.run)
    switched_off = False
    for line in script.splitlines():
        switched_off = (switched_off or "set +e" in line) and "set -e" not in line
        if _CHECK.search(line) and (_IGNORED.search(line) or (switched_off and "$?" not in script)):
            yield step.line_of("run")
            return


RULE = Rule(
    id="ignored-failure",
    scanner="workflows",
    severity="high",
    message="a check's failure is ignored: it is green whatever it finds",
    help="take `continue-on-error`, `|| true` or `--exit-zero` out; waive single findings instead",
    look=_look,
)
