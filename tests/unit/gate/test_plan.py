from __future__ import annotations

import pytest

from lockgate.gate.plan import Selection, Step, plan, priority
from lockgate.model.errors import UsageError
from lockgate.model.project import Project
from tests.unit.builders import project

EVERYTHING = ("lint", "format", "types", "test-3.8", "test-3.12", "docs", "coverage")


@pytest.fixture
def package() -> Project:
    return project("[tool.lockgate]\n[tool.lockgate.check.docs]\nrun = ['x']")


def selected(package: Project, *names: str, python: tuple[str, ...] = (), args: tuple[str, ...] = ()) -> set[str]:
    return {step.name for step in plan(package, Selection(names, python, args)).selected()}


def refusal(package: Project, *names: str, python: tuple[str, ...] = ()) -> tuple[str, str | None]:
    with pytest.raises(UsageError) as caught:
        plan(package, Selection(names, python))
    return caught.value.message, caught.value.hint


def test_without_names_everything_runs_and_nothing_is_left_out(package: Project) -> None:
    planned = plan(package, Selection())
    assert tuple(step.name for step in planned.selected()) == EVERYTHING
    assert (planned.scope.partial, planned.scope.not_run) == (False, ())


def test_what_is_not_about_one_cell_runs_in_the_newest_and_coverage_after_all_cells(package: Project) -> None:
    steps = {step.name: step for step in plan(package, Selection()).steps}
    assert {name: step.python for name, step in steps.items()} == {
        **dict.fromkeys(EVERYTHING, "3.12"),
        "test-3.8": "3.8",
    }
    assert {name: step.needs for name, step in steps.items() if step.needs} == {"coverage": ("test-3.8", "test-3.12")}


def test_what_was_not_asked_for_is_listed_as_not_run(package: Project) -> None:
    planned = plan(package, Selection(("lint", "test-3.8")))
    assert [step.name for step in planned.selected()] == ["lint", "test-3.8"]
    assert planned.scope.partial
    assert planned.scope.not_run == ("format", "types", "test-3.12", "docs", "coverage")
    assert {step.name for step in planned.steps} == set(EVERYTHING)


def test_test_means_all_cells_and_no_coverage(package: Project) -> None:
    assert selected(package, "test") == {"test-3.8", "test-3.12"}


def test_a_named_coverage_brings_its_cells(package: Project) -> None:
    assert selected(package, "coverage") == {"test-3.8", "test-3.12", "coverage"}


def test_a_chosen_python_leaves_the_other_checks_and_takes_coverage_out(package: Project) -> None:
    assert selected(package, python=("3.8",)) == {"lint", "format", "types", "docs", "test-3.8"}


def test_coverage_stays_when_all_pythons_are_chosen(package: Project) -> None:
    assert selected(package, python=("3.8", "3.12")) == set(EVERYTHING)


def test_coverage_of_a_chosen_python_may_be_asked_for_by_name(package: Project) -> None:
    assert selected(package, "coverage", python=("3.8",)) == {"test-3.8", "coverage"}


def test_a_part_of_the_tests_says_nothing_of_the_coverage(package: Project) -> None:
    planned = plan(package, Selection(pytest_args=("-k", "parser")))
    assert {step.name for step in planned.selected()} == set(EVERYTHING) - {"coverage"}
    assert planned.scope.partial


def test_pytest_arguments_make_it_partial_even_when_every_check_runs() -> None:
    only_tests = project("[tool.lockgate]\nchecks = ['test']")
    planned = plan(only_tests, Selection(pytest_args=("-k", "parser")))
    assert (planned.scope.partial, planned.scope.not_run) == (True, ())


def test_test_of_a_chosen_python_is_that_cell(package: Project) -> None:
    assert selected(package, "test", python=("3.12",)) == {"test-3.12"}
    assert selected(package, "test-3.12", "lint", python=("3.12",)) == {"test-3.12", "lint"}


@pytest.mark.parametrize("names", [("test-3.8",), ("test-3.8", "test-3.12"), ("lint", "test-3.8")])
def test_a_named_cell_that_the_chosen_python_rules_out_is_a_contradiction(
    package: Project, names: tuple[str, ...]
) -> None:
    message, hint = refusal(package, *names, python=("3.12",))
    assert message == "test-3.8 and --python 3.12 exclude each other"
    assert hint == "leave --python out, or add --python 3.8"


def test_an_unknown_name_suggests_the_nearest(package: Project) -> None:
    assert refusal(package, "tset-3.8") == ("no check is called 'tset-3.8' here", "did you mean 'test-3.8'?")
    assert refusal(package, "doc") == ("no check is called 'doc' here", "did you mean 'docs'?")
    assert refusal(package, "zzz")[1] == f"valid names are: {', '.join(EVERYTHING)}"


def test_test_is_an_unknown_name_where_there_are_no_cells() -> None:
    without = project("[tool.lockgate]\nchecks = ['lint']")
    assert refusal(without, "test") == ("no check is called 'test' here", "valid names are: lint")


def test_an_unknown_python_names_those_of_the_project(package: Project) -> None:
    assert refusal(package, python=("3.11",)) == (
        "Python 3.11 is not among this project's: 3.8, 3.12",
        "did you mean '3.12'?",
    )


def test_nothing_to_check_is_refused_with_the_way_to_say_what() -> None:
    message, hint = refusal(project("", has_tests=False))
    assert message == "sample declares nothing that the gate could check: no tests, no ruff, no type checker"
    assert hint is not None
    assert "[tool.lockgate]" in hint


def test_coverage_without_tests_is_refused() -> None:
    message, hint = refusal(project("[tool.lockgate]\nchecks = ['coverage']"))
    assert message == "pyproject.toml: checks has coverage without test: there is nothing to measure"
    assert hint == 'add "test" to checks, or take "coverage" out'


def test_obvious_problems_come_first_then_the_longest() -> None:
    known = {"lint": 9.0, "format": 1.0, "types": 30.0, "docs": 1.0, "test-3.8": 5.0, "test-3.12": 7.0, "coverage": 1.0}
    steps = plan(project("[tool.lockgate]\n[tool.lockgate.check.docs]\nrun = ['x']"), Selection()).steps
    ordered = sorted(steps, key=lambda step: priority(step, known[step.name]))
    assert [step.name for step in ordered] == ["lint", "format", "types", "docs", "test-3.12", "test-3.8", "coverage"]


def test_a_step_is_data() -> None:
    assert Step("a", "lint", "3.8") == Step("a", "lint", "3.8", needs=(), selected=True)
