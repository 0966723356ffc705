"""`lockgate publish build` with real backends: what is right is promoted once, what is wrong is named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockgate.ports.interpreters import Finder
from lockgate.ports.releases import sha256
from tests.e2e.planning import BACKENDS, PYPROJECT, Clone, Outside, clone
from tests.support import command, commit, environment

pytestmark = pytest.mark.usefixtures("own_git")
PROOFS = ["build", "from-sdist", "contents", "metadata", "wheel-3.12"]


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as service:
        yield service


def ready(folder: Path, outside: Outside, backend: str = "flit_core", **more: Any) -> Clone:  # noqa: ANN401
    """A package whose plan passes."""
    made = clone(folder, outside, backend, **more)
    made.proved()
    return made


def steps(made: Clone) -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["status"], one["detail"]) for one in made.ledger["steps"]}


def assert_nothing_promoted(made: Clone) -> None:
    assert made.ledger["state"] == "planned"
    assert made.ledger["files"] == []
    assert not (made.folder / "dist").exists()


@pytest.mark.parametrize(
    "backend",
    [one if one in {"uv_build", "setuptools"} else pytest.param(one, marks=pytest.mark.slow) for one in BACKENDS],
)
def test_every_backends_files_are_proved_and_promoted_once(tmp_path: Path, outside: Outside, backend: str) -> None:
    made = clone(tmp_path, outside, backend)
    if backend == "uv_build":
        # What the tests need comes from the lock then.
        text = (made.root / "pyproject.toml").read_text() + '[dependency-groups]\ndev = ["pytest"]\n'
        (made.root / "pyproject.toml").write_text(text)
        subprocess.run(["uv", "lock", "-q"], cwd=made.root, check=True, capture_output=True)
        made.commit()
    made.proved()
    # What lies about in the working tree is no part of the release.
    (made.root / "dist").mkdir()
    (made.root / "dist" / "notes.txt").write_text("private")
    built = made.publish("build")
    assert built.code == 0, built.out + built.err
    ledger = made.ledger
    assert ledger["state"] == "built"
    assert [step for step in steps(made) if step in PROOFS] == PROOFS
    assert "1 tests passed against the wheel" in steps(made)["wheel-3.12"][1]
    names = sorted(one["name"] for one in ledger["files"])
    assert names == ["sample-1.0-py3-none-any.whl", "sample-1.0.tar.gz"]
    # dist/ has these bytes, and nothing else: the publishing action takes all of it.
    assert {one["name"]: one["sha256"] for one in ledger["files"]} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (made.folder / "dist").iterdir()
    }
    assert sha256(made.folder / "sbom.cdx.json") == ledger["sbom"]
    bill = json.loads((made.folder / "sbom.cdx.json").read_text())
    hashes = {one["name"]: one["hashes"][0]["content"] for one in bill["metadata"]["component"]["components"]}
    assert hashes == {one["name"]: one["sha256"] for one in ledger["files"]}
    assert "--hash=sha256:" in ledger["build_lock"]
    assert "      extra.py  " in built.err  # the file tree
    assert made.git("status", "--porcelain") == ""
    before = (made.folder / "ledger.json").read_bytes()
    again = made.publish("build", "-q")
    assert (again.code, (made.folder / "ledger.json").read_bytes()) == (0, before)
    assert "never rebuilt" in again.err
    shown = made.publish("status")
    assert (shown.code, shown.out.splitlines()[-2:]) == (
        0,
        ["PASS  sample 1.0: built", "next: lockgate publish upload 1.0"],
    )


# What a backend does to the files of the wheel (a dictionary of name to entry and content), or what the package has.
SPOILED = {
    "time": (
        "files['sample/__init__.py'] = (files['sample/__init__.py'][0], b'NOW = %d' % time.time_ns()); return files",
        *("build", "sample-1.0-py3-none-any.whl is not the same: sample/__init__.py differs"),
    ),
    "clock": (
        "files['sample/extra.py'][0].date_time = time.gmtime()[:6]; return files",
        *("build", "other bytes: the time of sample/extra.py differs"),
    ),
    "order": (
        "return {name: files[name] for name in sorted(files, key=hash)}",
        *("build", "other bytes: the order of its files differs"),
    ),
    "folder": (
        "files['sample/extra.py'] = (files['sample/extra.py'][0], os.getcwd().encode()); return files",
        *("build", "is not the same: sample/extra.py differs"),
    ),
    "swept in": (
        "files['sample/scratch.txt'] = (zipfile.ZipInfo('sample/scratch.txt'), b'x'); return files",
        *("contents", "sample-1.0-py3-none-any.whl: sample/scratch.txt is not in git"),
    ),
    "left out": (
        "del files['sample/extra.py']; return files",
        *("wheel-3.12", "it does not import: ModuleNotFoundError: No module named 'sample.extra'"),
    ),
    "emptied": (
        "return {name: one for name, one in files.items() if not name.startswith('sample/')}",
        *("wheel-3.12", "has no module that could be imported"),
    ),
    "other from sdist": (
        (
            "files['sample/extra.py'] = (files['sample/extra.py'][0], b'' if os.path.exists('.gitignore') else b'1');"
            " return files"
        ),
        *("from-sdist", "the wheel built from the sdist is another one: sample/extra.py differs"),
    ),
    "linked": (
        (
            "name = 'sample-1.0.dist-info/METADATA'; info, text = files[name];"
            " files[name] = (info, b'Requires-Dist: evil @ https://example.org/evil.whl\\n' + text); return files"
        ),
        *("metadata", "an index refuses direct references"),
    ),
    "renamed": (
        (
            "name = 'sample-1.0.dist-info/METADATA'; info, text = files[name];"
            " files[name] = (info, text.replace(b'Name: sample', b'Name: other')); return files"
        ),
        *("metadata", "Name is other, not sample"),
    ),
    "broken": ("raise RuntimeError('no compiler')", "build", "the wheel does not build: RuntimeError: no compiler"),
}


QUICK = {"order", "swept in", "left out"}


@pytest.mark.parametrize(
    "flaw", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in SPOILED]
)
def test_what_a_backend_does_wrong_is_named_and_nothing_promoted(tmp_path: Path, outside: Outside, flaw: str) -> None:
    spoil, proof, words = SPOILED[flaw]
    made = ready(tmp_path, outside, spoil=spoil)
    built = made.publish("build")
    assert built.code == 1, built.out + built.err
    status, detail = steps(made)[proof]
    assert (status, words in detail) == ("fail", True), detail
    assert f"{proof}: {detail}" in built.out
    assert_nothing_promoted(made)


def test_a_backend_sees_no_token_and_tells_no_password(tmp_path: Path, outside: Outside) -> None:
    made = ready(tmp_path, outside, spoil="raise RuntimeError('; '.join(map('='.join, os.environ.items())))")
    secrets = {"UV_PUBLISH_TOKEN": "pypi-of-this-run", "UV_INDEX_MINE_PASSWORD": "hunter2secret", "GH_TOKEN": "t" * 20}
    built = made.publish("build", **secrets)
    assert built.code == 1, built.out + built.err
    everything = built.out + built.err + json.dumps(made.ledger)
    assert "UV_INDEX_MINE_PASSWORD=***" in everything
    assert not [name for name, value in secrets.items() if value in everything]
    assert "UV_PUBLISH_TOKEN" not in everything


@pytest.mark.slow
def test_tests_that_need_the_source_tree_fail(tmp_path: Path, outside: Outside) -> None:
    """A module that only the source tree has: imports from it work everywhere but for the users."""
    made = ready(
        tmp_path,
        outside,
        "hatchling",
        **{
            "src/sample/__init__.py": "",
            "pyproject.toml": _excluding("src/sample/extra.py"),
        },
    )
    built = made.publish("build")
    assert built.code == 1
    assert "ModuleNotFoundError: No module named 'sample.extra'" in steps(made)["wheel-3.12"][1]
    assert_nothing_promoted(made)


def _excluding(path: str) -> str:
    excluded = f'[tool.hatch.build]\nexclude = ["{path}"]\n'
    return PYPROJECT.format(system=BACKENDS["hatchling"], table=excluded)


def test_a_broken_description_a_secret_and_an_undeclared_file_are_all_told_at_once(
    tmp_path: Path, outside: Outside
) -> None:
    files = {
        "README.rst": "Title\n===\n\n.. no-such-directive:: x\n\n`broken <\n",
        ".env": "TOKEN=1\n",
        "tests/key.pem": "-----BEGIN RSA PRIVATE KEY-----\nx\n",
    }
    made = clone(tmp_path, outside, "hatchling", **files)
    text = (made.root / "pyproject.toml").read_text().replace("README.md", "README.rst")
    made.commit(**{"pyproject.toml": text})
    made.proved()
    built = made.publish("build")
    assert built.code == 1
    found = steps(made)
    assert found["metadata"][0] == "fail"
    assert "an index cannot show its description: " in found["metadata"][1]
    assert ".env looks like a secret; tests/key.pem looks like a secret" in found["contents"][1]
    meant = text + '[tool.lockgate.publish]\ndeclared = [".env", "tests/*.pem"]\n'
    made.commit(**{"pyproject.toml": meant, "README.rst": "Title\n=====\n\nIt doubles.\n"})
    made.proved()
    built = made.publish("build")
    assert built.code == 0, built.out


NATIVE = """\
from setuptools import setup
from setuptools.dist import Distribution

