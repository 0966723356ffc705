"""Test sessions against an installed package, in one real environment: which of them prove something."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lockgate.ports.installer import Errand, NoEnvironmentError
from lockgate.ports.process import Cancel
from lockgate.publish import trial
from tests.support import write
from tests.unit.publish.archives import wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with pytest and a package."""
    folder = tmp_path_factory.mktemp("trial") / "env"
    for line in (["venv", "-q", "--python", sys.executable, str(folder)],
                 ["pip", "install", "-q", "--python", str(folder), "pytest"]):  # fmt: skip
        subprocess.run(["uv", *line], check=True, capture_output=True)
    site = next(folder.glob("lib/python3*/site-packages"))
    write(site, {"sample/__init__.py": "", "sample/test_inside.py": "def test_inside() -> None:\n    pass\n"})
    return folder


def bench(folder: Path, **changes: Any) -> trial.Bench:  # noqa: ANN401
    given: dict[str, Any] = {
        "source": folder,
        "inside": ".",
        "wheels": (),
        "tracked": {},
        "install": (),
        "extras": (),
        "tests": True,
        "args": (),
        "environment": trial.environment_of(()),
        "timeout": 60.0,
    }
    return trial.Bench(**{**given, **changes})


def against(installed: Path, folder: Path, source: str, *, cancel: Cancel | None = None, **changes: Any) -> str:  # noqa: ANN401
    shutil.rmtree(installed / "lockgate-trial", ignore_errors=True)
    write(folder, {"test_it.py": source} if source else {})
    errand = Errand(cancel or Cancel(), lambda _what: None, lambda _what: None)
    return trial._tested(installed, folder, bench(folder, **changes), ["sample"], errand)  # noqa: SLF001


def test_tests_that_pass_against_the_installed_package(installed: Path, tmp_path: Path) -> None:
    source = "import sample\ndef test_a() -> None:\n    pass\ndef test_b() -> None:\n    pass\n"
    assert against(installed, tmp_path, source) == "2 tests passed against the wheel"

    # A suite that starts the program only is one; what it had is not claimed.
    said = against(installed, tmp_path, "def test_a() -> None:\n    pass\n")
    assert said == "1 tests passed beside the wheel: their own process imported nothing of it"


def test_a_namespace_alone_is_imported() -> None:
    names = ("ns/mod.py", "ns/deep/er.py", "sample-1.0.dist-info/METADATA", "sample-1.0.data/scripts/run.py")
    assert trial.modules(names) == {"ns": "ns"}
    assert trial.modules((*names, "ns/pkg/__init__.py")) == {"ns.pkg": "ns/pkg"}


def test_tests_inside_the_package_are_found(installed: Path, tmp_path: Path) -> None:
    assert against(installed, tmp_path, "") == "1 tests passed against the wheel"
    (installed_test := next(installed.glob("lib/python3*/site-packages/sample/test_inside.py"))).rename(
        installed_test.with_suffix(".off")
    )
    try:
        with pytest.raises(NoEnvironmentError, match="no test was found") as missed:
            against(installed, tmp_path, "")
    finally:
        installed_test.with_suffix(".off").rename(installed_test)
    assert missed.value.status == "unknown"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def test_a() -> None:\n    assert 1 == 2\n", "its tests fail without the source tree: assert 1 == 2"),
        ("import nothing_like_it\n", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("import pytest\n@pytest.mark.skip\ndef test_a() -> None:\n    pass\n", "its tests did not pass"),
        ("import os\ndef test_a() -> None:\n    os._exit(0)\n", "its tests did not pass"),
        (
            (
                "import sys, types\nsys.modules['sample'] = types.ModuleType('sample')\n"
                "sys.modules['sample'].__file__ = __file__\ndef test_a() -> None:\n    pass\n"
            ),
            "sample came from ",
        ),
    ],
)
def test_a_session_that_proves_nothing_fails(installed: Path, tmp_path: Path, source: str, words: str) -> None:
    with pytest.raises(NoEnvironmentError) as failed:
        against(installed, tmp_path, source)
    assert failed.value.status == "fail"
    assert words in failed.value.reason


def test_a_session_that_does_not_end_or_is_stopped(installed: Path, tmp_path: Path) -> None:
    source = "import time\ndef test_a() -> None:\n    time.sleep(60)\n"
    with pytest.raises(NoEnvironmentError, match="did not end within 2 s"):
        against(installed, tmp_path, source, timeout=2.0)
    cancel = Cancel()
    cancel.set()
    with pytest.raises(NoEnvironmentError, match="stopped while testing"):
        against(installed, tmp_path, source, cancel=cancel)


def test_the_packages_own_source_is_hidden_and_nothing_else(tmp_path: Path) -> None:
    tree = {
        "src/p/__init__.py": "",
        "src/p/a.py": "1",
        "src/one.py": "",
        "tests/data/p/__init__.py": "",
        "tests/test_p.py": "",
        "p-notes/p/a.txt": "",
    }
    write(tmp_path, tree)
    inside = {"p/__init__.py": b"", "p/a.py": b"1", "one.py": b""}
    trial._hide(tmp_path, inside, {"p": "p", "one": "one.py"}, dict.fromkeys(tree, ""))  # noqa: SLF001
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["p-notes/p/a.txt", "tests/data/p/__init__.py", "tests/test_p.py"]


@pytest.mark.parametrize("test", ["src/tests/test_p.py", "tests/test_p.py"])
def test_what_the_wheel_forgot_is_hidden_with_the_package(tmp_path: Path, test: str) -> None:
    tree = {"src/p/__init__.py": "", "src/forgotten/__init__.py": "", test: ""}
    write(tmp_path, tree)
    trial._hide(tmp_path, {"p/__init__.py": b""}, {"p": "p"}, dict.fromkeys(tree, ""))  # noqa: SLF001
    assert (tmp_path / test).exists()
    assert not (tmp_path / "src/p").exists()
    assert (tmp_path / "src/forgotten").exists() == test.startswith("src/")


@pytest.mark.parametrize(
    ("output", "word"),
    [
        ("", "no output"),
        ("a\nb\n", "b"),
        ("FAILED test_x\nmore\n", "FAILED test_x"),
        ("E   something\nE   ValueError: 1\n", "ValueError: 1"),
        ("E   something\n", "something"),
    ],
)
def test_the_line_that_says_most(output: str, word: str) -> None:
    assert trial._telling(output) == word  # noqa: SLF001


def test_an_environment_that_cannot_be_had(tmp_path: Path) -> None:
    made = wheel(tmp_path, {"sample/__init__.py": b""})
    whole = bench(write(tmp_path / "tree", {"pyproject.toml": ""}), wheels=(made,), tests=False)
    errand = Errand(Cancel(), lambda _what: None, lambda _what: None)
    with pytest.raises(NoEnvironmentError, match=r"no wheel is for Python 3\.12"):
        trial.trial(bench(tmp_path), "3.12", sys.executable, tmp_path / "a", errand)
    with pytest.raises(NoEnvironmentError):
        trial.trial(whole, "3.12", str(tmp_path / "no-python"), tmp_path / "b", errand)
    errand.cancel.set()
    with pytest.raises(NoEnvironmentError, match="stopped while installing"):
        trial.trial(whole, "3.12", sys.executable, tmp_path / "c", errand)
