from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lockgate.ports.repository import GitError, Repository
from lockgate.push.commits import Commit
from lockgate.push.trees import Entry, Trees

_NAMES = st.sampled_from([b"a", b"b", b"a.b", b"a-b", b"a0", b"\xe9", b"x y"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map(b"/".join)
_FILES = st.dictionaries(_PATHS, st.binary(max_size=3), max_size=6)


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    folder = tmp_path_factory.mktemp("trees")
    subprocess.run(["git", "init", "-q", f"--object-format={request.param}", str(folder)], check=True)
    with Repository(folder, {}) as made:
        yield made


def fitting(files: dict[bytes, bytes]) -> bool:
    """Whether no file stands where another needs a folder."""
    return not any(other.startswith(path + b"/") for path in files for other in files)


def entries(repository: Repository, files: dict[bytes, bytes]) -> dict[bytes, Entry | None]:
    return {path: Entry("100644", repository.write("blob", content)) for path, content in files.items()}


@settings(max_examples=25)
@given(_FILES)
def test_git_reads_the_trees_that_are_made_as_they_were_meant(
    repository: Repository, files: dict[bytes, bytes]
) -> None:
    assume(fitting(files))
    trees = Trees(repository)
    tree = trees.changed(trees.empty, entries(repository, files))
    repository.flush()
    listed = repository.git("ls-tree", "-r", "-z", "--full-tree", tree).out.split(b"\0")[:-1]
    assert [line.partition(b"\t")[2] for line in listed] == sorted(files)
    assert repository.git("fsck", "--strict", "--no-dangling").code == 0


@settings(max_examples=25)
@given(_FILES, _FILES)
def test_changes_lead_from_one_tree_to_the_other(
    repository: Repository, old: dict[bytes, bytes], new: dict[bytes, bytes]
) -> None:
    assume(fitting(old) and fitting(new))
    trees = Trees(repository)
    one, other = (trees.changed(trees.empty, entries(repository, files)) for files in (old, new))
    changes = trees.changes(one, other)
    assert changes.keys() == {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    assert trees.changed(one, {path: now for path, (_, now) in changes.items()}) == other
    for path, (was, _) in changes.items():
        found = trees.find(one, path)
        assert (found if found is None or found.mode != "40000" else None) == was


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["blob", "commit-like"]), st.binary(max_size=5000)), max_size=5))
def test_git_stores_what_is_made_under_the_same_id(repository: Repository, made: list[tuple[str, bytes]]) -> None:
    ids = [repository.write("blob", content) for _, content in made]
    repository.flush()
    for oid, (_, content) in zip(ids, made, strict=True):
        assert repository.git("cat-file", "blob", oid).out == content


def test_an_object_that_is_not_there_is_a_key_error(repository: Repository) -> None:
    with pytest.raises(KeyError):
        repository.read("1" * 2 * repository.id_bytes)
    assert not repository.has("1" * 2 * repository.id_bytes)


def test_a_command_that_fails_says_how(repository: Repository) -> None:
    with pytest.raises(GitError, match=r"git rev-parse ended with exit 128: fatal: "):
        repository.git("rev-parse", "--verify", "no-such-thing")


def test_a_commit_is_read_and_written_byte_for_byte() -> None:
    content = (
        b"tree 1\nparent 2\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0000\nencoding latin1\n"
        b"gpgsig -----BEGIN\n line\n \n -----END\nmergetag object 3\n type commit\n\nSubject\n\nBody\n\n\n"
    )
    commit = Commit.parse(content)
    assert commit.encode() == content
    assert (commit.tree, commit.parents, commit.subject, commit.is_signed) == ("1", ["2"], "Subject", True)
    moved = Commit.parse(commit.moved("9", "7", "8", ()).encode())
    assert moved.message == commit.message
    assert not moved.is_signed
    assert [key for key, _ in moved.headers] == [
        *(b"tree", b"parent", b"author", b"committer", b"encoding", b"mergetag", b"lockgate-source")
    ]
    assert moved.values(b"lockgate-source") == ["9"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"S\n", b"S\n\nT: x\n"),
        (b"S", b"S\n\nT: x\n"),
        (b"S\n\nBody\n", b"S\n\nBody\n\nT: x\n"),
        (b"S\n\nBody\n\nSigned-off-by: A\n", b"S\n\nBody\n\nSigned-off-by: A\nT: x\n"),
        (b"Fix: this\n", b"Fix: this\n\nT: x\n"),
        (b"", b"\n\nT: x\n"),
    ],
)
def test_trailers_stand_where_git_looks_for_them(message: bytes, expected: bytes) -> None:
    commit = Commit(((b"tree", b"1"),), message)
    assert commit.moved("9", "1", None, ["T: x"]).message == expected
    done = subprocess.run(["git", "interpret-trailers", "--parse"], input=expected, capture_output=True, check=True)
    assert b"T: x" in done.stdout
