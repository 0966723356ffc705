"""The result cache is sound towards git: what tests and builds ask of it is an input."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, Change, Place, all_cached, assert_input, run, some, text_at
from tests.support import commit, package, write

LINT = TABLE.replace("test", "lint")
WITNESS = """\
import subprocess


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_tag() -> None:
    assert _git("describe", "--tags") == "v1.0"


def test_branch() -> None:
    assert _git("branch", "--show-current") == "main"


def test_branches() -> None:
    assert _git("branch", "--format", "%(refname:short)") == "main"


def test_index() -> None:
    assert "new.txt" not in _git("ls-files")


def test_configuration() -> None:
    assert _git("config", "--default", "one", "my.key") == "one"


def test_user_configuration() -> None:
    assert _git("config", "--default", "one", "my.included") == "one"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A repository with a tag and an untracked file, whose tests ask git about everything."""
    place = Place(tmp_path_factory.mktemp("git"))
    commit(write(package(place.root, TABLE), {"tests/test_witness.py": WITNESS, ".gitignore": ".lockgate\n"}))
    run(place.root, "git", "tag", "v1.0")
    write(place.root, {"new.txt": ""})
    write(place.home, {".gitconfig": "[include]\n\tpath = ~/more\n", "more": "[my]\n\tincluded = one\n"})
    return place


def _git(*arguments: str) -> Change:
    def change(place: Place) -> None:
        run(place.root, "git", *arguments)

    return change


def _user_configuration(place: Place) -> None:
    write(place.home, {"more": "[my]\n\tincluded = another\n"})


CHANGES: dict[str, tuple[str, Change]] = {
    "commit": ("test_tag", _git("commit", "-q", "--allow-empty", "-m", "More")),
    "moved tag": ("test_tag", _git("tag", "-d", "v1.0")),
    "another branch": ("test_branch", _git("checkout", "-q", "-b", "other")),
    "new branch": ("test_branches", _git("branch", "other")),
    "file added to the index": ("test_index", _git("add", "new.txt")),
    "configuration": ("test_configuration", _git("config", "my.key", "another")),
    "the user's configuration": ("test_user_configuration", _user_configuration),
}


@pytest.mark.parametrize("name", some(CHANGES, {"commit", "moved tag", "file added to the index"}))
def test_a_change_in_git_runs_tests_that_ask_git_again(place: Place, name: str) -> None:
    fails, change = CHANGES[name]
    assert_input(place, change, fails=fails)


HOW = {
    "by a shell line": 'subprocess.run("cd . && git tag", shell=True, capture_output=True).stdout == b""',
    "by os.system": "os.system('test -z \"$(git tag)\"') == 0",
    "by its path": 'subprocess.check_output([shutil.which("git"), "tag"]) == b""',
    "by reading its files": 'not os.listdir(".git/refs/tags")',
}


@pytest.mark.parametrize("how", some(HOW, {"by a shell line"}))
def test_a_tag_runs_tests_again_that_ask_for_tags(tmp_path: Path, how: str) -> None:
    place = Place(tmp_path)
    asks = f"import os\nimport shutil\nimport subprocess\n\n\ndef test_tags() -> None:\n    assert {HOW[how]}\n"
    commit(write(package(place.root, TABLE), {"tests/test_tags.py": asks, ".gitignore": ".lockgate\n"}))
    assert_input(place, _git("tag", "v1.0"), fails="test_tags")


def test_a_tag_runs_a_check_of_the_projects_own_again(tmp_path: Path) -> None:
    table = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["mine"]\n[tool.lockgate.check.mine]\n'
    place = Place(tmp_path, checks=("mine",))
    commit(package(place.root, f"{table}run = ['sh', '-c', 'test -z $(git tag)']\n"))
    assert_input(place, _git("tag", "v1.0"), fails="exit 1", check="mine")


def test_a_tag_runs_no_tests_again_that_do_not_ask_git(tmp_path: Path) -> None:
    place = Place(tmp_path)
    commit(package(place.root, TABLE))
    place.settle()
    _git("tag", "v1.0")(place)
    _git("commit", "-q", "--allow-empty", "-m", "More")(place)
    assert all_cached(place.gate())


def test_becoming_a_repository_runs_lint_again(tmp_path: Path) -> None:
    place = Place(tmp_path, checks=("lint",))
    package(place.root, LINT)
    write(place.root, {".gitignore": "hidden.py\n", "src/sample/hidden.py": "import os\n"})
    run(place.top, "git", "init", "-q")

    def change(place: Place) -> None:
        (place.top / ".git").rename(place.top / "no-git")

    assert_input(place, change, fails="`os` imported", check="lint")


def test_the_exclude_file_of_a_worktrees_repository_runs_lint_again(tmp_path: Path) -> None:
    place = Place(tmp_path, checks=("lint",))
    package(tmp_path / "clone", LINT)
    write(commit(tmp_path / "clone"), {".git/info/exclude": "hidden.py\n.lockgate\n"})
    run(tmp_path / "clone", "git", "worktree", "add", "-q", str(place.root))
    write(place.root, {"src/sample/hidden.py": "import os\n"})
    assert_input(place, text_at("clone/.git/info/exclude", "\n"), fails="`os` imported", check="lint")


SCM = """\
[project]
name = "sample"
dynamic = ["version"]
requires-python = ">=3.8"

[build-system]
requires = ["setuptools>=77", "setuptools-scm>=8"]
build-backend = "setuptools.build_meta"

[tool.setuptools_scm]
"""


@pytest.mark.slow  # setuptools-scm from the index
@pytest.mark.parametrize("change", ["tag gone", "commit"])
def test_a_version_made_from_git_is_made_again(tmp_path: Path, change: str) -> None:
    place = Place(tmp_path)
    asks = """\
        from importlib.metadata import version


        def test_version() -> None:
            assert version("sample") == "1.0"
        """
    write(package(place.root, TABLE), {"tests/test_version.py": asks, "pyproject.toml": f"{SCM}\n{TABLE}"})
    write(place.root, {".gitignore": ".lockgate\n*.egg-info\n__pycache__\n"})
    commit(place.root)
    run(place.root, "git", "tag", "v1.0")
    arguments = ("tag", "-d", "v1.0") if change == "tag gone" else ("commit", "-q", "--allow-empty", "-m", "More")
    assert_input(place, _git(*arguments), fails="test_version")
