"""Reads everything that protects a repository; what may not be seen is `Unseen`, never taken for absent."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.model.errors import UnknownError
from lockgate.model.protection import Remote, Unseen
from lockgate.ports.github import GitHub, PageRefusedError, fields, said
from lockgate.ports.http import Answer
from lockgate.protect import normal
from lockgate.protect.desired import RULESET

_READ = "Administration: read"
_PLAN = "a public repository, or a paid plan of GitHub"
_SECRETS = "a public repository, or GitHub Secret Protection"
_NOT_PROTECTED = re.compile(r"Branch not protected", re.IGNORECASE)
_NO_BRANCH = re.compile(r"Branch not found", re.IGNORECASE)
_OFF = re.compile(r"disabled|not enabled", re.IGNORECASE)
_NEVER = re.compile(r"(?!)")
ACTIONS_APP = 15368  # GitHub Actions on github.com
_OK, _NO_CONTENT, _NOT_FOUND, _UNAUTHORIZED = 200, 204, 404, 401


def read(github: GitHub, repository: str, *, branch: str, environment: str, reviewers: Sequence[str]) -> Remote:
    """The remote's state; sends nothing but GET.

    Raises:
        UnknownError: The repository itself cannot be read, or GitHub gives no answer that can be used.
    """
    try:
        return _read(_Reader(github, repository), branch, environment, reviewers)
    except (KeyError, TypeError, AttributeError) as error:
        raise UnknownError(
            f"{repository}: an answer is not what GitHub's API describes ({type(error).__name__}: {error})",
            "is there a proxy between, or another server than GitHub?",
        ) from error


def _read(reader: _Reader, branch: str, environment: str, reviewers: Sequence[str]) -> Remote:
    sections: dict[str, Any] = {"classic": reader.classic(branch), "actions": reader.actions()}
    if reader.is_branch_missing:
        sections["branch"] = Unseen(f"a branch {branch}: push it, or mend protection.branch")
    # The next ones say "Not Found" both of what is off and of what may not be seen.
    sections |= {
        "workflow_token": reader.workflow_token(),
        "security": reader.security(),
        "dependabot_alerts": reader.switch("vulnerability-alerts"),
        "dependabot_updates": reader.switch("automated-security-fixes"),
        "immutable_releases": reader.switch("immutable-releases"),
        **reader.rulesets(),
        **reader.environments(environment),
    }
    if is_public(reader.about):
        sections["private_vulnerability_reporting"] = reader.switch("private-vulnerability-reporting")
    known = sections["environment"]["ids"] if isinstance(sections["environment"], Mapping) else {}
    names = {name.lower() for name in reviewers} - set(known)
    return Remote(repository=reader.about, sections=sections, reviewers={**known, **reader.reviewers(sorted(names))})


def actions_app(github: GitHub) -> int | None:
    """The id of GitHub Actions; None when this GitHub does not tell."""
    if github.api == "https://api.github.com":
        return ACTIONS_APP
    answer = github.get("apps/github-actions")
    number = fields(answer).get("id") if answer.status == _OK else None
    if answer.status != _NOT_FOUND and not isinstance(number, int):
        # Without the app anybody's report would do: that takes more than an odd answer.
        raise UnknownError(f"{github.api}: which app GitHub Actions is: {said(answer)}", "run it again later")
    return number


def is_public(about: Mapping[str, Any]) -> bool:
    """Whether anybody can read the repository that GitHub so describes."""
    return bool(about.get("visibility", "private" if about.get("private") else "public") == "public")


class _Reader:
    """One reading of one repository.

    Attributes:
        about: GitHub's description of the repository.
        is_branch_missing: Rules for a branch that is not there protect nothing.
    """

    def __init__(self, github: GitHub, repository: str) -> None:
        self._github = github
        answer = github.get(f"repos/{repository}")
        if answer.status != _OK:
            raise UnknownError(
                f"{repository}: {said(answer)}",
                "the token is not valid: make a new one"
                if answer.status == _UNAUTHORIZED
                else "it is not there, or the token may not read it (Metadata: read)",
            )
        self.about: Mapping[str, Any] = fields(answer)
        self._base = f"repos/{self.about['full_name']}"
        self._owner = str(self.about["owner"]["login"])
        self._may_be_admin = self.about.get("permissions", {}).get("admin") is not False
        # Whether something was told that only administrators are told.
        self._is_admin = False
        self.is_branch_missing = False

    def section(self, path: str, absent: re.Pattern[str] = _NEVER) -> Any:  # noqa: ANN401  (JSON, None or Unseen)
        """An object, None for what GitHub says is not there, or `Unseen`."""
        answer = self._github.get(f"{self._base}/{path}")
        if answer.address and not answer.address.endswith(path):
            # Of what took its place: for a branch that was renamed, or "master" that never was, the default one.
            return Unseen(_READ, f"Branch not found, GitHub tells of {answer.address}")
        if answer.status == _OK:
            return fields(answer)
        return None if answer.status == _NOT_FOUND and absent.search(said(answer)) else _unseen(answer, _READ)

    def classic(self, branch: str) -> Any:  # noqa: ANN401  (normal form, None or Unseen)
        """Branch protection."""
        path = f"branches/{urllib.parse.quote(branch, safe='')}/protection"
        found = self.section(path, _NOT_PROTECTED)
        if isinstance(found, Unseen):
            # Whoever asks may be told so.
            self.is_branch_missing = _NO_BRANCH.search(found.reason) is not None
            return None if self.is_branch_missing else found
        self._is_admin = self._may_be_admin
        if found is None:
            return None
        _told(found, "enforce_admins", Mapping)
        protection = normal.classic(found)
        if "required_signatures" not in found:
            signed = self.section(f"{path}/required_signatures")
            protection["required_signatures"] = signed if isinstance(signed, Unseen) else bool(signed.get("enabled"))
        return protection

    def actions(self) -> Any:  # noqa: ANN401  (normal form or Unseen)
        """Whether actions run, and which."""
        found = self.section("actions/permissions")
        if isinstance(found, Unseen):
            return found
        self._is_admin = self._may_be_admin
        unknown = Unseen("a GitHub that can require actions pinned by commit") if found.get("enabled") else False
        return {
            "enabled": _told(found, "enabled", bool),
            # Where no actions run GitHub does not tell which may, and keeps what it is not told.
            **{name: found[name] for name in ("allowed_actions",) if name in found},
            "sha_pinning_required": found.get("sha_pinning_required", unknown),
        }

    def workflow_token(self) -> Any:  # noqa: ANN401  (normal form or Unseen)
        """What a workflow's token may do where the workflow says nothing."""
        found = self.section("actions/permissions/workflow")
        if not isinstance(found, Unseen):
            _told(found, "default_workflow_permissions", str)
        return found

    def switch(self, path: str) -> Any:  # noqa: ANN401  (normal form or Unseen)
        """Something that is on or off; where GitHub says "Not Found" it is off only for who may see it."""
        answer = self._github.get(f"{self._base}/{path}")
        if answer.status == _OK:
            found = fields(answer)
            # Paused ones (nobody used them for long) open no pull request.
            return {**found, "enabled": _told(found, "enabled", bool) and not found.get("paused")}
        if answer.status == _NO_CONTENT:
            return {"enabled": True}
        if answer.status != _NOT_FOUND or not (_OFF.search(said(answer)) or self._is_admin):
            return _unseen(answer, _READ)
        if path == "immutable-releases" and "x-github-enterprise-version" in answer.headers:
            return Unseen("a GitHub Enterprise Server that has immutable releases", said(answer))
        return {"enabled": False}

    def security(self) -> Any:  # noqa: ANN401  (normal form or Unseen)
        """Secret scanning and what stands beside it, by name; Dependabot's updates are a section of their own."""
        found = self.about.get("security_and_analysis")
        if found is None:
            return Unseen(_SECRETS if self._is_admin and self.about.get("private") else _READ)
        known = {name: one["status"] for name, one in found.items()
                 if isinstance(one, Mapping) and "status" in one and name != "dependabot_security_updates"}  # fmt: skip
        ours = dict.fromkeys(("secret_scanning", "secret_scanning_push_protection"), Unseen(_SECRETS))
        return {**ours, **known}

    def rulesets(self) -> dict[str, Any]:
        """`ruleset` is ours, `rulesets` are all the others by name, those of the organization too."""
        try:
            listed = list(self._github.pages(f"{self._base}/rulesets", includes_parents="true"))
        except PageRefusedError as error:
            return dict.fromkeys(("ruleset", "rulesets"), _unseen(error.answer, "Metadata: read"))
        ours, others = None, {}
        for one in listed:
            # The list leaves the rules out.
            found = self.section(f"rulesets/{one['id']}")
            whole = found if isinstance(found, Unseen) else normal.ruleset(found)
            own = one.get("source_type", "Repository") == "Repository"
            if own and one["name"] == RULESET:
                ours = whole
            else:
                name = one["name"] if own else f"{one['name']} ({one['source_type']} {one.get('source', '')})"
                others[name if name not in others else f"{name} {one['id']}"] = whole
        return {"ruleset": ours, "rulesets": others}

    def environments(self, name: str) -> dict[str, Any]:
        """`environment` is the one of that name, `environments` are the names of all the others."""
        try:
            listed = {str(one["name"]): one for one in self._github.pages(f"{self._base}/environments")}
            # GitHub tells environments apart without regard to case.
            ours = next((one for one in listed if one.lower() == name.lower()), None)
            found = {one: normal.environment(listed[one], self._policies(listed[one]), self._owner)
                     for one in sorted(listed)}  # fmt: skip
        except PageRefusedError as error:
            return {"environment": _unseen(error.answer, "Actions: read"), "environments": {}}
        return {"environment": found.pop(ours) if ours else None, "environments": found}

    def _policies(self, environment: Mapping[str, Any]) -> list[Any]:
        """The branches and tags that may deploy, where they are named one by one."""
        if not (environment.get("deployment_branch_policy") or {}).get("custom_branch_policies"):
            return []
        name = urllib.parse.quote(environment["name"], safe="")
        return list(self._github.pages(f"{self._base}/environments/{name}/deployment-branch-policies"))

    def reviewers(self, names: Sequence[str]) -> dict[str, Any]:
        """Who they are by name; None for who does not exist, or for a team that does not work on the repository."""
        found: dict[str, Any] = {}
        for name in names:
            if "/" in name:
                found[name] = self._team(name)
                continue
            answer = self._github.get(f"users/{urllib.parse.quote(name[1:], safe='')}")
            content = fields(answer) if answer.status == _OK else {}
            found[name] = {"type": "User", "id": content["id"]} if content.get("type") == "User" else None
            if answer.status not in {_OK, _NOT_FOUND}:
                found[name] = _unseen(answer, "Metadata: read")
        return found

    def _team(self, name: str) -> Any:  # noqa: ANN401  (an id with its type, None or Unseen)
        try:
            teams = list(self._github.pages(f"{self._base}/teams"))
        except PageRefusedError as error:
            return _unseen(error.answer, _READ)
        known = {f"@{self._owner}/{one['slug']}".lower(): one["id"] for one in teams}
        return {"type": "Team", "id": known[name]} if name in known else None


def _told(found: Mapping[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401  (JSON)
    """A value that is in every answer of GitHub; without it, it is none.

    Raises:
        TypeError: It is missing, or something else.
    """
    if not isinstance(found.get(name), kind):
        raise TypeError(f"{name} is missing")
    return found[name]


def _unseen(answer: Answer, permission: str) -> Unseen:
    """Not seen, and why; GitHub often says itself which permission it takes."""
    reason = said(answer)
    if answer.status == _UNAUTHORIZED and "Requires authentication" not in reason:
        raise UnknownError(f"the token is not valid any more: {reason}", "make a new one")
    accepted = answer.headers.get("x-accepted-github-permissions", "").replace("_", " ").replace("=", ": ").capitalize()
    return Unseen(_PLAN if "upgrade to" in reason.lower() else accepted or permission, reason)
