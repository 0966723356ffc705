"""What git can hold: renames, modes, links, submodules, odd names, signatures, kinds of clones."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.clones import Clone, Hub

pytestmark = pytest.mark.usefixtures("own_git")
TEN = "".join(f"line {number}\n" for number in range(10))


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path, {"a.txt": TEN, "dir/b.txt": TEN.upper(), "x": "x\n"})


def race(hub: Hub, ours: str, theirs: str) -> Clone:
    """Two clones change things by shell; theirs is pushed, ours is committed."""
    mine, other = hub.clone("mine"), hub.clone("other")
    for clone, script in ((other, theirs), (mine, ours)):
        subprocess.run(["sh", "-euc", script], cwd=clone.root, check=True, capture_output=True)
        clone.git("add", "-A")
        clone.git("commit", "-q", "--allow-empty", "-m", clone.root.name)
    other.git("push", "-q")
    return mine


EDIT = "sed -i 's/line 5/LINE 5/' a.txt"
LANDS = {
    "rename and edit": ("git mv a.txt moved.txt", EDIT, {"moved.txt": TEN.replace("line 5", "LINE 5")}, ["a.txt"]),
    "edit and rename": (EDIT, "git mv a.txt moved.txt", {"moved.txt": TEN.replace("line 5", "LINE 5")}, ["a.txt"]),
    "the same rename, an edit each": (
        "git mv a.txt m; sed -i 's/line 1$/LINE 1/' m",
        "git mv a.txt m; sed -i 's/line 8/LINE 8/' m",
        {"m": TEN.replace("line 1\n", "LINE 1\n").replace("line 8", "LINE 8")},
        ["a.txt"],
    ),
    "edits far apart": (
        "sed -i 's/line 1$/LINE 1/' a.txt",
        "sed -i 's/line 8/LINE 8/' a.txt",
        {"a.txt": TEN.replace("line 1\n", "LINE 1\n").replace("line 8", "LINE 8")},
        [],
    ),
    "both delete": ("git rm -q x; echo o > o", "git rm -q x; echo n > n", {"n": "n\n", "o": "o\n"}, ["x"]),
    "a file gives way to a folder": ("rm x; mkdir x; echo y > x/y", "echo n > n", {"x/y": "y\n", "n": "n\n"}, []),
    "the last file of a folder goes": ("git rm -q dir/b.txt", "echo n > n", {"n": "n\n"}, ["dir"]),
    "new files in one folder": ("echo 1 > dir/1", "echo 2 > dir/2", {"dir/1": "1\n", "dir/2": "2\n"}, []),
}
CONFLICTS = {
    "both rename differently": ("git mv a.txt one", "git mv a.txt two"),
    "delete and edit": ("git rm -q a.txt", EDIT),
    "edit and delete": (EDIT, "git rm -q a.txt"),
    "delete and rename": ("git rm -q a.txt", "git mv a.txt moved.txt"),
    "the same lines": (EDIT, "sed -i 's/line 5/Line 5/' a.txt"),
    "added with other content": ("echo 1 > n", "echo 2 > n"),
    "renamed onto a new file": ("git mv a.txt n", "echo other > n"),
    "the folder was moved away": ("echo new > dir/new", "git mv dir elsewhere"),
    "we moved the folder, they add to it": ("git mv dir elsewhere", "echo new > dir/new"),
    "a file and a folder": ("echo n > n", "mkdir n; echo n > n/n"),
    "links elsewhere": ("ln -s a l", "ln -s b l"),
    "a link and a file": ("ln -s a l", "echo l > l"),
    "binary": ("printf 'a\\0b' > x", "printf 'a\\0c' > x"),
}


@pytest.mark.parametrize("name", LANDS)
def test_both_changes_are_there(hub: Hub, name: str) -> None:
    ours, theirs, expected, gone = LANDS[name]
    mine = race(hub, ours, theirs)
    ran = mine.push()
    assert ran.code == 0, ran.out + ran.err
    assert hub.subjects() == ["Begin", "other", "mine"]
    for path, content in expected.items():
        assert hub.show(path) == content
        assert (mine.root / path).read_text() == content
    for path in gone:
        assert hub.git("ls-tree", "main", path) == ""
    assert mine.git("status", "--short") == ""
    hub.assert_linear()


@pytest.mark.parametrize("name", CONFLICTS)
def test_what_does_not_go_together_is_refused_and_nothing_changes(hub: Hub, name: str) -> None:
    mine = race(hub, *CONFLICTS[name])
    before, refs = mine.state(), hub.git("for-each-ref")
    ran = mine.push()
    assert ran.code == 4, ran.out + ran.err
    assert (mine.state(), hub.git("for-each-ref")) == (before, refs)
    mine.assert_sound()
    # What a person would get: git's own rebase stops at it too.
    assert "CONFLICT" in mine.git("pull", "--rebase", check=False) or name == "added with other content"


def test_modes_links_and_submodules_travel(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    lib = Hub(tmp_path / "lib")
    seed = lib.clone("libseed")
    seed.commit("lib", {"l": "l"})
    seed.git("push", "-q", "origin", "HEAD:main")
    add = f"git -c protocol.file.allow=always submodule add -q {lib.url} sub"
    mine = race(hub, f"chmod +x x; ln -s a.txt l; {add}", "echo more >> x")
    ran = mine.push()
    assert ran.code == 0, ran.out + ran.err
    modes = {line.split("\t")[1]: line[:6] for line in hub.git("ls-tree", "-r", "main").split("\n")}
    assert (modes["x"], modes["l"], modes["sub"]) == ("100755", "120000", "160000")
    assert hub.show("x") == "x\nmore\n"
    assert mine.git("status", "--short") == ""


def test_names_that_are_not_utf8_and_odd_ones_travel(hub: Hub) -> None:
    mine = race(
        hub,
        "echo 1 > \"$(printf 'caf\\351')\"; echo 2 > 'a \"b\" \\c'; echo 3 > \"$(printf 'new\\nline')\"",
        "echo n > n",
    )
    before = mine.git("ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")
    ran = mine.push()
    assert ran.code == 0, ran.out + ran.err
    after = hub.git("ls-tree", "-r", "-z", "--name-only", "main").split("\0")
    assert set(before) | {"n"} == set(after)
    assert os.fsdecode(b"caf\xe9") in after
    assert mine.git("status", "--short") == ""


def test_line_ends_by_attributes_are_kept(hub: Hub) -> None:
    script = "printf '*.crlf text eol=crlf\\n' > .gitattributes; printf 'a\\r\\nb\\r\\n' > f.crlf"
    mine = race(hub, "echo ours > o", script)
    assert mine.push().code == 0
    assert (mine.root / "f.crlf").read_bytes() == b"a\r\nb\r\n"
    assert mine.git("status", "--short") == ""


@pytest.mark.parametrize(("attribute", "code"), [("merge=union", 0), ("-merge", 4)])
def test_the_merge_attribute_is_respected(tmp_path: Path, attribute: str, code: int) -> None:
    hub = Hub(tmp_path, {"CHANGES": "a\n", ".gitattributes": f"CHANGES {attribute}\n"})
    mine = race(hub, "echo ours >> CHANGES", "echo theirs >> CHANGES")
    assert mine.push().code == code
    assert hub.show("CHANGES") == ("a\ntheirs\nours\n" if code == 0 else "a\ntheirs\n")


def test_a_signature_is_dropped_and_said_and_the_rest_of_the_commit_kept(hub: Hub, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    mine = race(hub, "echo o > o", "echo n > n")
    mine.git("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "commit", "-q", "--amend", "-S", "--no-edit")
    assert "gpgsig" in mine.git("cat-file", "-p", "HEAD")
    ran = mine.push("--format", "json")
    assert ran.code == 0, ran.err
    assert ran.document["commits"][0]["signature_dropped"] is True
    assert ran.document["notes"] == ["1 signature dropped: replayed commits are not signed"]
    assert "gpgsig" not in hub.git("cat-file", "-p", "main")


def test_a_message_in_another_encoding_is_kept(hub: Hub) -> None:
    mine = race(hub, "echo o > o", "echo n > n")
    (mine.root / "../message").write_bytes(b"caf\xe9\n")
    mine.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--amend", "-F", "../message")
    assert mine.push().code == 0
    raw = subprocess.run(["git", "cat-file", "commit", "main"], cwd=hub.root, capture_output=True, check=True).stdout
    assert raw.endswith(b"\n\ncaf\xe9\n")
    assert b"\nencoding ISO-8859-1\n" in raw


def test_a_sha256_repository(tmp_path: Path) -> None:
    hub = Hub(tmp_path, {"a.txt": TEN}, "--object-format=sha256")
    mine = race(hub, "sed -i 's/line 1$/LINE 1/' a.txt", "sed -i 's/line 8/LINE 8/' a.txt")
    ran = mine.push()
    assert ran.code == 0, ran.err
    assert len(hub.git("rev-parse", "main")) == 64
    assert hub.subjects() == ["Begin", "other", "mine"]
    hub.assert_linear()


@pytest.mark.parametrize("option", ["--depth=1", "--filter=blob:none", "--filter=tree:0", "--single-branch"])
def test_shallow_and_partial_clones(hub: Hub, option: str) -> None:
    hub.git("config", "uploadpack.allowFilter", "true")
    hub.git("config", "uploadpack.allowAnySHA1InWant", "true")
    hub.clone("early").commit("more", {"y": "y"})
    mine, other = hub.clone("mine", option), hub.clone("other")
    other.commit("theirs", {"a.txt": TEN.replace("line 8", "LINE 8")})
    other.git("push", "-q")
    mine.commit("ours", {"a.txt": TEN.replace("line 1\n", "LINE 1\n")})
    ran = mine.push()
    assert ran.code == 0, ran.out + ran.err
    assert hub.subjects() == ["Begin", "theirs", "ours"]
    assert hub.show("a.txt") == TEN.replace("line 8", "LINE 8").replace("line 1\n", "LINE 1\n")
    assert mine.git("status", "--short") == ""
    hub.assert_linear()


def test_an_sparse_checkout_stays_sparse(hub: Hub) -> None:
    mine, other = hub.clone("mine"), hub.clone("other")
    mine.git("sparse-checkout", "set", "dir")
    other.commit("theirs", {"far/x": "x", "dir/n": "n"})
    other.git("push", "-q")
    mine.commit("ours", {"dir/o": "o"})
    assert mine.push().code == 0
    assert not (mine.root / "far").exists()
    assert (mine.root / "dir/n").exists()
    assert mine.git("status", "--short") == ""
