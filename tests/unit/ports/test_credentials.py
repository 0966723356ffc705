from __future__ import annotations

import base64

import pytest

from lockgate.ports.credentials import configured, for_git, redacted

JOB = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.example/", "GH_TOKEN": "ghs_0123456789"}
KEY = "http.https://github.example/.extraheader"


def test_git_gets_the_job_s_token_through_its_environment_and_an_older_header_goes() -> None:
    secret = base64.b64encode(b"x-access-token:ghs_0123456789").decode()
    assert for_git(JOB) == {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": KEY,
        "GIT_CONFIG_VALUE_0": "",
        "GIT_CONFIG_KEY_1": KEY,
        "GIT_CONFIG_VALUE_1": f"AUTHORIZATION: basic {secret}",
    }


def test_configuration_that_is_in_the_environment_already_stays() -> None:
    given = configured([("a.b", "c")], {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "x.y", "GIT_CONFIG_VALUE_0": "z"})
    assert given == {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_1": "a.b", "GIT_CONFIG_VALUE_1": "c"}
    assert for_git({**JOB, "GIT_CONFIG_COUNT": "1"})["GIT_CONFIG_KEY_1"] == KEY


@pytest.mark.parametrize("without", JOB)
def test_elsewhere_git_uses_what_the_user_has(without: str) -> None:
    assert for_git({name: value for name, value in JOB.items() if name != without}) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fatal: unable to access 'https://me:pass@host/x.git/'", "fatal: unable to access 'https://***@host/x.git/'"),
        ("ssh://git@host/x", "ssh://***@host/x"),
        ("git@host:x/y", "git@host:x/y"),
        ("> Authorization: Basic eDp5", "> Authorization: Basic ***"),
        ("it is ghs_0123456789!", "it is ***!"),
        ("a short one stays", "a short one stays"),
    ],
)
def test_secrets_reach_no_output(text: str, expected: str) -> None:
    assert redacted(text, {**JOB, "X_TOKEN": "one"}) == expected
