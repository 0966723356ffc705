"""Coverage as the project configures it, combined, and never rounded up."""

from __future__ import annotations

import pytest

from tests.e2e.places import NEVER, PLUGINS, SOURCE, TEST_DOUBLE, Makes, counts, uncovered
from tests.support import PYPROJECT, lockgate

IN_CHILD = """\
import subprocess
import sys


def test_child() -> None:
    subprocess.run([sys.executable, "-c", "import sample; sample.half(3)"], check=True)
    subprocess.run([sys.executable, "-c", "import json"], check=True)
"""
IN_FORK = """\
import multiprocessing

from sample import half


def test_fork() -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map(half, [2, 4]) == [1, 2]
        pool.close()
        pool.join()
"""


@pytest.mark.parametrize(
    ("measure", "test", "missing"),
    [
        ('source = ["sample"]', IN_CHILD, [[6, 6], *NEVER]),
        ('source = ["sample"]\nparallel = true\npatch = ["subprocess"]', IN_CHILD, NEVER),
        ('source = ["sample"]', IN_FORK, [[6, 6], *NEVER]),
        ('source = ["sample"]\nconcurrency = ["multiprocessing"]\nparallel = true', IN_FORK, NEVER),
    ],
    ids=["child", "patched-child", "fork", "multiprocessing"],
)
def test_children_are_measured_if_and_only_if_coverage_is_configured_so(
    place: Makes, measure: str, test: str, missing: list[list[int]]
) -> None:
    here = place()
    files = {"src/sample/__init__.py": SOURCE, "tests/test_double.py": TEST_DOUBLE, "tests/test_child.py": test}
    here.put(files, measure=measure, own=False)
    ran = here.gate()
    assert (ran.code, counts(ran), uncovered(ran)) == (0, {"collected": 2, "passed": 2}, missing)


@pytest.mark.parametrize("addopts", ["--cov", pytest.param("-n 2", marks=pytest.mark.slow)])
def test_patched_children_are_measured_beside_pytest_cov_and_xdist(place: Makes, addopts: str) -> None:
    here = place(*PLUGINS)
    files = {"src/sample/__init__.py": SOURCE, "tests/test_double.py": TEST_DOUBLE, "tests/test_child.py": IN_CHILD}
    here.put(files, addopts=addopts, measure='source = ["sample"]\nparallel = true\npatch = ["subprocess"]', own=False)
    ran = here.gate()
    assert (ran.code, uncovered(ran)) == (0, NEVER)


def test_lines_that_never_ran_and_branches_that_were_never_taken_are_listed(place: Makes) -> None:
    here = place()
    source = """\
        def clip(number: int, limit: int) -> int:
            if number > limit:
                number = limit
            return number


        def never() -> int:
            print()
            print()
            return 0
        """
    test = """\
        from sample import clip


        def test_clip() -> None:
            assert clip(3, 2) == 2
        """
    here.put(
        {"src/sample/__init__.py": source, "tests/test_clip.py": test},
        measure='source = ["sample"]\nbranch = true',
        own=False,
    )
    ran = here.gate("coverage")
    missing = {"path": "src/sample/__init__.py", "lines": [[8, 10]], "branches": [[2, 4]]}
    assert ran.document["coverage"]["missing"] == [missing]
    assert "src/sample/__init__.py: 8-10, 2->4" in lockgate(here.root, "gate", "coverage").out


def _module(hit: int, missed: int) -> str:
    """A module of `hit` statements that run when it is imported and `missed` that do not."""
    body = "    print()\n" * missed
    return f"def never() -> None:\n{body}\n\n" + "X = 1\n" * (hit - 1)


@pytest.mark.parametrize(
    ("hit", "missed", "threshold", "code", "shown"),
    [
        (1899, 100, "95", 1, "94.99 % is below 95 %"),
        (19, 1, "95", 0, "coverage 95.00 % (threshold 95 %)"),
        (2, 1, "66.67", 1, "66.66 % is below 66.67 %"),
        pytest.param(19, 1, "100", 1, "95.00 % is below 100 %", marks=pytest.mark.slow),
    ],
)
def test_coverage_is_never_rounded_up(
    place: Makes, hit: int, missed: int, threshold: str, code: int, shown: str
) -> None:
    here = place()
    test = "import sample\n\n\ndef test_import() -> None:\n    assert sample\n"
    here.put(
        {"src/sample/__init__.py": _module(hit, missed), "tests/test_import.py": test},
        table=f"[tool.lockgate.coverage]\nthreshold = {threshold}\n",
        own=False,
    )
    ran = lockgate(here.root, "gate", "--fresh", "coverage")
    assert ran.code == code
    assert shown in ran.out
    if code:
        assert f"never ran: lines {'2' if missed == 1 else f'2-{1 + missed}'}" in ran.out


@pytest.mark.parametrize("where", ["pyproject.toml", ".coveragerc", pytest.param("setup.cfg", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("fail_under", "code"), [(80, 0), (84, 1)])
def test_without_a_table_the_project_s_own_fail_under_is_the_threshold(
    place: Makes, where: str, fail_under: int, code: int
) -> None:
    here = place(variant="no table")
    project = PYPROJECT.replace(">=3.8", ">=3.12,<3.13")
    toml = f"{project}\n[dependency-groups]\ntest = ['coverage', 'pytest']\n"
    files = {
        ".coveragerc": {".coveragerc": f"[run]\nsource = sample\n[report]\nfail_under = {fail_under}\n"},
        "setup.cfg": {"setup.cfg": f"[coverage:run]\nsource = sample\n[coverage:report]\nfail_under = {fail_under}\n"},
    }.get(where, {})
    if where == "pyproject.toml":
        toml += f'[tool.coverage]\nrun.source = ["sample"]\nreport.fail_under = {fail_under}\n'
    here.put({**files, "pyproject.toml": toml})
    ran = here.gate()
    assert [check["name"] for check in ran.document["checks"]] == ["test-3.12", "coverage"]
    assert (ran.code, ran.document["coverage"]["threshold"]) == (code, fail_under)
