from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lockgate.ports.surroundings import clean_path, for_checks, for_uv

PATH = {"PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize(
    "name",
    [
        "HOME",
        "TZ",
        "LC_ALL",
        "PYTEST_ADDOPTS",
        "PYTHONPATH",
        "HYPOTHESIS_PROFILE",
        "CC",
        "https_proxy",
        "CI",
        "XDG_DATA_HOME",
    ],
)
def test_checks_see_what_tools_and_tests_commonly_need(name: str) -> None:
    assert for_checks((), {**PATH, name: "x"}) == {**PATH, name: "x"}


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "UV_INDEX_PASSWORD",
        "SSH_AUTH_SOCK",
        "VIRTUAL_ENV",
        "LCX",
        "XDG_SESSION_ID",
    ],
)
def test_checks_do_not_see_what_is_not_in_their_key(name: str) -> None:
    assert for_checks((), {**PATH, name: "x"}) == PATH


def test_what_the_table_declares_is_seen_by_name_or_by_pattern() -> None:
    environment = {**PATH, "MY_VAR": "1", "DB_HOST": "2", "DB_USER": "3", "my_var": "4"}
    assert for_checks(("MY_VAR", "DB_*"), environment) == {**PATH, "MY_VAR": "1", "DB_HOST": "2", "DB_USER": "3"}


@pytest.mark.parametrize(
    "name", ["PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT"]
)
def test_what_changes_a_check_behind_its_back_is_removed_even_when_declared(name: str) -> None:
    assert for_checks((name, "PYTHON*"), {**PATH, name: "1"}) == PATH


def test_uv_sees_its_settings_and_credentials_but_nothing_that_redirects_it() -> None:
    kept = {"UV_INDEX_URL": "a", "UV_INDEX_X_PASSWORD": "b", "PIP_CONFIG_FILE": "c", "SSH_AUTH_SOCK": "d", "NETRC": "e"}
    redirects = ("UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_FROZEN", "UV_LOCKED", "UV_PROJECT", "PYTHONPATH")
    seen = for_uv({**PATH, **kept, **dict.fromkeys(redirects, "x"), "GITHUB_TOKEN": "x"})
    assert seen == {**PATH, **kept, "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}


def test_the_path_is_cleared_of_lockgates_own_and_of_an_activated_environment() -> None:
    own = str(Path(sys.prefix) / "bin")
    environment = {"PATH": os.pathsep.join(["/a", own, "/venv/bin/", "", "/b"]), "VIRTUAL_ENV": "/venv"}
    assert sys.prefix != sys.base_prefix  # the tests run in an environment
    assert clean_path(environment) == "/a:/b"


def test_without_a_path_programs_are_found_where_the_system_keeps_them() -> None:
    assert clean_path({}).split(os.pathsep) == [folder for folder in os.defpath.split(os.pathsep) if folder]
