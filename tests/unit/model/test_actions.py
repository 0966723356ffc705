from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.model.actions import cache_lines, disagreements, judge_needs, stated
from tests.unit.builders import project

TABLE = """
[tool.lockgate]
uv-cache-dir = "/mnt/uv"
coverage.threshold = 97.5
publish.environment = "release"
"""


def test_an_empty_table_states_the_defaults() -> None:
    assert stated(project("[tool.lockgate]")) == {
        "UV_CACHE_DIR": "/home/runner/.cache/uv",
        "PYTHON_VERSION_MATRIX": '["3.8", "3.12"]',
        "COVERAGE_THRESHOLD": "95",
        "CODEQL_LANGUAGES": "python",
        "PYPI_ENVIRONMENT": "pypi-publishing",
    }


def test_what_the_table_says_is_stated() -> None:
    found = stated(project(TABLE, pythons=("3.13",)))
    assert found == {
        "UV_CACHE_DIR": "/mnt/uv",
        "PYTHON_VERSION_MATRIX": '["3.13"]',
        "COVERAGE_THRESHOLD": "97.5",
        "CODEQL_LANGUAGES": "python",
        "PYPI_ENVIRONMENT": "release",
    }


def test_a_threshold_of_zero_is_a_threshold() -> None:
    assert stated(project("[tool.lockgate.coverage]\nthreshold = 0"))["COVERAGE_THRESHOLD"] == "0"


@pytest.mark.parametrize("runner", ["macos-15", "macos-latest-xlarge"])
def test_the_home_of_a_mac_is_elsewhere(runner: str) -> None:
    assert stated(project(f"[tool.lockgate]\nrunner = '{runner}'"))["UV_CACHE_DIR"] == "/Users/runner/.cache/uv"


def test_what_is_rendered_agrees() -> None:
    for one in (project("[tool.lockgate]"), project(TABLE)):
        assert disagreements(one, stated(one)) == ()
        assert disagreements(one, {"PATH": "/bin"}) == ()


@pytest.mark.parametrize("name", ["UV_CACHE_DIR", "COVERAGE_THRESHOLD", "CODEQL_LANGUAGES", "PYPI_ENVIRONMENT"])
def test_anything_else_disagrees(name: str) -> None:
    for other in ("", "0", "~/.cache/uv", stated(project(TABLE))[name] + " "):
        (found,) = disagreements(project(TABLE), {name: other})
        assert (found.name, found.given, found.stated) == (name, other, stated(project(TABLE))[name])


def test_a_cache_that_the_table_does_not_name_may_be_anywhere() -> None:
    assert disagreements(project("[tool.lockgate]"), {"UV_CACHE_DIR": "/opt/uv"}) == ()


@given(st.one_of(st.text(), st.lists(st.sampled_from(["3.8", "3.12", "3.9"])).map(json.dumps)))
def test_the_matrix_is_compared_as_a_list(given_: str) -> None:
    try:
        agrees = json.loads(given_) == ["3.8", "3.12"]
    except ValueError:
        agrees = False
    assert (disagreements(project(), {"PYTHON_VERSION_MATRIX": given_}) == ()) is agrees


@pytest.mark.parametrize("given_", ['["3.8","3.12"]', ' [ "3.8" ,\n"3.12"]'])
def test_space_in_a_list_does_not_matter(given_: str) -> None:
    assert disagreements(project(), {"PYTHON_VERSION_MATRIX": given_}) == ()


@pytest.mark.parametrize(
    "given_", ['["3.12", "3.8"]', '["3.8"]', "3.8, 3.12", "[3.8, 3.12]", "", "null", '"3.8"', "[" * 100_000]
)
def test_another_matrix_disagrees(given_: str) -> None:
    (found,) = disagreements(project(), {"PYTHON_VERSION_MATRIX": given_})
    assert found.key == ("python",)


def needs(**results: str) -> str:
    return json.dumps({name: {"result": result, "outputs": {}} for name, result in results.items()})


def test_needed_jobs_that_all_succeeded_pass() -> None:
    found = judge_needs(needs(test="success", lint="success"))
    assert (found.name, found.status, found.reason) == ("needs", "pass", None)


@pytest.mark.parametrize(
    ("results", "status"),
    [
        (["failure", "success"], "fail"),
        (["failure", "cancelled"], "fail"),
        (["success", "cancelled"], "unknown"),
        (["skipped", "success"], "unknown"),
        (["skipped"], "unknown"),
        (["success", "neutral"], "unknown"),  # whatever GitHub may think of
        (["success", ""], "unknown"),
        (["Success"], "unknown"),
    ],
)
def test_any_other_result_keeps_the_gate_from_passing(results: list[str], status: str) -> None:
    found = judge_needs(needs(**{f"job-{number}": result for number, result in enumerate(results)}))
    assert found.status == status
    for number, result in enumerate(results):
        assert (f"job-{number} ({result})" in (found.reason or "")) is (result != "success")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "null",
        "[]",
        '"success"',
        "{",
        '{"a": "success"}',
        '{"a": {}}',
        '{"a": {"result": null}}',
        "[" * 100_000,
    ],
)
def test_needs_that_say_nothing_are_unknown(text: str) -> None:
    found = judge_needs(text)
    assert (found.status, "LOCKGATE_NEEDS" in (found.reason or "")) == ("unknown", True)


@given(st.text())
def test_no_text_that_names_no_success_is_a_pass(text: str) -> None:
    if "success" not in text:
        assert judge_needs(text).status == "unknown"


def test_each_cache_is_a_line() -> None:
    text = json.dumps(
        {"uv": {"key": "uv-Linux-1", "hit": "true"}, "b": {"key": "", "hit": "false"}, "c": {"key": "k", "hit": ""}}
    )
    lines = [json.loads(line) for line in cache_lines(text, job="tests", python="3.8", at="T").splitlines()]
    common = {"job": "tests", "python": "3.8", "at": "T"}
    assert lines == [
        {"cache": "uv", "key": "uv-Linux-1", "hit": "true", **common},
        {"cache": "b", "key": "", "hit": "false", **common},
        {"cache": "c", "key": "k", "hit": "miss", **common},
    ]
    assert cache_lines("{}", job=None, python=None, at="T") == b""


@pytest.mark.parametrize(
    "text", ["", "[]", '{"uv": 1}', '{"uv": {"key": "k"}}', '{"uv": {"key": "k", "hit": "yes"}}', "{" * 9]
)
def test_caches_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        cache_lines(text, job=None, python=None, at="T")
