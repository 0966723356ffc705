"""What the traps and a replay of `lockgate protect` need of the table, the checkout, GitHub and the index."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lockgate.flows.render import Survey
from lockgate.model.config import Config
from lockgate.model.errors import UsageError
from lockgate.model.workflow import Document
from lockgate.ports import clock
from lockgate.ports.github import GitHub
from lockgate.ports.yamlfile import read_workflow
from lockgate.protect.owners import Owners
from lockgate.protect.replay import Rules
from lockgate.protect.traps.facts import Facts, Here, gather

_PYPI = "https://pypi.org/simple"
_OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


def facts(
    config: Config,
    rendered: Survey,
    contexts: tuple[str, ...],
    github: GitHub,
    repository: str,
    environment: Mapping[str, str] = os.environ,
) -> Facts:
    """Everything that a trap looks at; the index is PyPI, unless uv is told another one."""
    found, unreadable = workflows(rendered.root)
    here = Here(
        config=config,
        repository=repository,
        project=rendered.facts.name,
        contexts=contexts,
        codeql=rendered.facts.codeql,
        workflows=found,
        unreadable=unreadable,
    )
    return gather(here, github, environment.get("UV_DEFAULT_INDEX") or _PYPI, clock.now())


def rules(config: Config, rendered: Survey, contexts: tuple[str, ...]) -> Rules:
    """The planned rules that a merge is held to."""
    wanted = config.protection
    return Rules(
        contexts=contexts, approvals=wanted.approvals, owners=_owners(rendered) if wanted.code_owners else None
    )


def _owners(rendered: Survey) -> Owners:
    """The first CODEOWNERS file that GitHub finds, else the one that is rendered."""
    for name in _OWNERS:
        if (rendered.root / name).is_file():
            return Owners((rendered.root / name).read_text(encoding="utf-8", errors="replace"))
    return Owners(next(file.text for file in rendered.files if file.name == "codeowners"))


def workflows(root: Path) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    """The workflows of the checkout, and what is wrong with those that are none."""
    found, wrong = [], []
    for path in sorted((root / ".github/workflows").glob("*.y*ml")):
        shown = path.relative_to(root).as_posix()
        try:
            found.append(read_workflow(path.read_text(encoding="utf-8"), shown))
        except UsageError as error:
            wrong.append(error.message)
        except (OSError, UnicodeDecodeError) as error:
            wrong.append(f"{shown}: cannot be read: {type(error).__name__}")
    return tuple(found), tuple(wrong)
