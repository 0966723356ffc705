"""The result cache promises nothing that was not seen: what is kept, what never is, and what counts as damaged."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.cache_place import TABLE, TEST, Place, all_cached, shown, some, text_at
from tests.support import commit, package, write

COVERED = '[tool.lockgate]\npython = ["3.12"]\nchecks = ["lint", "test", "coverage"]\n'
ALL = ("lint", "test", "coverage")


def _with_test(top: Path, body: str, table: str = TABLE) -> Place:
    """A place whose project has one more test with this body, which finds `os`, `Path`, `TOP` and `tmp_path`."""
    place = Place(top)
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    start = "import os\nfrom pathlib import Path\n\nTOP = Path(__file__).parents[2]\n\n\n"
    test = f"def test_body(tmp_path: Path) -> None:\n{lines}\n"
    write(package(place.root, table), {"tests/test_body.py": start + test})
    return place


# What runs nothing again.


def test_nothing_changed_runs_nothing_again_however_often(tmp_path: Path) -> None:
    place = Place(tmp_path, checks=ALL)
    package(place.root, COVERED)
    first = place.gate()
    assert not any(check["cached"] for check in first.document["checks"])
    for _ in range(3):
        again = place.gate()
        assert all_cached(again), shown(again)
    for name in ("lint", TEST, "coverage"):
        for fact in ("status", "tests", "python", "seconds", "problems"):
            assert again.check(name)[fact] == first.check(name)[fact]
        assert again.check(name)["cached_age"] > 0
        assert again.check(name)["key"]
    assert again.document["coverage"] == first.document["coverage"]


@pytest.mark.parametrize("git", [True, False], ids=["ignored by git", "without git"])
def test_files_that_the_tests_write_run_nothing_again(tmp_path: Path, git: bool) -> None:
    written = """\
(TOP / "project/report.xml").write_text(str(os.getpid()))
(TOP / "project/out/deep").mkdir(parents=True, exist_ok=True)
(TOP / "project/out/deep/result.txt").write_text(str(os.getpid()))
(TOP / "outside.txt").write_text(str(os.getpid()))
assert (TOP / "project/out/deep/result.txt").read_text()
"""
    place = replace(_with_test(tmp_path, written, COVERED), checks=ALL)
    if git:
        commit(write(place.root, {".gitignore": "report.xml\nout\n.lockgate\n"}))
    first = place.gate()
    assert first.code == 0, shown(first)
    second = place.gate()
    assert all_cached(second), shown(second)


def test_reports_in_the_project_run_nothing_again_until_they_are_edited(tmp_path: Path) -> None:
    place = Place(tmp_path, checks=ALL)
    package(place.root, COVERED)
    place.gate("--report", "out/gate")
    again = place.gate("--report", "out/gate")
    assert all_cached(again), shown(again)
    assert all_cached(place.gate())
    write(place.root, {"out/gate/gate.json": "{}"})
    assert not place.gate().check(TEST)["cached"]


def test_fresh_runs_everything_and_what_passes_serves_the_next_run(tmp_path: Path) -> None:
    place = Place(tmp_path, checks=ALL)
    package(place.root, COVERED)
    place.settle()
    ran = place.gate("--fresh")
    assert not any(check["cached"] for check in ran.document["checks"])
    again = place.gate()
    assert all_cached(again), shown(again)


# What is never kept.


NO_PASSES = {
    "failed": ("assert False", "fail"),
    "all skipped": ("import pytest\npytest.skip('no')", "unknown"),
    "ended early": ("os._exit(0)", "fail"),
    "crashed": ("os.abort()", "fail"),
}


@pytest.mark.parametrize("name", some(NO_PASSES, {"failed", "all skipped"}))
def test_what_is_no_pass_is_never_cached(tmp_path: Path, name: str) -> None:
    body, status = NO_PASSES[name]
    place = _with_test(tmp_path, body)
    (place.root / "tests/test_sample.py").unlink()
    for _ in range(2):
        ran = place.gate()
        assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == (status, False), shown(ran)


def test_an_interpreter_that_is_missing_is_never_cached(tmp_path: Path) -> None:
    place = Place(tmp_path, checks=("test",))
    package(place.root, TABLE.replace("3.12", "3.77"))
    for _ in range(2):
        check = place.gate("--offline").check("test-3.77")
        assert (check["status"], check["cached"]) == ("unknown", False)


def test_a_failure_is_not_cached_and_the_pass_before_it_still_counts(tmp_path: Path) -> None:
    place = _with_test(tmp_path, "assert (TOP / 'project/data.txt').read_text() == 'one'")
    write(place.root, {"data.txt": "one"})
    place.settle()
    write(place.root, {"data.txt": "another"})
    for _ in range(2):
        ran = place.gate()
        assert (ran.code, ran.check(TEST)["cached"]) == (1, False), shown(ran)
    write(place.root, {"data.txt": "one"})
    assert all_cached(place.gate())


def test_a_flaky_pass_is_never_cached(tmp_path: Path) -> None:
    flaky = "mark = TOP / 'mark.txt'\nexists = mark.exists()\nmark.touch()\nassert exists"
    place = _with_test(tmp_path, flaky, f"{TABLE}test.reruns = 1\n")
    for _ in range(2):
        ran = place.gate()
        assert ran.check(TEST)["status"] == "pass", shown(ran)
        assert (ran.check(TEST)["tests"]["flaky"], ran.check(TEST)["cached"]) == (1, False)
        (place.top / "mark.txt").unlink()


REWRITING = {
    "rewrites what it read": "text = path.read_text()\npath.write_text(text + 'x')",
    "rewrites what it read with the same text": "path.write_text(path.read_text())",
    "changes what it read in place": "with path.open('r+') as file:\n    file.read()\n    file.write('x')",
    "replaces what it read": "path.read_text()\n(tmp_path / 'new').write_text('x')\nos.replace(tmp_path / 'new', path)",
    "removes what it read": "path.read_text()\npath.unlink()\npath.write_text('x')",
}


@pytest.mark.parametrize("name", some(REWRITING, {"rewrites what it read with the same text", "replaces what it read"}))
@pytest.mark.parametrize("place_of_it", some(["project/data.txt", "outside.txt"], {"project/data.txt"}))
def test_tests_that_read_and_then_rewrite_a_file_are_not_cached(tmp_path: Path, name: str, place_of_it: str) -> None:
    place = _with_test(tmp_path, f"path = TOP / '{place_of_it}'\n{REWRITING[name]}")
    write(place.top, {place_of_it: "one"})
    for _ in range(2):
        ran = place.gate()
        assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == ("pass", False), shown(ran)
        assert f"{TEST} will run again next time" in ran.err
        assert Path(place_of_it).name in ran.err


def test_lint_that_ran_before_the_tests_wrote_a_module_is_not_cached_for_that_module(tmp_path: Path) -> None:
    writes = "assert os.getcwd()\n(TOP / 'project/src/sample/generated.py').write_text('import os\\n')"
    table = TABLE.replace('"test"', '"lint", "test"')
    place = replace(_with_test(tmp_path, writes, table), checks=("lint", "test"))
    first = place.gate("--jobs", "1")
    assert first.check("lint")["status"] == "pass", shown(first)
    second = place.gate("--jobs", "1")
    assert (second.check("lint")["status"], second.check("lint")["cached"]) == ("fail", False), shown(second)


# What is damaged.


def _entries(place: Place, check: str) -> list[Path]:
    found = sorted((place.root / ".lockgate/cache/results" / check).iterdir())
    assert found
    return found


def _truncate(entry: Path) -> None:
    path = entry / "entry.json"
    path.write_bytes(path.read_bytes()[:-10])


def _empty(entry: Path) -> None:
    (entry / "entry.json").write_bytes(b"")


def _not_unicode(entry: Path) -> None:
    path = entry / "entry.json"
    path.write_bytes(path.read_bytes().replace(b"pass", b"\xff\xfe\xfd\xfc"))


def _flip_data(entry: Path) -> None:
    path = entry / "data-0"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _without_data(entry: Path) -> None:
    (entry / "data-0").unlink()


def _as_a_folder(entry: Path) -> None:
    (entry / "entry.json").unlink()
    (entry / "entry.json").mkdir()


def _as_a_file(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.write_bytes(b"")


DAMAGE: dict[str, Callable[[Path], None]] = {
    "truncated": _truncate,
    "empty": _empty,
    "not Unicode": _not_unicode,
    "flipped bit of the data": _flip_data,
    "without its data": _without_data,
    "a folder": _as_a_folder,
    "a file": _as_a_file,
}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project with everything cached."""
    place = Place(tmp_path_factory.mktemp("settled"), checks=("test", "coverage"))
    package(place.root, COVERED)
    place.settle()
    return place


