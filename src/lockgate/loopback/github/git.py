"""The repositories themselves: bare ones on disk, read by git, pushed to through the hook that asks `gates`."""

from __future__ import annotations

import secrets
import shlex
import sys
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lockgate.loopback.github import gates, hook, merges
from lockgate.loopback.github.routes import Call, Refusal, Who
from lockgate.loopback.github.state import Data, stamp
from lockgate.ports import git_backend
from lockgate.ports.repository import GitError, Repository
from lockgate.ports.service import Reply, Request, Service

if TYPE_CHECKING:
    from lockgate.loopback.github.service import GitHub

_HOOK = f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -I {shlex.quote(hook.__file__)}\n"
_WEB = {"GIT_COMMITTER_NAME": "GitHub", "GIT_COMMITTER_EMAIL": "noreply@github.com"}
UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
_FORMAT = "%x1e%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x00"


def folder(github: GitHub, full_name: str) -> Path:
    """Where a repository lies."""
    return github.folder / "git" / f"{full_name}.git"


def create(github: GitHub, full_name: str) -> None:
    """Make the bare repository, with the hook."""
    git_backend.create(folder(github, full_name), hook=_HOOK)


def opened(call: Call) -> Repository:
    """The repository that a request is about, to run git in."""
    return at(call.github, call.repo["full_name"])


def at(github: GitHub, full_name: str, objects: Mapping[str, str] | None = None) -> Repository:
    """A repository by name; `objects` are those of a push that is not taken yet."""
    return Repository(folder(github, full_name), {**git_backend.ALONE, **(objects or {})})


def resolve(repository: Repository, name: str) -> str | None:
    """The commit that a branch, tag or id names."""
    for ref in (f"refs/heads/{name}", f"refs/tags/{name}", name):
        done = repository.git("rev-parse", "-q", "--verify", f"{ref}^{{commit}}", codes=(0, 1, 128))
        if done.code == 0:
            return done.text
    return None


def commits(call: Call, repository: Repository, *revisions: str) -> list[Data]:
    """Commits in GitHub's form, oldest first."""
    text = repository.git("log", "--reverse", f"--format={_FORMAT}", *revisions, "--").out.decode(errors="replace")
    return [_commit(call, entry.split("\0")) for entry in text.split("\x1e")[1:]]


def _commit(call: Call, fields: list[str]) -> Data:
    sha, tree, parents, *people, message = fields[:10]
    url, page = f"{call.root}/commits/{sha}", f"{call.github.url}/{call.repo['full_name']}/commit/{sha}"
    return {
        "sha": sha, "node_id": sha, "url": url, "html_url": page, "comments_url": f"{url}/comments",
        "author": None, "committer": None,
        "commit": {
            "message": message.strip(), "comment_count": 0, "url": f"{call.root}/git/commits/{sha}",
            "tree": {"sha": tree, "url": f"{call.root}/git/trees/{tree}"},
            "author": dict(zip(("name", "email", "date"), people[:3], strict=True)),
            "committer": dict(zip(("name", "email", "date"), people[3:], strict=True)),
            "verification": UNSIGNED,
        },
        "parents": [{"sha": one, "url": f"{call.root}/commits/{one}", "html_url": page} for one in parents.split()],
    }  # fmt: skip


def files(call: Call, repository: Repository, base: str, head: str) -> list[Data]:
    """What differs between two commits, in GitHub's form."""
    kinds = {"A": "added", "D": "removed", "T": "changed"}
    raw = repository.git("diff", "--no-renames", "--raw", "--no-abbrev", "-z", base, head).text.split("\0")
    counts = repository.git("diff", "--no-renames", "--numstat", "-z", base, head).text.split("\0")
    found = []
    for about, name, numbers in zip(raw[::2], raw[1::2], counts, strict=False):
        added, removed = (int(one) if one.isdecimal() else 0 for one in numbers.split("\t")[:2])
        blob, kind = about.split()[3:5]
        where = urllib.parse.quote(name)
        page = f"{call.github.url}/{call.repo['full_name']}"
        found.append({
            "sha": blob, "filename": name, "status": kinds.get(kind, "modified"), "additions": added,
            "deletions": removed, "changes": added + removed, "blob_url": f"{page}/blob/{head}/{where}",
            "raw_url": f"{page}/raw/{head}/{where}", "contents_url": f"{call.root}/contents/{where}?ref={head}",
        })  # fmt: skip
    return found


