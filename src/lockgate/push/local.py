"""The clone: what it has that the branch lacks, and its own branch moved at the end without anything being lost."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

from lockgate.model.errors import RefusedError, UsageError
from lockgate.model.push import Landing
from lockgate.ports.repository import GitError, Repository
from lockgate.push.commits import SOURCE, Commit
from lockgate.push.replay import Replay
from lockgate.push.trees import MODULE

_UNDER_WAY = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
# In one process of its own session: a kill of lockgate's group leaves the clone as it was or as it will be.
# 0: moved. 1: local changes are in the way, nothing was touched. Most indices are fresh, and most references free.
_MOVE = """
go() { git read-tree --no-recurse-submodules -m -u "$@"; }
said=$(go "$1" "$2" 2>&1) || case $said in
*'not uptodate'*) git update-index -q --refresh >/dev/null 2>&1; go "$1" "$2" || exit 1 ;;
*) echo "$said" >&2; exit 1 ;;
esac
git update-ref -m 'lockgate push' --stdin 2>/dev/null <<END && exit
update HEAD $2 $1${3:+
update $3 $2}
END
git update-ref -m 'lockgate push' HEAD "$2" "$1" || { go "$2" "$1"; exit 2; }
"""
_NEAR = 16  # commits that are looked through one by one, before git is asked


class Wanted(msgspec.Struct, frozen=True):
    """What shall land: the commits from `head` downwards that the branch lacks.

    Attributes:
        is_single: Only `head` itself (files that became a commit): its parent says only what it was made from.
    """

    head: str
    is_single: bool = False


class Outstanding(msgspec.Struct, frozen=True):
    """Commits that are not on the branch yet, oldest first; and those that an earlier run has landed."""

    own: tuple[str, ...]
    already: tuple[Landing, ...] = ()


def heads(repository: Repository, tracking: str | None) -> tuple[str, str | None]:
    """HEAD's commit, and the one at which this clone remembers the remote branch.

    Raises:
        UsageError: There is no commit, or something is under way.
    """
    for name, what in _UNDER_WAY.items():
        if (repository.git_dir / name).exists():
            hint = f"git {what} --continue or git {what} --abort, then run it again"
            raise UsageError(f"a {what} is under way in this clone", hint)
    head = repository.resolve("HEAD")
    if head is None:
        raise UsageError("there is no commit here yet", "commit something first")
    return head, repository.resolve(tracking) if tracking else None


def outstanding(repository: Repository, replay: Replay, wanted: Wanted, tip: str | None) -> Outstanding:
    """What of `wanted` is not on the branch with this tip.

    Raises:
        RefusedError: It cannot be laid onto that tip one after another.
    """
    order = ("rev-list", "--topo-order", "--reverse")
    if tip is None:
        # What the remote has by other branches is no news.
        ids = repository.git(*order, wanted.head, "--not", "--remotes").text.split()
        return Outstanding((wanted.head,) if wanted.is_single else tuple(ids))
    near = None if repository.is_shallow else _apart(replay, wanted.head, tip)
    if near is not None:
        ids = near[0][::-1]
        landed = {source: oid for oid in near[1] for source in replay.commit(oid).values(SOURCE)}
    else:
        both = repository.git(*order, "--left-right", "--header", f"{wanted.head}...{tip}").out.split(b"\0")
        ids = [record.partition(b"\n")[0][1:].decode() for record in both if record.startswith(b"<")]
        # Lines of messages are indented here: only headers begin like this.
        prefix = SOURCE + b" "
        landed = {line[len(prefix) :].decode(): record.partition(b"\n")[0][1:].decode()
                  for record in both if record.startswith(b">") for line in record.split(b"\n")
                  if line.startswith(prefix)}  # fmt: skip
    if wanted.is_single and wanted.head not in ids:
        subject = replay.commit(wanted.head).subject
        return Outstanding((), (Landing(source=wanted.head, commit=wanted.head, subject=subject, outcome="already"),))
    ids = [wanted.head] if wanted.is_single else ids
    if not ids:
        return Outstanding(())
    commits = [replay.commit(oid) for oid in ids]
    _refuse_unfit(repository, wanted, ids, commits)
    already = tuple(
        Landing(source=oid, commit=landed[oid], subject=commit.subject, outcome="already",
                signature_dropped=commit.is_signed)
        for oid, commit in zip(ids, commits, strict=True)
        if oid in landed
    )  # fmt: skip
    return Outstanding(tuple(oid for oid in ids if oid not in landed), already)


def _refuse_unfit(repository: Repository, wanted: Wanted, ids: list[str], commits: list[Commit]) -> None:
    merge = next((oid for oid, commit in zip(ids, commits, strict=True) if len(commit.parents) > 1), None)
    if merge is not None:
        hint = "git rebase onto the branch makes the history linear; then run it again"
        raise RefusedError(f"{merge[:12]} is a merge commit: a linear branch cannot take it", hint)
    if wanted.is_single:
        return
    first = commits[0].parents
    if not first:
        raise RefusedError("this branch and the remote one have no common history", "is it the right --branch?")
    if not repository.has(first[0]):
        hint = "git fetch --unshallow, then run it again"
        raise RefusedError("this shallow clone does not reach back to where the branches part", hint)


def _apart(replay: Replay, head: str, tip: str) -> tuple[list[str], list[str]] | None:
    """The commits of each side, newest first, where two short straight lines part; None when git has to tell."""
    lines, ends = (list[str](), list[str]()), [[head], [tip]]
    for turn in range(2 * _NEAR):
        this, that = turn % 2, 1 - turn % 2
        if len(ends[this]) > 1:
            return None
        for at in ends[this]:
            if at in lines[that]:
                del lines[that][lines[that].index(at) :]
                return lines
            try:
                ends[this] = replay.commit(at).parents
            except KeyError:
                return None
            lines[this].append(at)
    return None


def rewound(repository: Repository, head: str, tracking: str, known: str, own: tuple[str, ...]) -> str | None:
    """A commit among `own` that was on the remote branch and was taken away there: landing it would bring it back.

    `known` is where `tracking` stands now; where it stood before, git's log of it says, if there is one.
    """
    if "extensions.refstorage" not in repository.config() and tracking.startswith("refs/remotes/"):
        log = repository.common_dir / "logs" / tracking
        known += log.read_text(encoding="ascii", errors="replace") if log.is_file() else ""
        own = tuple(oid for oid in own if oid in known)
    fork = repository.git("merge-base", "--fork-point", tracking, head, codes=(0, 1)).text if own else ""
    return fork if fork in own else None


def move(repository: Repository, replay: Replay, old: str, new: str, tracking: str | None) -> str | None:
    """Move HEAD's branch, index and files from `old` to `new`; returns why that was not possible.

    Uncommitted changes, staged or not, stay as they are; where they or an untracked file are in the way, nothing moves
    but `tracking`, which says where the remote branch is.
    """
    reason = _in_the_way(repository, replay, old, new)
    if reason is None and old != new:
        try:
            script = ("sh", "-c", _MOVE, "sh", old, new, tracking or "")
            repository.run(script, detached=True, folder=repository.top)
        except GitError as error:
            lines = [line.strip() for line in error.said.splitlines() if line.strip()]
            reason = "; ".join(lines) or "git did not say why"
        else:
            return None
    track(repository, tracking, new)
    return reason


def _in_the_way(repository: Repository, replay: Replay, old: str, new: str) -> str | None:
    trees, before = replay.trees, replay.commit(old).tree
    for name, (was, now) in trees.changes(before, replay.commit(new).tree).items():
        is_new = was is None or (was.mode == MODULE and now is not None and now.mode != MODULE)
        for path in _displaced(os.fsencode(repository.top), name) if is_new else ():
            if trees.find(before, path) is None:
                return f"{path.decode(errors='backslashreplace')} is in the way: git does not know that file yet"
    return None


def _displaced(top: bytes, name: bytes) -> Iterator[bytes]:
    """What a file that is new at `name` would take the place of; git itself spares no file that is ignored."""
    parts = name.split(b"/")
    for path in (b"/".join(parts[:count]) for count in range(1, len(parts) + 1)):
        here = os.path.join(top, path)  # noqa: PTH118  (names are bytes)
        if os.path.lexists(here) and (os.path.islink(here) or not os.path.isdir(here)):  # noqa: PTH112, PTH114
            yield path
            return
    for folder, inner, files in os.walk(here):
        below = [*files, *(one for one in inner if os.path.islink(os.path.join(folder, one)))]  # noqa: PTH114, PTH118
        yield from (os.path.relpath(os.path.join(folder, one), top) for one in below)  # noqa: PTH118


def track(repository: Repository, tracking: str | None, new: str) -> None:
    """Note where the remote branch is now, as a push of git's own would."""
    if tracking is not None:
        # Without it the next fetch says the same.
        repository.git("update-ref", "-m", "lockgate push", tracking, new, codes=tuple(range(256)), detached=True)