@pytest.mark.parametrize("name", some(DAMAGE, {"truncated", "flipped bit of the data", "without its data"}))
def test_a_damaged_entry_is_a_miss_and_is_replaced(settled: Place, name: str) -> None:
    for entry in _entries(settled, TEST):
        DAMAGE[name](entry)
    ran = settled.gate()
    assert (ran.code, ran.check(TEST)["cached"]) == (0, False), shown(ran)
    again = settled.gate()
    assert all_cached(again), shown(again)


@pytest.mark.slow
def test_no_flipped_byte_of_an_entry_makes_another_result(settled: Place) -> None:
    settled.settle()
    whole = (_entries(settled, "coverage")[0] / "entry.json").read_bytes()
    expected = settled.gate().document["coverage"]
    places = random.Random(2).sample(range(len(whole)), 8)  # noqa: S311
    figures = [whole.index(b'"percent":') + 11, whole.index(b'"threshold":') + 13]
    for position in (*places, *figures):
        for entry in _entries(settled, "coverage"):
            changed = bytearray((entry / "entry.json").read_bytes())
            changed[position] ^= 1
            (entry / "entry.json").write_bytes(changed)
        ran = settled.gate()
        assert ran.code == 0, shown(ran)
        assert ran.document["coverage"] == expected, f"byte {position} of {whole!r}"


@pytest.mark.parametrize("status", some(["fail", "unknown", "skipped", "not-run"], {"fail"}))
def test_a_stored_status_other_than_pass_is_never_used(settled: Place, status: str) -> None:
    settled.settle()
    for entry in _entries(settled, TEST):
        path = entry / "entry.json"
        text = path.read_text()
        assert '"status":"pass"' in text
        path.write_text(text.replace('"status":"pass"', f'"status":"{status}"'))
    ran = settled.gate()
    assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == ("pass", False), shown(ran)


def test_a_result_that_was_moved_to_another_key_is_never_used(settled: Place) -> None:
    settled.settle()
    with settled.restored():
        text_at("project/tests/test_sample.py", "def test_other() -> None:\n    assert True\n")(settled)
        settled.settle()
        first, *others = sorted(_entries(settled, TEST), key=lambda entry: entry.stat().st_mtime, reverse=True)
        for other in others:
            shutil.copytree(first, other, dirs_exist_ok=True)
    ran = settled.gate()
    assert (ran.check(TEST)["status"], ran.check(TEST)["cached"]) == ("pass", False), shown(ran)
