"""Git data through the API: commits, references, annotated tags, and the comparison of two commits."""

from __future__ import annotations

import re

from lockgate.loopback.github import gates, git
from lockgate.loopback.github.routes import Call, Invalid, Refusal, route
from lockgate.loopback.github.state import Data, Json
from lockgate.ports.repository import Repository


def _oid(repository: Repository, ref: str) -> str | None:
    done = repository.git("show-ref", "--verify", "--hash", ref, codes=(0, 1, 128))
    return done.text if done.code == 0 else None


def _shown(call: Call, repository: Repository, name: str) -> Data:
    found = _oid(repository, name)
    if found is None:
        raise Refusal(404, "Not Found")
    kind = repository.git("cat-file", "-t", found).text
    return {"ref": name, "node_id": name, "url": f"{call.root}/git/{name}",
            "object": {"sha": found, "type": kind, "url": f"{call.root}/git/{kind}s/{found}"}}  # fmt: skip


@route("GET", "git/ref/{ref}", "contents:read")
def _reference(call: Call) -> Json:
    return _shown(call, git.opened(call), f"refs/{call.args['ref']}")


@route("POST", "git/refs", "contents:write")
def _create(call: Call) -> Json:
    repository, given = git.opened(call), call.wanted("ref", "sha")
    if not re.fullmatch("refs/[^/]+/.+", given["ref"]):
        raise Refusal(422, "Reference name must start with 'refs/' and contain at least two slashes.")
    if repository.git("cat-file", "-e", given["sha"], codes=(0, 1, 128)).code:
        raise Refusal(422, "Object does not exist")
    if _oid(repository, given["ref"]) is not None:
        raise Refusal(422, "Reference already exists")
    git.move(call, repository, gates.Update(given["ref"], None, given["sha"]))
    return 201, _shown(call, repository, given["ref"])


@route("DELETE", "git/refs/{ref}", "contents:write")
def _delete(call: Call) -> None:
    repository, name = git.opened(call), f"refs/{call.args['ref']}"
    old = _oid(repository, name)
    if old is None:
        raise Refusal(422, "Reference does not exist")
    git.move(call, repository, gates.Update(name, old, None))


@route("POST", "git/tags", "contents:write")
def _create_tag(call: Call) -> Json:
    """The object of an annotated tag; the reference to it is made apart."""
    given, repository = call.wanted("tag", "message", "object", "type"), git.opened(call)
    who = {"name": call.who.login, "email": f"{call.who.login}@users.noreply.github.com", **given.get("tagger", {})}
    text = f"object {given['object']}\ntype {given['type']}\ntag {given['tag']}\n"
    text += f"tagger {who['name']} <{who['email']}> 0 +0000\n\n{given['message']}\n"
    if repository.git("cat-file", "-t", given["object"], codes=(0, 128)).text != given["type"]:
        raise Invalid("object", "Object does not exist")
    return 201, _tagged(call, repository, repository.git("mktag", given=text.encode()).text)


@route("GET", "git/tags/{tag_sha}", "contents:read")
def _tag(call: Call) -> Json:
    return _tagged(call, git.opened(call), call.args["tag_sha"])


def _tagged(call: Call, repository: Repository, sha: str) -> Data:
    if repository.git("cat-file", "-t", sha, codes=(0, 128)).text != "tag":
        raise Refusal(404, "Not Found")
    head, _, message = repository.git("cat-file", "tag", sha).text.partition("\n\n")
    known = dict(line.split(" ", 1) for line in head.splitlines())
    name, _, rest = known["tagger"].partition(" <")
    return {
        "sha": sha, "node_id": sha, "url": f"{call.root}/git/tags/{sha}", "tag": known["tag"], "message": message,
        "tagger": {"name": name, "email": rest.partition(">")[0], "date": "1970-01-01T00:00:00Z"},
        "object": {"sha": known["object"], "type": known["type"], "url": f"{call.root}/git/commits/{known['object']}"},
        "verification": git.UNSIGNED,
    }  # fmt: skip


@route("GET", "commits", "contents:read")
def _commits(call: Call) -> Json:
    """Newest first, from `sha` backwards."""
    repository = git.opened(call)
    start = git.resolve(repository, call.query.get("sha", call.repo["default_branch"]))
    if start is None:
        raise Refusal(404, "Not Found")
    return call.page(git.commits(call, repository, start)[::-1])


@route("GET", "compare/{basehead}", "contents:read")
def _compare(call: Call) -> Json:
    names, repository = call.args["basehead"].partition("..."), git.opened(call)
    base, head = (git.resolve(repository, name) or "none" for name in names[::2])
    done = repository.git("merge-base", base, head, codes=(0, 1, 128))
    if done.code:
        raise Refusal(404, "Not Found")
    behind, ahead = map(int, repository.git("rev-list", "--left-right", "--count", f"{base}...{head}").text.split())
    page = call.page_of(f"compare/{call.args['basehead']}")
    ends = {f"{name}_commit": git.commits(call, repository, "-1", sha)[0]
            for name, sha in (("base", base), ("merge_base", done.text))}  # fmt: skip
    return {
        "url": call.address, "html_url": page, "permalink_url": page, "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch", **ends, "ahead_by": ahead, "behind_by": behind, "total_commits": ahead,
        "status": ("diverged" if behind else "ahead") if ahead else "behind" if behind else "identical",
        "commits": call.page(git.commits(call, repository, f"{base}..{head}")),
        "files": git.files(call, repository, done.text, head),
    }  # fmt: skip
