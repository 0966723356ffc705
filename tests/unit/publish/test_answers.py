"""Outputs of uv 0.13 as they were seen, and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.publish.answers import answered

FAILED = "error: Failed to publish `dist/p-1.0.tar.gz` to `https://localhost/legacy/`\n"
SAYS = FAILED + "  cause: Server returned status code {}. Server says: {}\n"
TOKEN = "error: Failed to obtain token for trusted publishing\n"  # noqa: S105


def test_uv_is_believed_for_the_moment_when_it_ends_well() -> None:
    assert answered(0, "Uploading …\n").kind == "accepted"


@pytest.mark.parametrize("status", ["503 Service Unavailable", "429 Too Many Requests", "500 Internal Server Error"])
def test_a_busy_index_is_asked_again(status: str) -> None:
    answer = answered(2, SAYS.format(status, "<html><h1>busy</h1></html>"))
    assert (answer.kind, answer.status, answer.for_ever) == ("unclear", int(status[:3]), False)
    assert "busy" in answer.text
    assert "<" not in answer.text


@pytest.mark.parametrize(
    ("said", "for_ever"),
    [
        ("File already exists ('p-1.0.tar.gz', with blake2_256 hash '00').", True),
        ("This filename has already been used, use a different version.", True),
        ("This filename was previously used by a file that has since been deleted. Use a different version.", True),
        ("Only one sdist may be uploaded per release.", True),
        ("Uploading new files to releases older than 14 days is not allowed.", True),
        ("Invalid value for classifiers.", False),
        ("File too large. Limit for project 'p' is 100 MB.", False),
    ],
)
def test_what_is_refused_for_ever_is_told_from_what_can_be_mended(said: str, for_ever: bool) -> None:
    answer = answered(2, SAYS.format("400 Bad Request", said))
    assert (answer.kind, answer.status, answer.for_ever) == ("refused", 400, for_ever)


@pytest.mark.parametrize(
    "output",
    [
        SAYS.format("403 Forbidden", "Invalid or non-existent authentication information."),
        TOKEN + "  cause: Failed to obtain OIDC token: is the `id-token: write` permission missing?\n",
        TOKEN
        + "  cause: Server returned error code 422 Unprocessable Entity, is trusted publishing correctly configured?\n",
        FAILED + "  cause: Failed to send POST request\n  cause: Missing credentials for: https://localhost/legacy/\n",
    ],
)
def test_who_uploads_is_told_from_what_is_uploaded(output: str) -> None:
    assert answered(2, output).kind == "identity"


def test_a_mint_that_is_down_says_nothing_of_the_publisher() -> None:
    assert answered(2, TOKEN + "  cause: Server returned error code 503 Service Unavailable\n").kind == "unclear"


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (2, FAILED + "  cause: Failed to send POST request\n  cause: connection error\n"),
        (None, ""),
        (-9, "Uploading …"),
    ],
)
def test_no_answer_is_unclear(code: int | None, output: str) -> None:
    assert answered(code, output).kind == "unclear"


@given(code=st.one_of(st.none(), st.integers(-20, 255)), output=st.text())
def test_only_exit_code_0_is_accepted_and_no_text_is_long(code: int | None, output: str) -> None:
    answer = answered(code, output)
    assert (answer.kind == "accepted") == (code == 0)
    assert len(answer.text) <= 400


def test_the_token_that_uv_masks_is_not_kept() -> None:
    output = "::add-mask::pypi-AgEIcHlwaS5vcmc\n" + SAYS.format("503 Busy", "later")
    assert "pypi-" not in answered(2, output).text
    assert "pypi-" not in answered(2, "::add-mask::pypi-AgEIcHlwaS5vcmc\nwhat?").text
