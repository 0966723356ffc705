"""The result cache is sound towards files outside the project that the tests open, list or miss."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, Change, Place, assert_input, assert_not_an_input, some, text_at
from tests.support import package, write

WITNESS = """\
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, "../searched")
import found_by_search


def test_opened() -> None:
    assert json.loads(Path("../shared.json").read_text()) == "one"


def test_opened_at_home() -> None:
    assert Path("~/.config/app.toml").expanduser().read_bytes() == b"one"


def test_opened_in_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("../folder")
    with open("deep/../deep/file.txt") as file:
        assert file.read() == "one"


def test_missed() -> None:
    with pytest.raises(FileNotFoundError):
        open("../missing.txt")


def test_listed() -> None:
    assert [path.name for path in Path("../listed").glob("**/*.txt")] == ["a.txt"]


def test_opened_for_writing_too() -> None:
    with open("../both.txt", "r+") as file:
        assert file.read() == "one"


def test_database() -> None:
    with sqlite3.connect("../data.db") as database:
        assert database.execute("SELECT value FROM things").fetchall() == [("one",)]


def test_database_by_address() -> None:
    with sqlite3.connect("file:../other.db?mode=ro", uri=True) as database:
        assert database.execute("SELECT value FROM things").fetchall() == [("one",)]


def test_imported() -> None:
    assert found_by_search.VALUE == "one"


def test_opened_in_a_forked_child() -> None:
    child = os.fork()
    if not child:
        os._exit(Path("../forked.txt").read_text() != "one")
    assert os.waitpid(child, 0)[1] == 0


def test_looked_for() -> None:
    assert not Path("../looked-for.txt").exists()
    assert not os.path.lexists("../looked-for-too.txt")


def test_looked_at() -> None:
    assert os.path.getsize("../sized.txt") == 3


def test_called() -> None:
    assert subprocess.run(["../called.sh"]).returncode == 0


def test_called_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.path.abspath("../tools"), prepend=os.pathsep)
    assert subprocess.run("true && lockgate-test-tool 1>&2", shell=True).returncode == 0


def test_named_to_a_program() -> None:
    assert subprocess.run(["grep", "-q", "one", "../named.txt"]).returncode == 0


