"""GitHub's own description of its API, held against every exchange with the embedded GitHub.

`from tests.contract import checked` and `pytestmark = pytest.mark.usefixtures("checked")` in a module is all that its
tests need: at the end of each, every request and answer has been looked at. Where the description cannot be had,
`tests/contract/test_description.py` is skipped and says why; in CI it fails.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import pytest

from lockgate.loopback.github import GitHub
from lockgate.ports.service import Reply, Request
from tests.contract.description import Description

Exchange = tuple[Request, Reply]


@functools.cache
def described() -> Description | str:
    """The description, or why it cannot be had."""
    from lockgate.loopback.github.routes import TABLE
    from tests.contract.fetch import UnavailableError, description

    try:
        return Description(description([(one.method, one.template) for one in TABLE]))
    except UnavailableError as error:
        return str(error)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exchange]]:
    """Hold every exchange of the test against GitHub's description; yields them."""
    with _checking(monkeypatch, replies=True) as exchanges:
        yield exchanges


@pytest.fixture
def requests_checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exchange]]:
    """The same for requests alone: where a test sets a state that GitHub would not have."""
    with _checking(monkeypatch, replies=False) as exchanges:
        yield exchanges


@contextlib.contextmanager
def _checking(monkeypatch: pytest.MonkeyPatch, *, replies: bool) -> Iterator[list[Exchange]]:
    exchanges: list[Exchange] = []
    answer = GitHub.answer

    def record(github: GitHub, request: Request) -> Reply:
        reply = answer(github, request)
        exchanges.append((request, reply))
        return reply

    monkeypatch.setattr(GitHub, "answer", record)
    yield exchanges
    known = described()
    if isinstance(known, Description):
        problems = [
            problem for request, reply in exchanges for problem in known.problems(request, reply, replies=replies)
        ]
        assert not problems, "\n".join(dict.fromkeys(problems))
