"""What is asked of git, and what is told without it: both say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, tuples

from lockgate.model.errors import RefusedError
from lockgate.ports.repository import Repository
from lockgate.push import local
from lockgate.push.commits import SOURCE, Commit
from lockgate.push.local import Wanted, outstanding
from lockgate.push.replay import Replay
from lockgate.push.stamps import Stamps
from tests.e2e.clones import git


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    root = tmp_path_factory.mktemp("local")
    git(root, "init", "-q", "-b", "main", ".")
    with Repository(root, {}) as made:
        yield made


def commit(repository: Repository, parents: list[str], number: int, sources: tuple[str, ...] = ()) -> str:
    who = b"x <x@example.org> %d +0000" % number
    headers = [(b"tree", repository.write("tree", b"").encode()), *((b"parent", one.encode()) for one in parents),
               (b"author", who), (b"committer", who), *((SOURCE, one.encode()) for one in sources)]  # fmt: skip
    return repository.write("commit", Commit(tuple(headers), b"%d\n" % number).encode())


@given(
    parents=lists(tuples(integers(1, 4), integers(0, 9)), min_size=2, max_size=30),
    ends=tuples(integers(0, 29), integers(0, 29)),
)
def test_short_and_long_ways_agree(
    repository: Repository, parents: list[tuple[int, int]], ends: tuple[int, int]
) -> None:
    # Mostly lines that part from each other, some merges, some roots.
    made = [commit(repository, [], 0)]
    for number, (back, kind) in enumerate(parents, start=1):
        before = made[-back] if back <= len(made) else made[0]
        first = [] if kind == 9 else [before]
        more = [made[0]] if kind == 8 and first != [made[0]] else []
        made.append(commit(repository, [*first, *more], number, (made[0],) if kind == 7 else ()))
    repository.flush()
    head, tip = (made[end % len(made)] for end in ends)
    found: list[object] = []
    for near in (16, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local, "_NEAR", near)
            try:
                found.append(outstanding(repository, Replay(repository, Stamps(())), Wanted(head), tip))
            except RefusedError as error:
                found.append(error.message)
    assert found[0] == found[1]


def test_a_long_line_is_left_to_git(repository: Repository) -> None:
    line = [commit(repository, [], 99)]
    for number in range(50):
        line.append(commit(repository, line[-1:], 100 + number))
    repository.flush()
    replay = Replay(repository, Stamps(()))
    assert outstanding(repository, replay, Wanted(line[-1]), line[0]).own == tuple(line[1:])
    assert outstanding(repository, replay, Wanted(line[0]), line[-1]).own == ()


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("ref: refs/heads/a/b\n", "a/b"),
        ("ref: refs/heads/a \r\n", "a"),
        ("ref: refs/heads/.invalid\n", "x"),
        ("0" * 40 + "\n", "x"),
        (None, "x"),
    ],
)
def test_the_branch_is_read_where_it_stands(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str | None, name: str
) -> None:
    # What is kept in another way, git is asked for; so it is where HEAD is a link to a branch without a commit.
    if head is None:
        (tmp_path / "HEAD").symlink_to("refs/heads/none")
    else:
        (tmp_path / "HEAD").write_bytes(head.encode())
    monkeypatch.setattr(repository, "git_dir", tmp_path)
    repository.git("symbolic-ref", "HEAD", "refs/heads/x")
    assert repository.branch() == name