class Gatekeeper(Service):
    """Where the hook asks, apart from the API: the address holds a secret that only the hook is given."""

    def __init__(self, github: GitHub) -> None:
        super().__init__()
        self._github = github
        self._secret = secrets.token_hex(16)
        self._pushers: dict[str, Who] = {}

    def serve(self, request: Request, path: str, full_name: str, who: Who | None) -> Reply:
        """Answer one request of git's."""
        pusher = secrets.token_hex(16)
        if who is not None:
            self._pushers[pusher] = who
        told = {"LOCKGATE_ASK": f"{self.url}/{self._secret}", "LOCKGATE_PUSHER": pusher}
        root = self._github.folder / "git"
        try:
            reply = git_backend.serve(root, request, path, None if who is None else who.login, told)
        finally:
            self._pushers.pop(pusher, None)
        if path.endswith("git-receive-pack"):
            with self._github.store.changing() as data:
                follow(self._github, data["repositories"][full_name], who.login if who else "")
        return reply

    def respond(self, request: Request) -> Reply:
        """Judge a push: every reference of it, or nothing is taken."""
        secret, _, place = request.path.lstrip("/").partition("/")
        if not secrets.compare_digest(secret, self._secret):
            return Reply(404, body=b"{}")
        asked = msgspec.json.decode(request.body or b"")
        full_name = f"/{place}".removeprefix(f"{self._github.folder}/git/").removesuffix(".git")
        who = self._pushers.get(asked["pusher"], Who())
        said, taken = [], True
        with self._github.store.lock:
            repo = self._github.store.data["repositories"][full_name]
            repository = at(self._github, full_name, {key: one for key, one in asked["objects"].items() if one})
            for line in asked["updates"].splitlines():
                old, new, ref = line.split(" ", 2)
                update = gates.Update(ref, None if not old.strip("0") else old, None if not new.strip("0") else new)
                words, agreed = gates.judge_push(self._github, repo, repository, update, who)
                said += words
                taken = taken and agreed
        return Reply(body=msgspec.json.encode({"said": said, "taken": taken}))


def follow(github: GitHub, repo: Data, login: str) -> None:
    """Bring the pull requests up to date with their branches after references have changed."""
    repository = at(github, repo["full_name"])
    for pull in repo["pulls"]:
        if pull["state"] != "open":
            continue
        head = resolve(repository, f"refs/heads/{pull['head']}")
        if head is None:
            pull.update(state="closed", closed_at=stamp())
            continue
        base = resolve(repository, f"refs/heads/{pull['base']}")
        if head != pull["sha"]:
            pull.update(sha=head, pushed_by=login, updated_at=stamp())
            repository.git("update-ref", f"refs/pull/{pull['number']}/head", head)
            merges.dismiss_stale(github, repo, pull)
        if base is not None and gates.is_ancestor(repository, head, base):
            pull.update(state="closed", merged_at=stamp(), closed_at=stamp(), merged_by=login, merge_commit_sha=head)


def merged(repository: Repository, pull: Data, base: str, method: str, message: str, author: str) -> str | None:
    """The commit that merging makes, not yet on the branch; None where there is a conflict."""
    head = pull["sha"]
    people = {**_WEB, "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": f"{author}@users.noreply.github.com"}
    if method == "rebase":
        place = repository.folder / f"rebase-{secrets.token_hex(8)}"
        try:
            repository.git("worktree", "add", "-q", "--detach", str(place), head)
            repository.git("rebase", "-q", "--no-ff", base, folder=place, environment={**_WEB, "GIT_EDITOR": "true"})
            return repository.git("rev-parse", "HEAD", folder=place).text
        except GitError:
            return None
        finally:
            repository.git("worktree", "remove", "--force", str(place), codes=(0, 128))
    tree = merged_tree(repository, pull, base)
    if tree is None:
        return None
    parents = ["-p", base, *(["-p", head] if method == "merge" else [])]
    return repository.git("commit-tree", tree, *parents, "-m", message, environment=people).text


def merged_tree(repository: Repository, pull: Data, base: str) -> str | None:
    """What the files would be once it is merged; None where there is a conflict."""
    done = repository.git("merge-tree", "--write-tree", base, pull["sha"], codes=(0, 1, 128))
    return None if done.code else done.text


def move(call: Call, repository: Repository, change: gates.Update) -> None:
    """Move a reference through the API, as the rules allow.

    Raises:
        Refusal: They do not, or somebody else was faster (422).
    """
    said, agreed = gates.judge_push(call.github, call.repo, repository, change, call.who)
    if not agreed:
        words = [line.removeprefix("- ") for line in said if line.startswith("- ")]
        raise Refusal(422, "Repository rule violations found\n\n" + "\n\n".join(words or said))
    if not swap(repository, change.ref, change.new, change.old):
        raise Refusal(422, "Reference could not be updated")
    follow(call.github, call.repo, call.who.login)


def swap(repository: Repository, ref: str, new: str | None, old: str | None) -> bool:
    """Move a reference, only from the value that is expected (None: it must not be there)."""
    try:
        repository.git("update-ref", *(["-d", ref] if new is None else [ref, new]), old or "0" * 40)
    except GitError:
        return False
    return True


def tip(repository: Repository, branch: str) -> str:
    """The branch's newest commit.

    Raises:
        Refusal: There is no such branch (404).
    """
    found = resolve(repository, f"refs/heads/{branch}")
    if found is None:
        raise Refusal(404, "Branch not found")
    return found
