from __future__ import annotations

import hashlib
import io
import tarfile
import warnings
import zipfile
from pathlib import Path

import pytest

from lockgate.publish import contents
from tests.unit.publish.archives import METADATA, SDIST, WHEEL, sdist, wheel


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_members_of_both_kinds(tmp_path: Path) -> None:
    assert set(contents.members(wheel(tmp_path, {"sample/a.py": b"1"}))) == {
        "sample-1.0.dist-info/METADATA",
        "sample/a.py",
    }
    made = sdist(tmp_path, {"a.py": b"1"})
    assert contents.members(made) == {"PKG-INFO": METADATA.encode(), "a.py": b"1"}
    with zipfile.ZipFile(tmp_path / "sample-1.0.zip", "w") as archive:
        archive.writestr("sample-1.0/PKG-INFO", METADATA)
    assert contents.metadata_of(tmp_path / "sample-1.0.zip")["name"] == "sample"


def test_what_the_repository_has_beside_the_package_is_in_git(tmp_path: Path) -> None:
    tracked = {"pyproject.toml": sha(b"[project]"), "a.txt": sha(b"a"), "../../LICENSE": sha(b"MIT")}
    inside = {"LICENSE": b"MIT", "copy.txt": b"a", "pyproject.toml": b"[project]"}
    assert contents.undeclared(sdist(tmp_path, inside), tracked, ()) == ("copy.txt is not in git",)
    made = wheel(tmp_path, {"sample-1.0.dist-info/licenses/LICENSE": b"MIT"})
    assert contents.undeclared(made, tracked, ()) == ()


