"""One look at a repository's rules: what the table wants, what GitHub has, and how they differ."""

from __future__ import annotations

import msgspec

from lockgate.flows.render import Survey
from lockgate.model.config import Config
from lockgate.model.errors import UsageError
from lockgate.model.protection import Change, Remote, Setting, Trap
from lockgate.model.replay import Replay
from lockgate.ports.github import GitHub
from lockgate.protect.desired import desired, form
from lockgate.protect.difference import FORMS, difference, missing_reviewers
from lockgate.protect.reading import actions_app, is_public, read


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison is made from: the table, the contexts, and who asks which repository; traps need `rendered`."""

    config: Config
    contexts: tuple[str, ...]
    github: GitHub
    credential: str
    repository: str
    reviewers_at: str
    rendered: Survey | None = None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the repository."""

    remote: Remote
    settings: tuple[Setting, ...]
    changes: tuple[Change, ...]
    traps: tuple[Trap, ...] = ()
    replay: Replay | None = None


def compare(desk: Desk) -> Compared:
    """Read everything, and compare.

    Raises:
        UnknownError: GitHub gives no answer that can be used.
        UsageError: A reviewer in the table does not exist.
    """
    config = desk.config
    remote = read(
        desk.github,
        desk.repository,
        branch=config.protection.branch,
        environment=config.publish.environment,
        reviewers=config.publish.reviewers,
    )
    app = actions_app(desk.github)
    settings = desired(config, desk.contexts, app=app, public=is_public(remote.repository))
    missing = missing_reviewers(settings, remote)
    if missing:
        raise UsageError(
            f"{desk.reviewers_at}: publish.reviewers: {missing[0]} is no user, and no team of this repository",
            "@user, or @organization/team of a team that has access to the repository",
        )
    other = form(FORMS[config.protection.kind], config, desk.contexts, app)
    return Compared(remote=remote, settings=settings, changes=difference(settings, other, remote))
