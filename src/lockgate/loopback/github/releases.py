"""Releases and their files; what is immutable stays as it was published."""

from __future__ import annotations

import hashlib

import msgspec

from lockgate.loopback.github import gates, git, shapes
from lockgate.loopback.github.routes import Call, Invalid, Refusal, route
from lockgate.loopback.github.state import Data, Json, stamp
from lockgate.ports.files import write_atomic


class _Given(msgspec.Struct, frozen=True, omit_defaults=True):
    tag_name: str = ""
    target_commitish: str = ""
    name: str | None = None
    body: str | None = None
    draft: bool | None = None
    prerelease: bool | None = None


@route("GET", "releases", "contents:read")
def _releases(call: Call) -> Json:
    return call.page([_shown(call, one) for one in reversed(_visible(call))])


@route("GET", "releases/latest", "contents:read")
def _newest(call: Call) -> Json:
    found = [one for one in call.repo["releases"] if not one["draft"] and not one["prerelease"]]
    return _shown(call, call.find(found[-1:]))


@route("GET", "releases/tags/{tag}", "contents:read")
def _by_tag(call: Call) -> Json:
    """The published one: a draft is not found."""
    return _shown(call, call.find(call.repo["releases"], tag_name=call.args["tag"], draft=False))


def _found(call: Call) -> Data:
    return call.find(_visible(call), id=call.args["release_id"])


@route("POST", "releases", "contents:write")
def _create(call: Call) -> Json:
    call.wanted("tag_name")
    made: Data = {
        "id": call.github.store.new_id(), "target_commitish": call.repo["default_branch"], "name": None, "body": None,
        "draft": False, "prerelease": False, "author": call.who.login, "created_at": stamp(), "published_at": None,
        "immutable": False, "assets": [], **msgspec.to_builtins(call.given(_Given)),
    }  # fmt: skip
    _publish(call, made)
    call.repo["releases"].append(made)
    return 201, _shown(call, made)


@route("GET", "releases/{release_id}", "contents:read")
@route("PATCH", "releases/{release_id}", "contents:write")
@route("DELETE", "releases/{release_id}", "contents:write")
def _release(call: Call) -> Json:
    """See it, change it (publish it), or remove it: its tag stays."""
    found = _found(call)
    if call.method == "DELETE":
        return call.repo["releases"].remove(found)
    if call.method == "PATCH":
        given = msgspec.to_builtins(call.given(_Given))
        if found["immutable"] and {"tag_name", "target_commitish", "draft"} & set(given):
            raise Invalid("release", "Cannot update an immutable release")
        changed = {**found, **given}
        _publish(call, changed)
        found.update(changed)
    return _shown(call, found)


def _publish(call: Call, one: Data) -> None:
    """Unless it is a draft, or was published before: its tag is made where there is none."""
    if one["draft"] or one["published_at"]:
        return
    if any(other["tag_name"] == one["tag_name"] and not other["draft"] for other in call.repo["releases"]):
        raise Invalid("tag_name", code="already_exists")
    repository, ref = git.opened(call), f"refs/tags/{one['tag_name']}"
    if git.resolve(repository, ref) is None:
        sha = git.resolve(repository, one["target_commitish"])
        if sha is None:
            raise Invalid("target_commitish", code="invalid")
        git.move(call, repository, gates.Update(ref, None, sha))
    one.update(published_at=stamp(), immutable=call.repo["security"]["immutable-releases"])


def _visible(call: Call) -> list[Data]:
    """Drafts are for those who may push."""
    return [one for one in call.repo["releases"] if not one["draft"] or call.may("contents", "write")]


@route("GET", "releases/{release_id}/assets", "contents:read")
def _assets(call: Call) -> Json:
    return call.page(_shown(call, _found(call))["assets"])


@route("POST", "releases/{release_id}/assets", "contents:write")
def _upload(call: Call) -> Json:
    """At the uploads address: the name in the query, the bytes as they are."""
    found, name = _found(call), call.query.get("name")
    if not name or not call.raw:
        raise Refusal(400, "Bad Content-Length" if name else "Missing asset name")
    if found["immutable"]:
        raise Invalid("release", "Cannot upload assets to an immutable release")
    if any(one["name"] == name for one in found["assets"]):
        raise Invalid("name", code="already_exists")
    number, digest = call.github.store.new_id(), hashlib.sha256(call.raw).hexdigest()
    write_atomic(call.github.folder / "assets" / str(number), call.raw)
    found["assets"].append({"id": number, "name": name, "size": len(call.raw), "label": call.query.get("label"),
                            "digest": f"sha256:{digest}", "uploader": call.who.login, "created_at": stamp(),
                            })  # fmt: skip
    return 201, _asset(call, found, found["assets"][-1])


@route("GET", "releases/assets/{asset_id}", "contents:read")
@route("DELETE", "releases/assets/{asset_id}", "contents:write")
def _file(call: Call) -> Json:
    """About a file, or its bytes for whoever accepts only those; or remove it."""
    pairs = [{"id": one["id"], "of": release, "it": one} for release in _visible(call) for one in release["assets"]]
    found = call.find(pairs, id=call.args["asset_id"])
    if call.method == "DELETE":
        if found["of"]["immutable"]:
            raise Invalid("release", "Cannot delete assets of an immutable release")
        return found["of"]["assets"].remove(found["it"])
    if call.accept == "application/octet-stream":
        return 200, (call.github.folder / "assets" / str(found["id"])).read_bytes()
    return _asset(call, found["of"], found["it"])


def _asset(call: Call, release: Data, one: Data) -> Data:
    return {
        **one, "node_id": shapes.node("RA", one["id"]), "state": "uploaded", "content_type": "application/octet-stream",
        "download_count": 0, "uploader": shapes.user(call.github, one["uploader"]), "updated_at": one["created_at"],
        "url": f"{call.root}/releases/assets/{one['id']}",
        "browser_download_url": call.page_of(f"releases/download/{release['tag_name']}/{one['name']}"),
    }  # fmt: skip


def _shown(call: Call, one: Data) -> Data:
    url, tag = f"{call.root}/releases/{one['id']}", one["tag_name"]
    return {
        **one, "node_id": shapes.node("RE", one["id"]), "author": shapes.user(call.github, one["author"]), "url": url,
        "upload_url": url.replace(call.github.api, call.github.uploads) + "/assets{?name,label}",
        "assets_url": f"{url}/assets", "html_url": call.page_of(f"releases/tag/{tag}"),
        "tarball_url": f"{call.root}/tarball/{tag}", "zipball_url": f"{call.root}/zipball/{tag}",
        "assets": [_asset(call, one, asset) for asset in one["assets"]],
    }  # fmt: skip
