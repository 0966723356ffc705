"""What the traps are judged by: the plan, the committed workflows, and what GitHub and the index tell."""

from __future__ import annotations

import urllib.error
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from lockgate.model.errors import UnknownError
from lockgate.model.protection import Unseen
from lockgate.model.workflow import Document
from lockgate.ports import index
from lockgate.ports.github import GitHub, said

_Value = TypeVar("_Value")
_INDEX_LIMIT = 20.0  # seconds
# A 403 that is no lack of rights: what is not bought or not switched on is not there.
_NOT_SWITCHED_ON = ("must be enabled", "is not enabled", "not available for")


class Secret(msgspec.Struct, frozen=True):
    """A secret's name and age; `environment` is "" for one of the repository, `updated` is ISO 8601."""

    name: str
    environment: str
    updated: str


class Intended(msgspec.Struct, frozen=True, kw_only=True):
    """What the table asks for.

    Attributes:
        repository: `owner/name`.
        project: The package's name on the index.
        contexts: The required checks.
        reviewers: The environment will have reviewers.
        publishes: Releases are published from here.
        codeql: The rendered scan runs CodeQL.
    """

    repository: str
    project: str = ""
    branch: str = "main"
    contexts: tuple[str, ...] = ()
    approvals: int = 1
    admins: bool = True
    environment: str = "pypi-publishing"
    reviewers: bool = False
    reports_branch: str = "lockgate-reports"
    publishes: bool = True
    codeql: bool = True


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a trap looks at; what is not local is a value, or `Unseen`.

    Attributes:
        workflows: The files of `.github/workflows` in the checkout.
        unreadable: What is wrong with those that are no workflows.
        writers: People who may push.
        default_setup: `configured` or `not-configured`.
        rules: Active rules for the branch, of every ruleset.
        environments: Whether each has required reviewers, by name.
        publisher: What the last release on the index was published by, {} when nobody proved it; None without release.
        now: Seconds since the epoch.
    """

    intended: Intended
    workflows: tuple[Document, ...] = ()
    unreadable: tuple[str, ...] = ()
    writers: tuple[str, ...] | Unseen
    default_setup: str | Unseen
    rules: tuple[Mapping[str, Any], ...] | Unseen
    environments: Mapping[str, bool] | Unseen
    secrets: tuple[Secret, ...] | Unseen
    publisher: Mapping[str, Any] | Unseen | None
    now: float


def gather(
    intended: Intended,
    workflows: tuple[tuple[Document, ...], tuple[str, ...]],
    github: GitHub,
    simple: str,
    now: float,
) -> Facts:
    """Ask GitHub and the index (`simple` is its address): about eight requests, none of which changes anything."""
    at = f"repos/{intended.repository}"
    environments = _environments(github, at)
    return Facts(
        intended=intended,
        workflows=workflows[0],
        unreadable=workflows[1],
        writers=_seen(
            "Metadata: read, of somebody who may push",
            lambda: tuple(str(one["login"]) for one in github.pages(f"{at}/collaborators") if _may_push(one)),
        ),
        default_setup=_default_setup(github, at),
        rules=_seen(
            "Metadata: read",
            lambda: tuple(github.pages(f"{at}/rules/branches/{urllib.parse.quote(intended.branch, safe='')}")),
        ),
        environments=environments,
        secrets=_secrets(github, at, environments),
        publisher=_seen("no permission, but the index", lambda: _publisher(simple, intended.project))
        if intended.publishes
        else None,
        now=now,
    )


def _seen(permission: str, read: Callable[[], _Value]) -> _Value | Unseen:
    try:
        return read()
    except UnknownError as error:
        return Unseen(permission, error.message)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Unseen(permission, f"the answer cannot be read: {type(error).__name__}: {error}")


def _may_push(collaborator: Mapping[str, Any]) -> bool:
    permissions = collaborator.get("permissions")
    if isinstance(permissions, Mapping):
        return permissions.get("push") is True
    return collaborator.get("role_name") in {"write", "maintain", "admin"}


def _default_setup(github: GitHub, at: str) -> str | Unseen:
    def read() -> str:
        answer = github.get(f"{at}/code-scanning/default-setup")
        if answer.status == 200:  # noqa: PLR2004
            return str(answer.json()["state"])  # type: ignore[index]
        told = said(answer)
        if answer.status == 403 and any(text in told for text in _NOT_SWITCHED_ON):  # noqa: PLR2004
            return "not-configured"
        raise UnknownError(told)

    return _seen("Administration: read", read)


def _environments(github: GitHub, at: str) -> Mapping[str, bool] | Unseen:
    def reviewed(environment: Mapping[str, Any]) -> bool:
        rules = environment.get("protection_rules") or ()
        return any(one.get("type") == "required_reviewers" and one.get("reviewers") for one in rules)

    return _seen(
        "Actions: read", lambda: {str(one["name"]): reviewed(one) for one in github.pages(f"{at}/environments")}
    )


def _secrets(github: GitHub, at: str, environments: Mapping[str, bool] | Unseen) -> tuple[Secret, ...] | Unseen:
    if isinstance(environments, Unseen):
        return environments
    addresses = {"": f"{at}/actions/secrets"}
    addresses |= {name: f"{at}/environments/{urllib.parse.quote(name, safe='')}/secrets" for name in environments}
    found: list[Secret] = []
    for environment, address in addresses.items():
        more = _seen(
            "Environments: read" if environment else "Secrets: read",
            lambda address=address, environment=environment: [  # type: ignore[misc]
                Secret(str(one["name"]), environment, str(one["updated_at"])) for one in github.pages(address)
            ],
        )
        if isinstance(more, Unseen):
            return more
        found += more
    return tuple(found)


def _publisher(simple: str, project: str) -> Mapping[str, Any] | None:
    try:
        newest = index.newest(index.project_files(simple, project, _INDEX_LIMIT).values())
    except urllib.error.HTTPError as error:
        if error.code == 404:  # noqa: PLR2004
            return None  # nothing was ever released
        raise
    return None if newest is None else index.publisher(newest, _INDEX_LIMIT)
