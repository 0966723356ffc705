"""bot-pushes: automation that pushes to the branch that will be protected."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping

from lockgate.model.protection import Trap
from lockgate.model.workflow import Document, Job, Step
from lockgate.protect.traps.checks import selects
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed, variables

NAME = "bot-pushes"
# Actions that push, and the input that names another branch than the one that is checked out.
_ACTIONS = {
    "stefanzweifel/git-auto-commit-action": "branch",
    "endbug/add-and-commit": "new_branch",
    "ad-m/github-push-action": "branch",
    "actions-js/push": "branch",
    "github-actions-x/commit": "push-branch",
    "python-semantic-release/python-semantic-release": "",
    "cycjimmy/semantic-release-action": "",
}
_RELEASERS = re.compile(r"\bsemantic-release\s+(?:version|publish)\b|\bnpx\s+semantic-release\b")
_COMMANDS = re.compile(r"\b(git|lockgate)\s+(?:-\S+\s+\S+\s+)*push\b([^\n;&|]*)")
_EXPRESSIONS = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
# The branch that is checked out, in GitHub's words.
_HERE = re.compile(r"github\.(?:ref|ref_name|event\.repository\.default_branch|head_ref \|\| github\.ref_name)")
_ON_BRANCH = frozenset({"schedule", "workflow_dispatch", "repository_dispatch", "workflow_run"})
_NO_PUSH = frozenset({"--dry-run", "-n", "--delete", "-d"})


def look(facts: Facts) -> Trap | None:
    """A protected branch takes no push that no pull request brought: GH006, at night, in a log that nobody reads."""
    branch = facts.branch
    if facts.here.config.reports.branch == branch:
        return Trap(
            NAME,
            "fail",
            f"the reports are pushed to {branch}, which will be protected: each push is refused (GH006)",
            f"[tool.lockgate.reports] branch = a branch of its own, lockgate render, {AGAIN}",
        )
    found = []
    for document in facts.here.workflows:
        wrong = {branch, f"refs/heads/{branch}", *(["HEAD"] if _runs_on(document, branch) else [])}
        for job in document.jobs:
            steps = (step for step in job.steps if wrong.intersection(_targets(facts, document, job, step)))
            found += [f"{document.path}:{step.line}" for step in steps]
    if not found:
        return None
    return Trap(
        NAME,
        "warn",
        f"automation that pushes to {branch} will be refused (GH006): {listed(found)}",
        "let it push to a branch of its own, as `lockgate push --branch NAME` does, or open a pull request with the"
        f" token of a GitHub App; {AGAIN}",
    )


def _runs_on(document: Document, branch: str) -> bool:
    """Whether it is the protected branch that the workflow may have checked out."""
    push = document.triggers.get("push")
    tags_only = isinstance(push, Mapping) and "tags" in push and "branches" not in push
    pushed = "push" in document.triggers and not tags_only and selects(push, branch)
    return pushed or not _ON_BRANCH.isdisjoint(document.triggers)


def _targets(facts: Facts, document: Document, job: Job, step: Step) -> Iterator[str]:
    """Branches that the step pushes to; HEAD is the one that is checked out."""
    variable = variables(document, job, step)
    action = step.uses.lower()
    if action in _ACTIONS:
        yield _plain(str(step.inputs.get(_ACTIONS[action]) or "HEAD"), variable)
    elif _RELEASERS.search(step.run):
        yield "HEAD"
    for tool, rest in _COMMANDS.findall(step.run.replace("\\\n", " ")):
        try:
            words = [_plain(word, variable) for word in shlex.split(_EXPRESSIONS.sub(_word, rest))]
        except ValueError:
            continue  # a quote that ends on another line
        if tool == "lockgate":
            yield next((after for word, after in itertools.pairwise(words) if word in {"--branch", "-b"}), "HEAD")
        elif _NO_PUSH.isdisjoint(words):
            yield from _pushed(words, facts.here.repository)


def _pushed(words: list[str], repository: str) -> Iterator[str]:
    plain = [word for word in words if not word.startswith("-")]
    address = plain[0] if plain and re.search(r"[:@]", plain[0]) else ""
    if address and not re.search(rf"(?i){re.escape(repository)}|github\.repository|GITHUB_REPOSITORY", address):
        return
    if len(plain) < 2 and "--tags" not in words:  # noqa: PLR2004
        yield "HEAD"
    for reference in plain[1:]:
        yield reference.rpartition(":")[2].removeprefix("+")


def _word(expression: re.Match[str]) -> str:
    return "HEAD" if _HERE.fullmatch(expression[1]) else f"${{{{{expression[1].replace(' ', '')}}}}}"


def _plain(text: str, variable: Mapping[str, str]) -> str:
    """A word with the values of its variables."""
    found = re.sub(r"\$\{?(\w+)\}?", lambda match: variable.get(match[1], match[0]), text)
    found = re.sub(r"\$\{?GITHUB_REF(?:_NAME)?\b\}?", "HEAD", found)
    return _EXPRESSIONS.sub(_word, found)
