"""Releases and their files; what is immutable stays as it was published."""

from __future__ import annotations

import hashlib
from typing import Any

from lockgate.loopback.github import gates, git, shapes
from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, stamp
from lockgate.ports.files import write_atomic

_FIELDS: dict[str, Any] = {"tag_name": str, "target_commitish": str, "name": (str, type(None)),
                           "body": (str, type(None)),
                           "draft": bool, "prerelease": bool}  # fmt: skip


@route("GET", "releases", "contents:read")
def releases(call: Call) -> Any:  # noqa: ANN401  (JSON)
    """The newest first; drafts only for those who may push."""
    return call.page([_shown(call, one) for one in reversed(_visible(call))])


@route("GET", "releases/latest", "contents:read")
def latest(call: Call) -> Any:  # noqa: ANN401
    """The newest that is neither draft nor pre-release."""
    found = [one for one in call.repo["releases"] if not one["draft"] and not one["prerelease"]]
    return _shown(call, call.find(found[-1:]))


@route("GET", "releases/tags/{tag}", "contents:read")
def by_tag(call: Call) -> Any:  # noqa: ANN401
    """The published release of a tag: a draft is not found."""
    return _shown(call, call.find(call.repo["releases"], tag_name=call.args["tag"], draft=False))


@route("GET", "releases/{release_id}", "contents:read")
def release(call: Call) -> Any:  # noqa: ANN401
    """One release."""
    return _shown(call, call.find(_visible(call), id=call.args["release_id"]))


@route("POST", "releases", "contents:write")
def create(call: Call) -> Any:  # noqa: ANN401
    """Make one; publishing it makes its tag where there is none."""
    given = _given(call)
    if not given.get("tag_name"):
        raise Refusal(422, "Validation Failed", {"resource": "Release", "code": "missing_field", "field": "tag_name"})
    made: Data = {
        "id": call.github.store.new_id(), "target_commitish": call.repo["default_branch"], "name": None, "body": None,
        "draft": False, "prerelease": False, "author": call.who.login, "created_at": stamp(), "published_at": None,
        "immutable": False, "assets": [], **given,
    }  # fmt: skip
    _publish(call, made)
    call.repo["releases"].append(made)
    return 201, _shown(call, made)


@route("PATCH", "releases/{release_id}", "contents:write")
def change(call: Call) -> Any:  # noqa: ANN401
    """Change one, or publish a draft."""
    found, given = call.find(call.repo["releases"], id=call.args["release_id"]), _given(call)
    if found["immutable"] and {"tag_name", "target_commitish", "draft"} & set(given):
        raise Refusal(422, "Validation Failed", "Cannot update an immutable release")
    changed = {**found, **given}
    _publish(call, changed)
    found.update(changed)
    return _shown(call, found)


@route("DELETE", "releases/{release_id}", "contents:write")
def delete(call: Call) -> None:
    """Remove one; its tag stays."""
    call.repo["releases"].remove(call.find(call.repo["releases"], id=call.args["release_id"]))


def _given(call: Call) -> Data:
    given = {key: value for key, value in (call.body or {}).items() if key in _FIELDS}
    for key, value in given.items():
        if not isinstance(value, _FIELDS[key]):
            raise Refusal(422, f"Invalid request.\n\nFor 'properties/{key}', \"{value}\" is of the wrong type.")
    return given


def _publish(call: Call, one: Data) -> None:
    if one["draft"] or one["published_at"]:
        return
    if any(other["tag_name"] == one["tag_name"] and not other["draft"] for other in call.repo["releases"]):
        raise Refusal(422, "Validation Failed",
                      {"resource": "Release", "code": "already_exists", "field": "tag_name"})  # fmt: skip
    repository = git.opened(call.github, call.repo["full_name"])
    ref = f"refs/tags/{one['tag_name']}"
    if git.resolve(repository, ref) is None:
        sha = git.resolve(repository, one["target_commitish"])
        if sha is None:
            wrong = {"resource": "Release", "code": "invalid", "field": "target_commitish"}
            raise Refusal(422, "Validation Failed", wrong)
        said, agreed = gates.judge_push(call.github, call.repo, repository, gates.Update(ref, None, sha), call.who)
        if not agreed:
            raise Refusal(422, "Repository rule violations found", *said)
        git.swap(repository, ref, sha, None)
    one.update(published_at=stamp(), immutable=call.repo["security"]["immutable-releases"])


