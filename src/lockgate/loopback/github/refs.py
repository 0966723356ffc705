"""Git data through the API: references, annotated tags, and the comparison of two commits."""

from __future__ import annotations

from typing import Any

from lockgate.loopback.github import gates, git
from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data
from lockgate.ports.repository import GitError, Repository


def _opened(call: Call) -> Repository:
    return git.opened(call.github, call.repo["full_name"])


def _ref(call: Call, repository: Repository, name: str) -> Data:
    done = repository.git("for-each-ref", "--format=%(objectname) %(objecttype)", name, codes=(0, 128))
    found = done.text.split("\n")[0].split()
    if not found or repository.git("show-ref", "--verify", "-q", name, codes=(0, 1)).code:
        raise Refusal(404, "Not Found")
    kind = {"commit": "commits", "tag": "tags"}.get(found[1], found[1])
    return {
        "ref": name, "node_id": name, "url": f"{call.root}/git/{name}",
        "object": {"sha": found[0], "type": found[1], "url": f"{call.root}/git/{kind}/{found[0]}"},
    }  # fmt: skip


@route("GET", "git/ref/{ref}", "contents:read")
def reference(call: Call) -> Any:  # noqa: ANN401  (JSON)
    """One reference, e.g. `tags/v1`."""
    return _ref(call, _opened(call), f"refs/{call.args['ref']}")


@route("GET", "git/matching-refs/{ref}", "contents:read")
def matching(call: Call) -> Any:  # noqa: ANN401
    """All references that begin so."""
    repository = _opened(call)
    names = repository.git("for-each-ref", "--format=%(refname)").text.splitlines()
    return [_ref(call, repository, one) for one in names if one.startswith(f"refs/{call.args['ref']}")]


@route("POST", "git/refs", "contents:write")
def create(call: Call) -> Any:  # noqa: ANN401
    """Make a reference, as rules allow."""
    name, sha = (call.body or {}).get("ref", ""), (call.body or {}).get("sha", "")
    repository = _opened(call)
    if not name.startswith("refs/") or name.count("/") < 2:  # noqa: PLR2004
        raise Refusal(422, "Reference name must start with 'refs/' and contain at least two slashes.")
    if repository.git("cat-file", "-e", sha or "none", codes=(0, 1, 128)).code:
        raise Refusal(422, "Object does not exist")
    if repository.git("show-ref", "--verify", "-q", name, codes=(0, 1, 128)).code == 0:
        raise Refusal(422, "Reference already exists")
    _move(call, repository, gates.Update(name, None, sha))
    return 201, _ref(call, repository, name)


@route("PATCH", "git/refs/{ref}", "contents:write")
def update(call: Call) -> Any:  # noqa: ANN401
    """Move a reference forward, or with `force` anywhere, as rules allow."""
    repository, name, sha = _opened(call), f"refs/{call.args['ref']}", (call.body or {}).get("sha", "")
    old = _existing(call, repository, name)
    if repository.git("cat-file", "-e", sha or "none", codes=(0, 1, 128)).code:
        raise Refusal(422, "Object does not exist")
    if not (call.body or {}).get("force") and not gates.is_ancestor(repository, old, sha):
        raise Refusal(422, "Update is not a fast forward")
    _move(call, repository, gates.Update(name, old, sha))
    return _ref(call, repository, name)


@route("DELETE", "git/refs/{ref}", "contents:write")
def delete(call: Call) -> None:
    """Remove a reference, as rules allow."""
    repository, name = _opened(call), f"refs/{call.args['ref']}"
    _move(call, repository, gates.Update(name, _existing(call, repository, name), None))


def _existing(call: Call, repository: Repository, name: str) -> str:
    try:
        return str(_ref(call, repository, name)["object"]["sha"])
    except Refusal:
        raise Refusal(422, "Reference does not exist") from None


def _move(call: Call, repository: Repository, change: gates.Update) -> None:
    said, agreed = gates.judge_push(call.github, call.repo, repository, change, call.who)
    if not agreed:
        words = [line.removeprefix("- ") for line in said if line.startswith("- ")]
        raise Refusal(422, "Repository rule violations found\n\n" + "\n\n".join(words or said))
    if not git.swap(repository, change.ref, change.new, change.old):
        raise Refusal(422, "Reference could not be updated")
    git.follow(call.github, call.repo, call.who.login)


@route("POST", "git/tags", "contents:write")
def create_tag(call: Call) -> Any:  # noqa: ANN401
    """Make an annotated tag's object; a reference to it is made apart."""
    given, repository = call.body or {}, _opened(call)
    people = {"name": call.who.login, "email": f"{call.who.login}@users.noreply.github.com", **given.get("tagger", {})}
    text = f"object {given.get('object')}\ntype {given.get('type')}\ntag {given.get('tag')}\n"
    text += f"tagger {people['name']} <{people['email']}> 0 +0000\n\n{given.get('message', '')}\n"
    try:
        made = repository.git("hash-object", "-t", "tag", "-w", "--stdin", given=text.encode()).text
    except GitError as error:
        raise Refusal(422, "Validation Failed", error.said) from None
    return 201, _tag(call, repository, made)


@route("GET", "git/tags/{tag_sha}", "contents:read")
def tag(call: Call) -> Any:  # noqa: ANN401
    """An annotated tag."""
    return _tag(call, _opened(call), call.args["tag_sha"])


def _tag(call: Call, repository: Repository, sha: str) -> Data:
    if repository.git("cat-file", "-t", sha, codes=(0, 128)).text != "tag":
        raise Refusal(404, "Not Found")
    head, _, message = repository.git("cat-file", "tag", sha).text.partition("\n\n")
    known = dict(line.split(" ", 1) for line in head.splitlines())
    name, _, rest = known["tagger"].partition(" <")
    return {
        "sha": sha, "node_id": sha, "url": f"{call.root}/git/tags/{sha}", "tag": known["tag"], "message": message,
        "tagger": {"name": name, "email": rest.partition(">")[0], "date": "1970-01-01T00:00:00Z"},
        "object": {"sha": known["object"], "type": known["type"], "url": f"{call.root}/git/commits/{known['object']}"},
        "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None,
                         "verified_at": None},
    }  # fmt: skip


@route("GET", "compare/{basehead}", "contents:read")
def compare(call: Call) -> Any:  # noqa: ANN401
    """How far two commits are apart, and what lies between them."""
    base_name, _, head_name = call.args["basehead"].partition("...")
    repository = _opened(call)
    base, head = git.resolve(repository, base_name), git.resolve(repository, head_name)
    done = repository.git("merge-base", base or "none", head or "none", codes=(0, 1, 128))
    if done.code:
        raise Refusal(404, "Not Found")
    behind, ahead = map(int, repository.git("rev-list", "--left-right", "--count", f"{base}...{head}").text.split())
    status = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    between = git.commits(call, repository, f"{base}..{head}") if ahead else []
    url, page = call.address, f"{call.github.url}/{call.repo['full_name']}/compare/{call.args['basehead']}"
    return {
        "url": url, "html_url": page, "permalink_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch",
        "base_commit": git.commits(call, repository, "-1", str(base))[0], "status": status, "ahead_by": ahead,
        "merge_base_commit": git.commits(call, repository, "-1", done.text)[0], "behind_by": behind,
        "total_commits": ahead, "commits": call.page(between),
        "files": git.files(call, repository, done.text, str(head)),
    }  # fmt: skip