def test_opened_in_a_child() -> None:
    program = "import sys; sys.exit(open('../by-child.txt').read() != 'one')"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_own_files_are_no_inputs(tmp_path: Path) -> None:
    assert not (tmp_path / "made").exists()
    subprocess.run(f"mkdir {tmp_path}/made; echo x > {tmp_path}/made/file.txt", shell=True, check=True)
    assert (tmp_path / "made/file.txt").read_text() == "x\\n"
    assert len(list(tmp_path.rglob("*.txt"))) == 1
    left_behind = Path(tempfile.mkdtemp()) / "file.txt"
    left_behind.write_text(str(tmp_path))
    assert left_behind.read_text() == str(tmp_path)
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
    with tempfile.NamedTemporaryFile("w+") as named:
        assert Path(named.name).read_text() == ""
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project whose tests open all kinds of files outside it, and files of their own."""
    top = tmp_path_factory.mktemp("outside")
    write(package(top / "project", TABLE), {"tests/test_witness.py": WITNESS})
    names = ("home/.config/app.toml", "folder/deep/file.txt", "listed/deep/a.txt", "both.txt", "forked.txt")
    write(top, dict.fromkeys(names, "one"))
    write(top, dict.fromkeys(("sized.txt", "named.txt", "by-child.txt"), "one"))
    for name in ("called.sh", "tools/lockgate-test-tool"):
        write(top, {name: "#!/bin/sh\nexit 0\n"})
        (top / name).chmod(0o755)
    write(top, {"shared.json": '"one"', "searched/found_by_search.py": 'VALUE = "one"\n'})
    _database("data.db", "one")(Place(top))
    _database("other.db", "one")(Place(top))
    return Place(top)


def _database(name: str, value: str) -> Change:
    def change(place: Place) -> None:
        (place.top / name).unlink(missing_ok=True)
        with closing(sqlite3.connect(place.top / name)) as database:
            database.execute("CREATE TABLE things (value)")
            database.execute("INSERT INTO things VALUES (?)", (value,))
            database.commit()

    return change


CHANGES: dict[str, tuple[str, Change]] = {
    "opened": ("test_opened", text_at("shared.json", '"another"')),
    "opened and now gone": ("test_opened", lambda place: (place.top / "shared.json").unlink()),
    "opened at home": ("test_opened_at_home", text_at("home/.config/app.toml")),
    "opened in another folder": ("test_opened_in_another_folder", text_at("folder/deep/file.txt")),
    "missed and now there": ("test_missed", text_at("missing.txt")),
    "new in a listed folder": ("test_listed", text_at("listed/b.txt")),
    "new further in a listed folder": ("test_listed", text_at("listed/deep/b.txt")),
    "opened for writing too": ("test_opened_for_writing_too", text_at("both.txt")),
    "database": ("test_database", _database("data.db", "another")),
    "database by address": ("test_database_by_address", _database("other.db", "another")),
    "imported": ("test_imported", text_at("searched/found_by_search.py", 'VALUE = "another"\n')),
    "shadowed": ("found_by_search", text_at("searched/found_by_search/__init__.py", "")),
    "opened in a forked child": ("test_opened_in_a_forked_child", text_at("forked.txt")),
    "looked for and now there": ("test_looked_for", text_at("looked-for.txt")),
    "looked for as a link and now there": ("test_looked_for", lambda place: (place.top / "looked-for-too.txt").touch()),
    "looked at": ("test_looked_at", text_at("sized.txt")),
    "called": ("test_called", text_at("called.sh", "#!/bin/sh\nexit 1\n")),
    "called by name in a shell": ("test_called_by_name", text_at("tools/lockgate-test-tool", "#!/bin/sh\nexit 1\n")),
    "named to a program": ("test_named_to_a_program", text_at("named.txt")),
    "opened in a child": ("test_opened_in_a_child", text_at("by-child.txt")),
}


OFTEN = {
    *("opened", "opened at home", "missed and now there", "new in a listed folder", "database", "imported"),
    *("opened in a forked child", "looked for and now there", "called by name in a shell", "opened in a child"),
}


@pytest.mark.parametrize("name", some(CHANGES, OFTEN))
def test_a_change_outside_runs_the_tests_again(place: Place, name: str) -> None:
    fails, change = CHANGES[name]
    assert_input(place, change, fails=fails)


def test_a_file_outside_that_no_test_opens_runs_nothing_again(place: Place) -> None:
    assert_not_an_input(place, text_at("unrelated/file.txt"))


def test_a_script_outside_that_a_check_names_runs_the_check_again(tmp_path: Path) -> None:
    table = TABLE.replace("test", "mine") + '[tool.lockgate.check.mine]\nrun = ["sh", "../mine.sh"]\n'
    place = Place(tmp_path, checks=("mine",))
    package(place.root, table)
    write(place.top, {"mine.sh": "exit 0\n"})
    assert_input(place, text_at("mine.sh", "exit 1\n"), fails="exit 1", check="mine")


def test_a_tool_on_the_path_that_a_check_calls_runs_the_check_again(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    path = Place(tmp_path).surroundings()["PATH"]
    place = Place(tmp_path, checks=("mine",), environment={"PATH": f"{tools}:{path}"})
    package(place.root, TABLE.replace("test", "mine") + '[tool.lockgate.check.mine]\nrun = ["my-tool"]\n')
    write(tools, {"my-tool": "#!/bin/sh\nexit 0\n"})
    (tools / "my-tool").chmod(0o755)
    assert_input(place, text_at("tools/my-tool", "#!/bin/sh\nexit 1\n"), fails="exit 1", check="mine")


def test_what_a_python_script_of_a_check_opens_runs_the_check_again(tmp_path: Path) -> None:
    table = TABLE.replace("test", "mine") + '[tool.lockgate.check.mine]\nrun = ["python", "scripts/mine.py"]\n'
    place = Place(tmp_path, checks=("mine",))
    script = 'import pathlib, sys\nsys.exit(pathlib.Path("../rules.txt").read_text() != "one")\n'
    write(package(place.root, table), {"scripts/mine.py": script})
    write(place.top, {"rules.txt": "one"})
    assert_input(place, text_at("rules.txt"), fails="exit 1", check="mine")


@pytest.mark.slow  # pytest-xdist from the index
def test_what_a_worker_of_xdist_opens_runs_the_tests_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    package(place.root, f'{TABLE}packages = ["pytest-xdist"]\ntest.args = ["-n", "2"]\n')
    opens = "def test_opened() -> None:\n    assert open('../shared.txt').read() == 'one'\n"
    shares = """\
        def test_shared(tmp_path_factory) -> None:
            shared = tmp_path_factory.getbasetemp().parent / "shared.txt"
            shared.write_text("x")
            assert shared.read_text() == "x"
        """
    write(place.root, {"tests/test_opened.py": opens, "tests/test_a.py": shares, "tests/test_b.py": shares})
    write(place.top, {"shared.txt": "one"})
    assert_input(place, text_at("shared.txt"), fails="test_opened")