def _visible(call: Call) -> list[Data]:
    all_: list[Data] = call.repo["releases"]
    return all_ if call.may("contents", "write") else [one for one in all_ if not one["draft"]]


@route("GET", "releases/{release_id}/assets", "contents:read")
def assets(call: Call) -> Any:  # noqa: ANN401
    """The files of a release."""
    return call.page(release(call)["assets"])


@route("POST", "releases/{release_id}/assets", "contents:write")
def upload(call: Call) -> Any:  # noqa: ANN401
    """Attach a file: at the uploads address, its name in the query."""
    found, name = call.find(call.repo["releases"], id=call.args["release_id"]), call.query.get("name")
    if not name or not call.raw:
        raise Refusal(400, "Bad Content-Length" if name else "Missing asset name")
    if found["immutable"]:
        raise Refusal(422, "Validation Failed", "Cannot upload assets to an immutable release")
    if any(one["name"] == name for one in found["assets"]):
        wrong = {"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}
        raise Refusal(422, "Validation Failed", wrong)
    number = call.github.store.new_id()
    write_atomic(call.github.folder / "assets" / str(number), call.raw)
    made = {"id": number, "name": name, "size": len(call.raw), "label": call.query.get("label"),
            "digest": f"sha256:{hashlib.sha256(call.raw).hexdigest()}", "uploader": call.who.login,
            "created_at": stamp()}  # fmt: skip
    found["assets"].append(made)
    return 201, _asset(call, found, made)


def _find_asset(call: Call) -> tuple[Data, Data]:
    pairs = [{"id": asset["id"], "in": one, "it": asset} for one in _visible(call) for asset in one["assets"]]
    found = call.find(pairs, id=call.args["asset_id"])
    return found["in"], found["it"]


@route("GET", "releases/assets/{asset_id}", "contents:read")
def asset(call: Call) -> Any:  # noqa: ANN401
    """A file of a release: its bytes for whoever accepts only those."""
    one, found = _find_asset(call)
    if call.accept == "application/octet-stream":
        return 200, (call.github.folder / "assets" / str(found["id"])).read_bytes()
    return _asset(call, one, found)


@route("DELETE", "releases/assets/{asset_id}", "contents:write")
def delete_asset(call: Call) -> None:
    """Remove a file."""
    one, found = _find_asset(call)
    if one["immutable"]:
        raise Refusal(422, "Validation Failed", "Cannot delete assets of an immutable release")
    one["assets"].remove(found)


def _asset(call: Call, one: Data, asset: Data) -> Data:
    page = f"{call.github.url}/{call.repo['full_name']}/releases/download/{one['tag_name']}/{asset['name']}"
    return {
        "id": asset["id"], "node_id": shapes.node("RA", asset["id"]), "name": asset["name"], "label": asset["label"],
        "state": "uploaded", "content_type": "application/octet-stream", "size": asset["size"], "download_count": 0,
        "digest": asset["digest"], "uploader": shapes.user(call.github, asset["uploader"]),
        "url": f"{call.root}/releases/assets/{asset['id']}", "browser_download_url": page,
        "created_at": asset["created_at"], "updated_at": asset["created_at"],
    }  # fmt: skip


def _shown(call: Call, one: Data) -> Data:
    url, page = f"{call.root}/releases/{one['id']}", f"{call.github.url}/{call.repo['full_name']}"
    uploads = url.replace(call.github.api, call.github.uploads)
    return {
        **one, "node_id": shapes.node("RE", one["id"]), "author": shapes.user(call.github, one["author"]), "url": url,
        "html_url": f"{page}/releases/tag/{one['tag_name']}", "assets_url": f"{url}/assets",
        "upload_url": f"{uploads}/assets{{?name,label}}", "tarball_url": f"{call.root}/tarball/{one['tag_name']}",
        "zipball_url": f"{call.root}/zipball/{one['tag_name']}",
        "assets": [_asset(call, one, asset) for asset in one["assets"]],
    }  # fmt: skip