class Native(Distribution):
    def has_ext_modules(self):
        return True

setup(distclass=Native)
"""


@pytest.mark.slow
def test_platform_wheels_are_supplied_and_checked(tmp_path: Path, outside: Outside) -> None:
    made = ready(tmp_path, outside, "setuptools", **{"setup.py": NATIVE})
    built = made.publish("build")
    assert (built.code, "give them with --wheels DIR" in built.out) == (3, True), built.out
    assert_nothing_promoted(made)
    house = tmp_path / "wheelhouse"
    found = Finder(tmp_path / "memory").find("3.12")
    assert found is not None
    line = ["uv", "build", "-q", "--wheel", "--python", found.path, "--out-dir", str(house), str(made.root)]
    subprocess.run(line, check=True, capture_output=True)
    [wheel] = house.glob("*.whl")
    other = house / wheel.name.replace("sample", "other")
    other.write_bytes(wheel.read_bytes())
    built = made.publish("build", "--wheels", str(house))
    assert (built.code, "is not of sample 1.0" in built.out) == (1, True), built.out
    other.unlink()
    built = made.publish("build", "--wheel", str(wheel))
    assert built.code == 0, built.out
    assert sha256(made.folder / "dist" / wheel.name) == sha256(wheel)
    assert not list(made.folder.glob("dist/*none-any*"))


@pytest.mark.slow
def test_promoted_bytes_that_were_changed_are_not_rebuilt(tmp_path: Path, outside: Outside) -> None:
    made = ready(tmp_path, outside)
    assert made.publish("build").code == 0
    [wheel] = (made.folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("more", "")
    for line in ("build", "status"):
        ran = made.publish(line)
        assert (ran.code, f"{wheel.name} has other bytes" in ran.out) == (1, True), ran.out
    wheel.unlink()
    assert f"{wheel.name} is missing" in made.publish("build").out


@pytest.mark.slow
def test_without_an_interpreter_it_is_unknown_and_without_a_plan_nothing_is_built(
    tmp_path: Path, outside: Outside
) -> None:
    made = clone(tmp_path, outside)
    early = made.publish("build")
    assert (early.code, "has no release of 1.0 yet" in early.err) == (2, True)
    assert "nothing is planned yet" in made.publish("status").out
    assert not made.folder.joinpath("dist").exists()
    text = (made.root / "pyproject.toml").read_text()
    made.commit(**{"pyproject.toml": text.replace('["3.12"]', '["3.5", "3.12"]').replace(">=3.8", ">=3.5")})
    outside.passed(made.head, "test-matrix (3.5)")
    made.proved()
    built = made.publish("build", UV_PYTHON_DOWNLOADS="never")
    assert built.code == 3, built.out
    assert steps(made)["wheel-3.12"][0] == "pass"
    assert "Python 3.5 is not on this machine" in steps(made)["wheel-3.5"][1]
    assert_nothing_promoted(made)


@pytest.mark.slow
def test_a_package_without_tests_is_imported(tmp_path: Path, outside: Outside) -> None:
    made = clone(tmp_path, outside)
    made.git("rm", "-q", "-r", "tests")
    made.commit()
    outside.passed(made.head, "test-matrix (3.12)")
    made.proved()
    assert made.publish("build").code == 0
    assert steps(made)["wheel-3.12"][1] == "imports sample; the project has no tests"


def killed_at(made: Clone, words: str) -> str:
    """Start a build and kill it, with SIGKILL, as soon as it says `words`; returns what it said."""
    line = command("publish", "build", "1.0", "--index", made.outside.url)
    child = subprocess.Popen(line, cwd=made.root, env=environment(), stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    said = ""
    for read in child.stderr:
        said += read
        if words in read:
            break
    child.kill()
    child.communicate()
    assert child.returncode == -signal.SIGKILL, said
    return said


@pytest.mark.parametrize(
    "moment", ["testing", *(pytest.param(one, marks=pytest.mark.slow) for one in ("locking", "pass    build"))]
)
def test_a_build_that_is_killed_leaves_no_half_ledger_and_is_done_again(
    tmp_path: Path, outside: Outside, moment: str
) -> None:
    made = ready(tmp_path, outside)
    before = (made.folder / "ledger.json").read_bytes()
    killed_at(made, moment)
    assert (made.folder / "ledger.json").read_bytes() == before
    assert_nothing_promoted(made)
    built = made.publish("build")
    assert built.code == 0, built.out + built.err
    # What the killed one left is gone.
    assert list((made.root / ".lockgate" / "run").iterdir()) == []


@pytest.mark.slow
def test_a_hail_of_kills_never_leaves_a_ledger_that_says_more_than_is_there(tmp_path: Path, outside: Outside) -> None:
    made = ready(tmp_path, outside)
    for number in range(14):
        line = command("publish", "build", "1.0", "-q", "--index", outside.url)
        child = subprocess.Popen(
            line, cwd=made.root, env=environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        time.sleep(0.4 * (number + 1))
        child.kill()
        child.wait()
        ledger = made.ledger
        found = {path.name: sha256(path) for path in (made.folder / "dist").glob("*")}
        if ledger["state"] == "built":
            assert found == {one["name"]: one["sha256"] for one in ledger["files"]}
    assert made.publish("build").code == 0


@pytest.mark.slow
def test_an_interrupt_promotes_nothing(tmp_path: Path, outside: Outside) -> None:
    made = ready(tmp_path, outside)
    line = command("publish", "build", "1.0", "--index", outside.url)
    child = subprocess.Popen(line, cwd=made.root, env=environment(), stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    for read in child.stderr:
        if "pass    build" in read:
            break
    os.kill(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, "nothing was promoted" in said) == (130, True), said
    assert_nothing_promoted(made)


@pytest.mark.slow
def test_two_builds_at_once_end_with_one_release(tmp_path: Path, outside: Outside) -> None:
    made = ready(tmp_path, outside)
    line = command("publish", "build", "1.0", "--index", outside.url)
    two = [
        subprocess.Popen(line, cwd=made.root, env=environment(), stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [one.communicate(timeout=120)[1] for one in two]
    assert [one.returncode for one in two] == [0, 0], said
    assert sum("never rebuilt" in one for one in said) == 1
    assert sum("waiting for another lockgate" in one for one in said) == 1


@pytest.mark.slow
def test_the_bill_of_materials_keeps_to_cyclonedxs_schema(tmp_path: Path, outside: Outside) -> None:
    made = ready(tmp_path, outside)
    assert made.publish("build").code == 0
    script = (
        "import sys\nfrom cyclonedx.schema import SchemaVersion\n"
        "from cyclonedx.validation.json import JsonStrictValidator\n"
        "found = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read())\n"
        "sys.exit(str(found) if found else 0)\n"
    )
    line = ["uv", "run", "-q", "--no-project", "--isolated", "--with", "cyclonedx-python-lib[json-validation]"]
    path = str(made.folder / "sbom.cdx.json")
    done = subprocess.run([*line, "python", "-c", script, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_example_can_be_planned_and_built(tmp_path: Path, outside: Outside) -> None:
    example = Path(__file__).parents[2] / "examples" / "mypylogger"
    root = tmp_path / "sample"
    shutil.copytree(example, root, ignore=shutil.ignore_patterns(".lockgate", ".venv", "__pycache__", ".*_cache"))
    made = Clone(commit(root), outside)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "origin.git")], check=True)
    made.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    made.git("push", "-q", "-u", "origin", "main")
    cells = [f"test-matrix (3.{minor})" for minor in range(8, 13)]
    outside.passed(made.head, *cells, "quality-checks", "coverage-report", "security-scan")
    assert made.publish("plan", "--no-run", "--confirm", "publisher", version="0.1.0").code == 0
    built = made.publish("build", version="0.1.0")
    assert built.code == 0, built.out + built.err
    assert built.err.count("70 tests passed against the wheel") == 5
