"""What the traps are judged by: the plan, the committed workflows, and what GitHub and the index tell."""

from __future__ import annotations

import datetime as dt
import urllib.error
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from lockgate.model.config import Config
from lockgate.model.errors import UnknownError
from lockgate.model.protection import Unseen
from lockgate.model.workflow import Document
from lockgate.ports import index
from lockgate.ports.github import GitHub, PageRefusedError, fields, said

_Value = TypeVar("_Value")
NO_ANSWER = "an answer that can be used"
_INDEX_LIMIT = 20.0  # seconds
# A 403 that is no lack of rights: what is not bought or not switched on is not there.
_NOT_SWITCHED_ON = ("must be enabled", "is not enabled", "not available for")


class Secret(msgspec.Struct, frozen=True):
    """A secret's name and age; `environment` is "" for one of the repository, `updated` is ISO 8601."""

    name: str
    environment: str
    updated: str


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """What needs no asking: the table, what is rendered from it, and the checkout.

    Attributes:
        repository: `owner/name`.
        project: The package's name on the index.
        contexts: The required checks.
        codeql: The rendered scan runs CodeQL.
        workflows: The files of `.github/workflows` in the checkout.
        unreadable: What is wrong with those that are no workflows.
    """

    config: Config
    repository: str
    project: str
    contexts: tuple[str, ...]
    codeql: bool
    workflows: tuple[Document, ...] = ()
    unreadable: tuple[str, ...] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a trap looks at; what had to be asked for is a value, or `Unseen`.

    Attributes:
        writers: People who may push.
        default_setup: `configured` or `not-configured`.
        rules: Active rules for the branch, of every ruleset.
        environments: Whether each has required reviewers, by name.
        publisher: Whom the last release on the index was published by, {} when nobody proved it; None without release.
        now: Seconds since the epoch.
    """

    here: Here
    writers: tuple[str, ...] | Unseen
    default_setup: str | Unseen
    rules: tuple[Mapping[str, Any], ...] | Unseen
    environments: Mapping[str, bool] | Unseen
    secrets: tuple[Secret, ...] | Unseen
    publisher: Mapping[str, Any] | Unseen | None
    now: float

    @property
    def branch(self) -> str:
        """The protected branch."""
        return self.here.config.protection.branch


def gather(here: Here, github: GitHub, simple: str, now: float) -> Facts:
    """Ask GitHub and the index (`simple` is its address): about eight requests, none of which changes anything."""
    at = f"repos/{here.repository}"
    rules = f"{at}/rules/branches/{_quoted(here.config.protection.branch)}"
    environments = _seen(
        "Actions: read", lambda: {one["name"]: _reviewed(one) for one in github.pages(f"{at}/environments")}
    )
    return Facts(
        here=here,
        writers=_seen(
            "Metadata: read, of somebody who may push",
            lambda: tuple(str(one["login"]) for one in github.pages(f"{at}/collaborators") if _may_push(one)),
        ),
        default_setup=_seen("Administration: read", lambda: _default_setup(github, at)),
        rules=_seen("Metadata: read", lambda: tuple(github.pages(rules))),
        environments=environments,
        secrets=_secrets(github, at, environments),
        publisher=None
        if here.config.phase.publishing == "off"
        else _seen(NO_ANSWER, lambda: _publisher(simple, here.project)),
        now=now,
    )


def _seen(permission: str, read: Callable[[], _Value]) -> _Value | Unseen:
    try:
        return read()
    except PageRefusedError as error:
        return Unseen(permission, said(error.answer))
    except UnknownError as error:
        return Unseen(NO_ANSWER, error.message)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Unseen(NO_ANSWER, f"{type(error).__name__}: {error}")


def _may_push(collaborator: Mapping[str, Any]) -> bool:
    permissions = collaborator.get("permissions")
    if isinstance(permissions, Mapping):
        return permissions.get("push") is True
    return collaborator.get("role_name") in {"write", "maintain", "admin"}


def _reviewed(environment: Mapping[str, Any]) -> bool:
    rules = environment.get("protection_rules") or ()
    return any(one.get("type") == "required_reviewers" and one.get("reviewers") for one in rules)


def _default_setup(github: GitHub, at: str) -> str:
    answer = github.get(f"{at}/code-scanning/default-setup")
    if answer.status == 403 and any(text in said(answer) for text in _NOT_SWITCHED_ON):  # noqa: PLR2004
        return "not-configured"
    if answer.status != 200:  # noqa: PLR2004
        raise PageRefusedError(said(answer), answer)
    return str(fields(answer)["state"])


def _secrets(github: GitHub, at: str, environments: Mapping[str, bool] | Unseen) -> tuple[Secret, ...] | Unseen:
    if isinstance(environments, Unseen):
        return environments

    def of(environment: str, path: str) -> list[Secret]:
        return [
            Secret(str(one["name"]), environment, _moment(one["updated_at"])) for one in github.pages(f"{at}/{path}")
        ]

    found = _seen("Secrets: read", lambda: of("", "actions/secrets"))
    more = _seen(
        "Environments: read",
        lambda: [one for name in environments for one in of(name, f"environments/{_quoted(name)}/secrets")],
    )
    return found if isinstance(found, Unseen) else more if isinstance(more, Unseen) else (*found, *more)


def _moment(text: str) -> str:
    dt.datetime.fromisoformat(text)  # else it is no answer
    return text


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")


def _publisher(simple: str, project: str) -> Mapping[str, Any] | None:
    try:
        newest = index.newest(index.project_files(simple, project, _INDEX_LIMIT).values())
    except urllib.error.HTTPError as error:
        if error.code == 404:  # noqa: PLR2004
            return None  # nothing was ever released
        raise
    return None if newest is None else index.publisher(newest, _INDEX_LIMIT)
