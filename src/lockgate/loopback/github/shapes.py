"""GitHub's JSON of what many answers hold: users, teams, apps, repositories, commits."""

from __future__ import annotations

import base64
import urllib.parse
from typing import TYPE_CHECKING

from lockgate.loopback.github.routes import ROLES, Refusal
from lockgate.loopback.github.state import ACTIONS_APP, LONG_AGO, Data

if TYPE_CHECKING:
    from lockgate.loopback.github.service import GitHub

_USER = "followers following{/other_user} gists{/gist_id} starred{/owner}{/repo} subscriptions orgs repos"
_USER += " events{/privacy} received_events"
_NAMES = {"orgs": "organizations", "git/commits": "git_commits", "git/refs": "git_refs", "git/tags": "git_tags"}
_NAMES |= {"issues/comments": "issue_comment", "issues/events": "issue_events", "git/trees": "trees"}
_NAMES |= {"git/blobs": "blobs"}
_REPOSITORY = (
    "{archive_format}{/ref}:archive assignees{/user} git/blobs{/sha} branches{/branch} collaborators{/collaborator}"
    " comments{/number} commits{/sha} compare/{base}...{head}:compare contents/{+path}:contents contributors"
    " deployments downloads events forks git/commits{/sha} git/refs{/sha} git/tags{/sha} hooks issues/comments{/number}"
    " issues/events{/number} issues{/number} keys{/key_id} labels{/name} languages merges milestones{/number}"
    " notifications{?since,all,participating} pulls{/number} releases{/id} stargazers statuses/{sha}:statuses"
    " subscribers subscription tags teams git/trees{/sha}"
)


def node(kind: str, number: int) -> str:
    """A node id."""
    return base64.b64encode(f"{kind}{number}".encode()).decode()


def user(github: GitHub, login: str) -> Data:
    """A simple user."""
    known, name = github.store.data["users"].get(login) or {"id": 1, "type": "Bot"}, urllib.parse.quote(login)
    return {
        "login": login, "id": known["id"], "node_id": node("U", known["id"]), "gravatar_id": "",
        "type": known["type"], "site_admin": False,
        "avatar_url": f"{github.url}/avatars/{name}", "html_url": f"{github.url}/{name}",
        **_urls(f"{github.api}/users/{name}", _USER),
    }  # fmt: skip


def public_user(github: GitHub, login: str) -> Data:
    """A user, whole."""
    nothing = dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name"))
    none = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
    return {**user(github, login), **nothing, **none, "created_at": LONG_AGO, "updated_at": LONG_AGO}


def organization(github: GitHub, login: str) -> Data:
    """An organization, as that of a team."""
    url, known = f"{github.api}/orgs/{login}", public_user(github, login)
    same = ("login", "id", "node_id", "avatar_url", "html_url", "type", "created_at", "updated_at")
    counts = ("followers", "following", "public_gists", "public_repos")
    return {
        **{key: known[key] for key in (*same, *counts)}, "description": None, "archived_at": None,
        "has_organization_projects": True, "has_repository_projects": True,
        **_urls(url, "repos events hooks issues members{/member} public_members{/member}"),
    }  # fmt: skip


def team(github: GitHub, known: Data) -> Data:
    """A team, as a reviewer or an actor."""
    url = f"{github.api}/teams/{known['id']}"
    return {
        "id": known["id"], "node_id": node("T", known["id"]), "name": known.get("name", known["slug"]),
        "slug": known["slug"], "description": None, "privacy": "closed", "permission": known["permission"],
        "parent": None, "type": "organization", "html_url": f"{github.url}/teams/{known['slug']}",
        "url": url, "members_url": f"{url}/members{{/member}}", "repositories_url": f"{url}/repos",
    }  # fmt: skip


def app_slug(number: int) -> str:
    """The name of an app in addresses."""
    return "github-actions" if number == ACTIONS_APP else f"app-{number}"


def app_number(slug: str) -> int:
    """The app of that name.

    Raises:
        Refusal: There is none (404).
    """
    number = slug.removeprefix("app-")
    if slug != "github-actions" and not number.isdecimal():
        raise Refusal(404, "Not Found")
    return ACTIONS_APP if slug == "github-actions" else int(number)


def app(github: GitHub, number: int | None) -> Data | None:
    """An app."""
    if number is None:
        return None
    slug = app_slug(number)
    return {
        "id": number, "slug": slug, "node_id": node("A", number), "name": slug, "description": "", "events": [],
        "owner": user(github, "github"), "external_url": github.url, "html_url": f"{github.url}/apps/{slug}",
        "created_at": LONG_AGO, "updated_at": LONG_AGO, "permissions": {"metadata": "read"},
    }  # fmt: skip


def permissions(role: str) -> Data:
    """A role as the booleans of the API."""
    return {name: ROLES.index(role) >= ROLES.index(name) for name in ROLES[1:]}


def repository(github: GitHub, repo: Data) -> Data:
    """A repository as others mention it: all that is required of a whole one as well."""
    owner, name = repo["full_name"].split("/")
    page = f"{github.url}/{repo['full_name']}"
    settings = {key: value for key, value in repo["settings"].items() if key.startswith(("has_", "is_"))}
    return {
        "id": repo["id"], "node_id": node("R", repo["id"]), "name": name, "full_name": repo["full_name"],
        "owner": user(github, owner), "private": repo["private"], "description": repo["description"],
        "visibility": "private" if repo["private"] else "public", "default_branch": repo["default_branch"],
        "fork": False, "archived": repo["archived"], "disabled": False, "homepage": None, "language": "Python",
        "license": None, "mirror_url": None, "size": 0, "topics": [], "has_pages": False, "has_downloads": True,
        "has_discussions": False, **settings,
        **dict.fromkeys(("forks", "forks_count", "watchers", "watchers_count", "stargazers_count"), 0),
        **dict.fromkeys(("open_issues", "open_issues_count"), sum(one["state"] == "open" for one in repo["issues"])),
        "created_at": repo["created_at"], "updated_at": repo["updated_at"], "pushed_at": repo["updated_at"],
        "html_url": page, "clone_url": f"{page}.git", "git_url": f"{page}.git", "svn_url": page,
        "ssh_url": f"git@localhost:{repo['full_name']}.git",
        **_urls(f"{github.api}/repos/{repo['full_name']}", _REPOSITORY),
    }  # fmt: skip


def _urls(root: str, names: str) -> Data:
    urls = {"url": root}
    for one in names.split():
        # The last segment names the address, unless a name stands behind the colon.
        path, _, name = one.partition(":") if not one.endswith("}") else (one, "", "")
        plain = path.partition("{")[0]
        urls[f"{name or _NAMES.get(plain, plain)}_url"] = f"{root}/{path}"
    return urls
