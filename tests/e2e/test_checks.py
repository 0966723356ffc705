"""A part of the gate; lint, format and types; the checks of the project."""

from __future__ import annotations

import pytest

from tests.e2e.places import NEVER, Makes, cell, counts, uncovered
from tests.support import lockgate


def test_arguments_for_pytest_make_the_gate_partial_and_leave_coverage_out(place: Makes) -> None:
    here = place()
    here.put(table='checks = ["test", "coverage"]\n')
    ran = here.gate("--", "-k", "half")
    assert (ran.code, counts(ran)) == (0, {"collected": 1, "passed": 1, "deselected": 1})
    assert ran.document["scope"] == {"partial": True, "not_run": ["coverage"]}
    assert ran.check("coverage")["status"] == "not-run"
    assert "partial (not run: coverage)" in lockgate(here.root, "gate", "--", "-k", "half").out


def test_selecting_no_test_at_all_is_no_pass(place: Makes) -> None:
    here = place()
    here.put()
    ran = here.gate("test", "--", "-k", "no_such_test")
    assert (ran.code, cell(ran)["reason"]) == (1, "no test was selected: a cell that tests nothing proves nothing")


def test_naming_coverage_alone_runs_the_cells_that_it_needs(place: Makes) -> None:
    here = place()
    here.put()
    ran = here.gate("coverage")
    statuses = {check["name"]: check["status"] for check in ran.document["checks"]}
    assert {name for name, status in statuses.items() if status == "pass"} == {"test-3.12", "coverage"}
    assert ran.document["scope"] == {"partial": True, "not_run": ["lint", "format", "types"]}
    assert uncovered(ran) == NEVER


def test_a_chosen_python_runs_only_its_cell(place: Makes) -> None:
    here = place(variant="two cells")
    here.put(table='checks = ["test", "coverage"]\n')
    text = (here.root / "pyproject.toml").read_text(encoding="utf-8")
    (here.root / "pyproject.toml").write_text(text.replace('["3.12"]', '["3.11", "3.12"]', 1), encoding="utf-8")
    ran = here.gate("--python", "3.12")
    statuses = {check["name"]: check["status"] for check in ran.document["checks"]}
    assert statuses == {"test-3.11": "not-run", "test-3.12": "pass", "coverage": "not-run"}
    assert (ran.code, ran.document["scope"]) == (0, {"partial": True, "not_run": ["test-3.11", "coverage"]})
    wrong = lockgate(here.root, "gate", "--python", "3.21")
    assert wrong.code == 2
    assert "Python 3.21 is not among this project's: 3.11, 3.12" in wrong.err


def test_list_shows_the_checks_and_runs_none(place: Makes) -> None:
    here = place()
    here.put(table='[tool.lockgate.check.docs]\nrun = ["false"]\n')
    ran = lockgate(here.root, "gate", "--list")
    names = [line.split()[0] for line in ran.out.splitlines()]
    assert (ran.code, names) == (0, ["lint", "format", "types", "test-3.12", "docs", "coverage"])
    part = lockgate(here.root, "gate", "--list", "coverage", "docs")
    assert [line.split()[0] for line in part.out.splitlines()] == ["test-3.12", "docs", "coverage"]
    wrong = lockgate(here.root, "gate", "tests")
    assert (wrong.code, "no check is called 'tests' here" in wrong.err) == (2, True)


UNTIDY = "import os\n\nx = {  'a':1 }\n"


def test_fix_mends_what_ruff_can_and_the_check_says_what_it_cannot(place: Makes) -> None:
    here = place()
    here.put({"src/sample/untidy.py": UNTIDY, "src/sample/wrong.py": "y = undefined_name\n"})
    before = here.gate("lint", "format", "--keep-going")
    rules = {problem["rule"] for name in ("lint", "format") for problem in before.check(name)["problems"]}
    assert before.code == 1
    assert {"F401", "F821", "format"} <= rules
    assert (here.root / "src/sample/untidy.py").read_text(encoding="utf-8") == UNTIDY

    fixed = here.gate("lint", "format", "--fix", "--keep-going")
    assert (here.root / "src/sample/untidy.py").read_text(encoding="utf-8") == 'x = {"a": 1}\n'
    assert fixed.check("format")["status"] == "pass"
    (left,) = fixed.check("lint")["problems"]
    assert (fixed.code, left["rule"], left["path"], left["line"]) == (1, "F821", "src/sample/wrong.py", 1)