def test_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / SDIST, "w:gz") as archive:
        info = tarfile.TarInfo("sample-1.0/link")
        info.type, info.linkname = tarfile.SYMTYPE, "../../etc/passwd"
        archive.addfile(info)
        folder = tarfile.TarInfo("sample-1.0/folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    assert contents.members(tmp_path / SDIST) == {"link": b"-> ../../etc/passwd"}


def test_what_is_no_proper_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / SDIST).write_bytes(b"no archive")
    with pytest.raises(contents.Unreadable, match="cannot be read"):
        contents.members(tmp_path / SDIST)
    whole = wheel(tmp_path, {"sample/a.py": b"1" * 9999}).read_bytes()
    (tmp_path / "cut-1.0-py3-none-any.whl").write_bytes(whole[:-40])
    with pytest.raises(contents.Unreadable, match="cannot be read"):
        contents.members(tmp_path / "cut-1.0-py3-none-any.whl")
    for name in ("../evil", "/etc/evil", "a\\..\\b"):
        with pytest.raises(contents.Unreadable, match="leads out of its folder"):
            contents.members(wheel(tmp_path, {name: b""}))
    with pytest.raises(contents.Unreadable, match=r"not one top folder but other, sample-1\.0"):
        contents.members(_two_tops(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(tmp_path / WHEEL, "w") as archive:
            archive.writestr("a", "1")
            archive.writestr("a", "2")
    with pytest.raises(contents.Unreadable, match="has a twice"):
        contents.members(tmp_path / WHEEL)
    monkeypatch.setattr(contents, "_MOST", 100)
    for made in (wheel(tmp_path, {"a": b"1" * 200}), sdist(tmp_path, {"a": b"1" * 200})):
        with pytest.raises(contents.Unreadable, match="unpacks to more than"):
            contents.members(made)


def _two_tops(folder: Path) -> Path:
    with tarfile.open(folder / SDIST, "w:gz") as archive:
        for name in ("sample-1.0/a", "other/b"):
            archive.addfile(tarfile.TarInfo(name))
    return folder / SDIST


def test_metadata_is_read_or_missed(tmp_path: Path) -> None:
    fields = contents.metadata_of(wheel(tmp_path, {}))
    assert (fields["name"], fields["version"], contents.needs(fields)) == ("sample", "1.0", ("click>=8",))
    with tarfile.open(tmp_path / SDIST, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("sample-1.0/a"))
    with pytest.raises(contents.Unreadable, match="has no metadata"):
        contents.metadata_of(tmp_path / SDIST)


def test_a_difference_is_named(tmp_path: Path) -> None:
    record = "sample-1.0.dist-info/RECORD"
    first = wheel(tmp_path / "a", {"sample/a.py": b"1", "sample/b.py": b"", record: b"x\ny\n"})
    second = wheel(tmp_path / "b", {"sample/a.py": b"2", "sample/c.py": b"", record: b"y\nx\n"})
    assert contents.difference(first, second) == (
        "sample/b.py is only in one of them",
        "sample/c.py is only in one of them",
        "sample/a.py differs",
    )
    assert contents.difference(first, first) == ()


def test_what_makes_other_bytes_of_the_same_content(tmp_path: Path) -> None:
    first = wheel(tmp_path / "a", {"a": b"1", "b": b"2"})
    assert (
        contents.arrangement(first, wheel(tmp_path / "b", {"b": b"2", "a": b"1"})) == "the order of its files differs"
    )
    late = contents.arrangement(first, wheel(tmp_path / "c", {"a": b"1", "b": b"2"}, when=2021))
    assert late == "the time of sample-1.0.dist-info/METADATA differs"
    assert contents.arrangement(first, first) == "permissions or compression differ"
    assert contents.arrangement(sdist(tmp_path, {}), sdist(tmp_path, {})).startswith("times, order")


def test_what_git_does_not_have_is_named(tmp_path: Path) -> None:
    tracked = {
        "src/sample/a.py": sha(b"1"),
        "LICENSE": sha(b"MIT"),
        "pyproject.toml": sha(b"[project]"),
        "setup.cfg": sha(b""),
    }
    inside = {
        "sample/a.py": b"1",
        "sample/made.py": b"2",
        "sample/__pycache__/a.pyc": b"3",
        "sample-1.0.dist-info/RECORD": b"",
        "sample-1.0.dist-info/licenses/LICENSE": b"MIT",
        "sample-1.0.dist-info/licenses/OTHER": b"GPL",
        "sample/_native.so": b"\x7fELF",
    }
    found = contents.undeclared(wheel(tmp_path, inside), tracked, ())
    assert [word.split(" ")[0] for word in found] == [
        "sample-1.0.dist-info/licenses/OTHER",
        "sample/__pycache__/a.pyc",
        "sample/_native.so",
        "sample/made.py",
    ]
    platform = wheel(tmp_path, inside, "sample-1.0-cp312-cp312-manylinux_2_17_x86_64.whl")
    assert "sample/_native.so is not in git" not in contents.undeclared(platform, tracked, ())
    assert contents.undeclared(platform, tracked, ("sample/*", "*/OTHER")) == ()
    inside = {"src/sample/a.py": b"changed", "notes": b"", "setup.cfg": b"[egg_info]", "sample.egg-info/PKG-INFO": b""}
    assert contents.undeclared(sdist(tmp_path, inside), tracked, ()) == (
        "notes is not in git",
        "src/sample/a.py is not as in git",
    )
    rewritten = {"pyproject.toml": b"[project] # anew", "pyproject.toml.orig": b"[project]"}
    assert contents.undeclared(sdist(tmp_path, rewritten), tracked, ()) == ()
    forged = {**rewritten, "pyproject.toml.orig": b"other"}
    assert len(contents.undeclared(sdist(tmp_path, forged), tracked, ())) == 2


@pytest.mark.parametrize(
    ("name", "content", "looks"),
    [
        (".env", b"", True),
        ("a/.env.local", b"", True),
        (".env.example", b"", False),
        (".pypirc", b"", True),
        ("id_rsa", b"", True),
        ("id_rsa.pub", b"", False),
        ("deploy.pem", b"-----BEGIN OPENSSH PRIVATE KEY-----", True),
        ("ca.pem", b"-----BEGIN CERTIFICATE-----", False),
        ("x.key", b"-----BEGIN PRIVATE KEY-----", True),
        ("environment.py", b"", False),
        ("store.p12", b"", True),
    ],
)
def test_files_that_look_like_secrets(tmp_path: Path, name: str, content: bytes, looks: bool) -> None:
    made = sdist(tmp_path, {name: content})
    assert contents.secrets(made, ()) == ((f"{name} looks like a secret",) if looks else ())
    assert contents.secrets(made, (name,)) == ()


def test_a_link_is_what_it_leads_to_in_the_archive(tmp_path: Path) -> None:
    made = tmp_path / SDIST
    tracked = {"README.md": sha(b"read"), "docs/intro.md": sha(b"read"), "out": sha(b"root")}
    with tarfile.open(made, "w:gz") as archive:
        for name in ("PKG-INFO", "README.md"):
            info = tarfile.TarInfo(f"sample-1.0/{name}")
            info.size = 4
            archive.addfile(info, io.BytesIO(b"read"))
        for name, to in (("docs/intro.md", "../README.md"), ("out", "../../etc/passwd")):
            info = tarfile.TarInfo(f"sample-1.0/{name}")
            info.type, info.linkname = tarfile.SYMTYPE, to
            archive.addfile(info)
    assert contents.undeclared(made, tracked, ()) == ("out is not as in git",)


def test_a_pointer_of_lfs_is_no_file(tmp_path: Path) -> None:
    made = sdist(tmp_path, {"data.bin": b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n"})
    assert contents.secrets(made, ()) == ("data.bin is only a pointer of Git LFS",)
    assert contents.secrets(made, ("*.bin",)) == ()


def test_the_tree_and_long_lists(tmp_path: Path) -> None:
    made = sdist(tmp_path, {"a/b/c.py": b"123", "a/b/d.py": b"", "a/e/f.py": b"", "z": b""})
    assert contents.tree(made).splitlines() == [
        SDIST,
        f"  PKG-INFO  {len(METADATA)}",
        *("  a/", "    b/", "      c.py  3", "      d.py  0", "    e/", "      f.py  0", "  z  0"),
    ]
    assert contents.shortened([str(number) for number in range(7)]) == "0; 1; 2; 3; 4; and 2 more"
