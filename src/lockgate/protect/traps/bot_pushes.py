"""bot-pushes: automation that pushes to the branch that will be protected."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from lockgate.model.protection import Trap
from lockgate.model.workflow import Document, Job, Step
from lockgate.protect.traps.facts import Facts
from lockgate.protect.traps.told import AGAIN, listed

NAME = "bot-pushes"
# Actions that push, and the input that names another branch than the one that is checked out.
_ACTIONS = {
    "stefanzweifel/git-auto-commit-action": "branch",
    "EndBug/add-and-commit": "new_branch",
    "ad-m/github-push-action": "branch",
    "actions-js/push": "branch",
    "github-actions-x/commit": "push-branch",
    "python-semantic-release/python-semantic-release": "",
    "cycjimmy/semantic-release-action": "",
    "pre-commit-ci/lite-action": "",
}
_RELEASERS = re.compile(r"\b(?:npx\s+)?semantic-release\s+(?:version|publish)\b|\bnpx\s+semantic-release\b")
_COMMANDS = re.compile(r"\b(?:git|lockgate)\s+(?:-\S+\s+\S+\s+)*push\b[^\n;&|]*")
# Events whose checkout is the branch of a push, not that of a pull request.
_ON_BRANCH = frozenset({"push", "schedule", "workflow_dispatch", "repository_dispatch", "workflow_run"})


def look(facts: Facts) -> Trap | None:
    """A protected branch takes no push that no pull request brought: GH006, at night, in a log that nobody reads."""
    branch = facts.intended.branch
    if facts.intended.reports_branch == branch:
        return Trap(
            NAME,
            "fail",
            f"the reports are pushed to {branch}, which will be protected: each push is refused (GH006)",
            f"[tool.lockgate.reports] branch = a branch of its own, lockgate render, {AGAIN}",
        )
    found = [
        f"{document.path}:{step.line}"
        for document in facts.workflows
        if document.triggers.keys() & _ON_BRANCH
        for job in document.jobs
        for step in job.steps
        if any(target in {"", branch} for target in _targets(document, job, step))
    ]
    if not found:
        return None
    return Trap(
        NAME,
        "warn",
        f"automation that pushes to {branch} will be refused (GH006): {listed(found)}",
        "let it push to a branch of its own, as `lockgate push --branch NAME` does, or open a pull request with the"
        f" token of a GitHub App; {AGAIN}",
    )


def _targets(document: Document, job: Job, step: Step) -> Iterator[str]:
    """Branches that the step pushes to; "" is the one that is checked out, of what cannot be told nothing is said."""
    if step.uses in _ACTIONS:
        name = step.inputs.get(_ACTIONS[step.uses]) if _ACTIONS[step.uses] else None
        yield _plain(str(name or ""), {})
    elif _RELEASERS.search(step.run):
        yield ""
    environment: dict[str, str] = {}
    for data in (document.data, job.data, step.data):
        given = data.get("env")
        environment |= {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}
    for command in _COMMANDS.findall(step.run.replace("\\\n", " ")):
        yield from _pushed(command, environment)


def _pushed(command: str, environment: dict[str, str]) -> Iterator[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        return
    words = [_plain(word, environment) for word in words[words.index("push") + 1 :]]
    if command.startswith("lockgate"):
        named = [after for word, after in zip(words, words[1:], strict=False) if word in {"--branch", "-b"}]
        yield named[0] if named else ""
        return
    options = {word for word in words if word.startswith("-")}
    if options & {"--tags", "--dry-run", "-n", "--delete", "-d"}:
        return
    plain = [word for word in words if not word.startswith("-")]
    if plain and "://" in plain[0] and not plain[0].startswith("https://github.com/"):
        plain[0] = "origin" if "github.com" in plain[0] else "elsewhere"
    references = plain[1:]
    if not references and plain[:1] != ["elsewhere"]:
        yield ""
    for reference in references:
        target = reference.rpartition(":")[2].removeprefix("+").removeprefix("refs/heads/")
        if not target.startswith("refs/tags/"):
            yield "" if target == "HEAD" else target


def _plain(text: str, environment: dict[str, str]) -> str:
    """A word with its variables; the branch that is checked out as ""."""
    text = re.sub(r"\$\{?(\w+)\}?", lambda match: environment.get(match[1], match[0]), text)
    own = r"\$\{\{\s*github\.(?:ref_name|ref|head_ref|event\.repository\.default_branch)\s*\}\}|\$\{?GITHUB_REF(?:_NAME)?\}?"
    return re.sub(own, "HEAD", text) if text else text