def test_fix_mends_only_what_was_asked_for(place: Makes) -> None:
    here = place()
    here.put({"src/sample/untidy.py": UNTIDY})
    assert here.gate("format", "--fix").code == 0
    assert (here.root / "src/sample/untidy.py").read_text(encoding="utf-8") == 'import os\n\nx = {"a": 1}\n'
    nothing = lockgate(here.root, "gate", "--fix", "test")
    assert (nothing.code, "--fix needs lint or format" in nothing.err) == (2, True)


def test_a_configured_fix_only_neither_hides_nor_mends_anything(place: Makes) -> None:
    here = place()
    here.put({"src/sample/more.py": "import os\n"}, toml="[tool.ruff]\nfix-only = true\n")
    ran = here.gate("lint")
    assert (ran.code, ran.check("lint")["status"]) == (1, "fail")
    assert (here.root / "src/sample/more.py").read_text() == "import os\n"


def test_a_project_s_own_checks_pass_fail_or_stay_unknown(place: Makes) -> None:
    here = place()
    table = """\
        [tool.lockgate.check.good]
        run = ["python", "-c", "import sample, sys; assert sys.version_info[:2] == (3, 12)"]

        [tool.lockgate.check.bad]
        run = ["python", "-c", "print('the reason'); raise SystemExit(3)"]

        [tool.lockgate.check.killed]
        run = ["python", "-c", "import os; os.kill(os.getpid(), 9)"]

        [tool.lockgate.check.gone]
        run = ["no-such-command-anywhere", "docs"]

        [tool.lockgate.check.slow]
        run = ["sleep", "60"]
        timeout = "1s"
        """.replace("        ", "")
    here.put(table=table)
    ran = here.gate("good", "bad", "killed", "gone", "slow", "--keep-going")
    names = ("good", "bad", "killed", "gone", "slow")
    assert ran.code == 1
    assert [ran.check(name)["status"] for name in names] == ["pass", "fail", "fail", "unknown", "fail"]
    (bad,) = ran.check("bad")["problems"]
    assert "exit 3" in bad["message"]
    assert bad["excerpt"] == "the reason"
    assert "SIGKILL" in ran.check("killed")["problems"][0]["message"]
    assert "no-such-command-anywhere" in ran.check("gone")["reason"]
    assert here.gate("gone", "good").code == 3


def test_no_type_checker_is_unknown_and_says_how_to_get_one(place: Makes) -> None:
    here = place()
    here.put()
    ran = here.gate("types")
    assert (ran.code, ran.check("types")["status"]) == (3, "unknown")
    assert "uv add --dev mypy" in ran.check("types")["reason"]


MISTYPED = {"src/sample/mistyped.py": 'def three() -> int:\n    return "3"\n'}


@pytest.mark.parametrize(
    ("checker", "nothing_to_see"),
    [
        ("mypy", '[tool.mypy]\nfiles = ["src"]\nexclude = ["."]\n'),
        ("ty", '[tool.ty.src]\ninclude = ["docs"]\n'),
        pytest.param("pyright", '[tool.pyright]\ninclude = ["docs"]\n', marks=pytest.mark.slow),
    ],
)
def test_the_type_checker_of_the_project_decides(place: Makes, checker: str, nothing_to_see: str) -> None:
    here = place(checker)
    here.put()
    assert here.gate("types").code == 0
    here.put(MISTYPED)
    bad = here.gate("types")
    (problem,) = bad.check("types")["problems"]
    assert (bad.code, problem["tool"], problem["path"], problem["line"]) == (1, checker, "src/sample/mistyped.py", 2)
    here.put(MISTYPED, toml=nothing_to_see)
    assert here.gate("types").code == 3


def test_a_warning_that_the_checker_refuses_is_a_failure(place: Makes) -> None:
    here = place("ty")
    rules = '[tool.ty.rules]\ninvalid-return-type = "warn"\n[tool.ty.terminal]\nerror-on-warning = true\n'
    here.put(MISTYPED, toml=rules)
    ran = here.gate("types")
    assert (ran.code, ran.check("types")["status"]) == (1, "fail")
    assert "over warnings" in ran.check("types")["reason"]
