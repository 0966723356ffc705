"""What a handler is given and may answer, and the table that finds it: method, path, and the permission it needs."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from lockgate.loopback.github.state import Data

if TYPE_CHECKING:
    from lockgate.loopback.github.service import GitHub

Shape = TypeVar("Shape")
ROLES = ("none", "pull", "triage", "push", "maintain", "admin")
# What everybody may read of a public repository, whatever the token says.
_PUBLIC = {"metadata", "contents", "pull_requests", "issues", "checks", "statuses", "actions"}
# Names in a path that may hold slashes.
_DEEP = {"branch", "ref", "basehead", "tag"}


class Refusal(Exception):  # noqa: N818  (what a server says, not a fault of ours)
    """An answer other than the asked one: GitHub's status, message and errors."""

    def __init__(self, status: int, message: str, *errors: object, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, dict(headers or {})


class Invalid(Refusal):
    """A body with a wrong value (422)."""

    def __init__(self, field: str, message: str = "", code: str = "custom") -> None:
        super().__init__(422, "Validation Failed", {"field": field, "code": code, "message": message})


class Who(msgspec.Struct, frozen=True):
    """Who asks.

    Attributes:
        kind: `classic`, `fine-grained`, `app` or `workflow`; `none` without a token.
        permissions: Of all but a classic token: by name `read`, `write` or `admin`.
        repositories: The only ones that the token is for; None: all that its owner sees.
    """

    login: str = ""
    kind: str = "none"
    permissions: Mapping[str, str] = {}
    repositories: Sequence[str] | None = None
    app_id: int | None = None

    @property
    def is_app(self) -> bool:
        """Whether no person asks."""
        return self.kind in {"app", "workflow"}


class Call:
    """One request on its way: what was asked, of what, by whom.

    Attributes:
        repo: The repository's data; empty for a path that is of none.
        args: What stands in the path, decoded.
        body: The body as JSON; None without.
        headers: Those of the answer.
        role: What the asker may do here, of `ROLES`.
    """

    def __init__(self, github: GitHub, who: Who, args: Mapping[str, str], query: Mapping[str, str]) -> None:
        self.github, self.who, self.args, self.query = github, who, args, query
        self.data = github.store.data
        self.repo: Data = {}
        self.body: Any = None
        self.raw = b""
        self.method = self.address = self.accept = ""
        self.headers: dict[str, str] = {}
        self.role = "none"

    @property
    def root(self) -> str:
        """The repository's own address in the API."""
        return f"{self.github.api}/repos/{self.repo['full_name']}"

    def page_of(self, what: str) -> str:
        """The address of one of the repository's pages for people."""
        return f"{self.github.url}/{self.repo['full_name']}/{what}"

    @property
    def in_organization(self) -> bool:
        """Whether an organization owns the repository."""
        return bool(self.data["users"][self.repo["full_name"].split("/")[0]]["type"] == "Organization")

    def known(self, name: str) -> str:
        """The user or organization that the path names.

        Raises:
            Refusal: There is none (404).
        """
        if self.args[name] not in self.data["users"]:
            raise Refusal(404, "Not Found")
        return self.args[name]

    def may(self, permission: str, access: str = "read") -> bool:
        """Whether the asker has a permission here."""
        need = "admin" if permission == "administration" else "push" if access == "write" else "pull"
        granted = self.who.permissions.get(permission, "read" if permission == "metadata" else "none")
        holds = {"none": (), "read": ("read",)}.get(granted, ("read", "write"))
        return (self.who.is_app or self.has_role(need)) and (self.who.kind in {"classic", "none"} or access in holds)

    def has_role(self, least: str) -> bool:
        """Whether the asker's role here is `least` or more."""
        return ROLES.index(self.role) >= ROLES.index(least)

    def given(self, shape: type[Shape]) -> Shape:
        """The body as what the operation takes.

        Raises:
            Refusal: It is something else (422).
        """
        try:
            return msgspec.convert({} if self.body is None else self.body, type=shape)
        except msgspec.ValidationError as error:
            raise Refusal(422, f"Invalid request.\n\n{error}") from None

    def wanted(self, *names: str) -> Data:
        """The body, which has to hold these.

        Raises:
            Refusal: One is missing (422).
        """
        found: Data = self.body if isinstance(self.body, dict) else {}
        missing = next((name for name in names if not found.get(name)), None)
        if missing is not None:
            raise Invalid(missing, code="missing_field")
        return found

    def paid(self) -> None:
        """Refuse what a private repository of a free plan has not.

        Raises:
            Refusal: It is one (403).
        """
        if self.repo["private"] and self.repo["plan"] == "free":
            raise Refusal(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")

    def page(self, items: Sequence[Any]) -> list[Any]:
        """The page that was asked for; the others are in the answer's Link header."""
        size = min(100, max(1, _number(self.query.get("per_page"), 30)))
        page, last = max(1, _number(self.query.get("page"), 1)), max(1, -(-len(items) // size))
        links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        wanted = ("next", "last") if page == 1 else ("prev", "first") if page >= last else tuple(links)
        if last > 1:
            self.headers["Link"] = ", ".join(
                f'<{self.address}?{urllib.parse.urlencode({**self.query, "page": links[rel]})}>; rel="{rel}"'
                for rel in wanted
            )
        return list(items[(page - 1) * size : page * size])

    def find(self, items: Iterable[Data], **wanted: object) -> Data:
        """The first that has these values.

        Raises:
            Refusal: There is none (404).
        """
        for item in items:
            if all(str(item[key]) == str(value) for key, value in wanted.items()):
                return item
        raise Refusal(404, "Not Found")


Handler = Callable[[Call], Any]


class Route(msgspec.Struct, frozen=True):
    """An operation: `needs` is `permission:access`, None where no repository is concerned."""

    method: str
    template: str
    pattern: re.Pattern[str]
    needs: str | None
    handler: Handler


TABLE: list[Route] = []


def route(method: str, template: str, needs: str | None = "metadata:read") -> Callable[[Handler], Handler]:
    """Enter a handler into the table; a template without a leading slash is below the repository.

    The handler answers with JSON (200), None (204), or a status with JSON.
    """
    full = template if template.startswith("/") else f"/repos/{{owner}}/{{repo}}/{template}".rstrip("/")
    parts = re.split(r"\{(\w+)\}", full)
    regex = "".join(
        (f"(?P<{part}>.+)" if part in _DEEP else f"(?P<{part}>[^/]+)") if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )

    def enter(handler: Handler) -> Handler:
        TABLE.append(Route(method, full, re.compile(regex), needs, handler))
        # Of two that match, the one with more segments is meant: a branch's name may hold slashes.
        TABLE.sort(key=lambda one: -one.template.count("/"))
        return handler

    return enter


def admit(call: Call, needs: str) -> None:
    """Let the asker in, or say what GitHub says.

    Raises:
        Refusal: 401, 403, or 404 where not even the existence is told.
    """
    permission, access = needs.split(":")
    if call.role == "none":
        raise Refusal(404, "Not Found")
    if access == "read" and permission in _PUBLIC and not call.repo["private"]:
        return
    if call.may(permission, access):
        return
    if call.who.kind == "none":
        raise Refusal(401, "Requires authentication")
    if call.who.kind == "classic":
        # Whoever is no administrator does not learn that there is anything.
        if permission == "administration" or call.repo["private"]:
            raise Refusal(404, "Not Found")
        raise Refusal(403, "Must have push access to repository")
    whose = "integration" if call.who.is_app else "personal access token"
    wanted = {"X-Accepted-GitHub-Permissions": f"{permission}={access}"}
    raise Refusal(403, f"Resource not accessible by {whose}", headers=wanted)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default
