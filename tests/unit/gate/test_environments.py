from __future__ import annotations

import os
from pathlib import Path

from lockgate.gate.environments import _made_by
from lockgate.gate.ingredients import requirement_files, version_lines
from lockgate.ports.interpreters import Interpreter
from lockgate.ports.tree import snapshot
from tests.support import write


def test_requirement_files_are_followed_to_those_that_they_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "dev.txt": "-r base.txt\n  -c sub/limits.txt  # why\n--requirement=more.txt\n# -r no.txt\n-rclose.txt\n",
            "base.txt": "--constraint gone.txt\n",
            "more.txt": "-r dev.txt\n",  # in a circle
            "close.txt": "",
            "sub/limits.txt": "-r beside.txt\n",
            "sub/beside.txt": "",
        },
    )
    found = [path.relative_to(tmp_path).as_posix() for path in requirement_files(tmp_path / "dev.txt")]
    names = ["dev.txt", "base.txt", "gone.txt", "sub/limits.txt", "sub/beside.txt", "more.txt", "close.txt"]
    assert found == names


def test_versions_are_read_where_build_backends_read_them(tmp_path: Path) -> None:
    files = {
        "src/a/__init__.py": 'import os\n__version__ = "1"\nx = 1\n',
        "src/a/_version.py": '  version: str = "2"\n',
        "src/a/__about__.py": 'VERSION="3"\n',
        "VERSION": "4\n",
        "src/a/other.py": '__version__ = "5"\n',
        "src/a/versions.py": '__version__ = "6"\n',
    }
    root = write(tmp_path, files)
    assert version_lines(root, snapshot(root)) == [
        b"4\n",
        b'VERSION="3"',
        b'__version__ = "1"',
        b'version: str = "2"',
    ]
    tree = snapshot(root)
    (root / "VERSION").unlink()
    assert b"4\n" not in version_lines(root, tree)  # gone meanwhile


def test_an_environment_belongs_to_the_interpreter_that_it_was_made_with(tmp_path: Path) -> None:
    real = write(tmp_path, {"opt/python3.12": "x", "env/pyvenv.cfg": "home = /opt\nversion_info = 3.12.1\n"})
    (tmp_path / "env/bin").mkdir()
    (tmp_path / "env/bin/python").symlink_to(real / "opt/python3.12")
    path = os.path.realpath(real / "opt/python3.12")
    assert _made_by(tmp_path / "env", Interpreter(path, "3.12.1", "", ""))
    assert not _made_by(tmp_path / "env", Interpreter(path, "3.12.2", "", ""))  # upgraded in place
    assert not _made_by(tmp_path / "env", Interpreter("/elsewhere/python3.12", "3.12.1", "", ""))
    (tmp_path / "env/pyvenv.cfg").unlink()
    assert not _made_by(tmp_path / "env", Interpreter(path, "3.12.1", "", ""))
