"""GitHub's own description of its API, held against every exchange with the embedded GitHub.

`from tests.contract import checked` and `pytestmark = pytest.mark.usefixtures("checked")` in a module is all that its
tests need: at the end of each, every request and answer has been looked at. Where the description cannot be had,
`tests/contract/test_description.py` is skipped and says why; in CI it fails.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from lockgate.loopback.github import GitHub
from lockgate.ports.service import Reply, Request
from tests.contract.description import Description


@functools.cache
def described() -> Description | str:
    """The description, or why it cannot be had."""
    from tests.contract.fetch import UnavailableError, description

    try:
        return Description(description())
    except UnavailableError as error:
        return str(error)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Request, Reply]]]:
    """Hold every exchange of the test against GitHub's description; yields them."""
    exchanges: list[tuple[Request, Reply]] = []
    answer = GitHub.answer

    def record(github: GitHub, request: Request) -> Reply:
        reply = answer(github, request)
        exchanges.append((request, reply))
        return reply

    monkeypatch.setattr(GitHub, "answer", record)
    yield exchanges
    known = described()
    if isinstance(known, Description):
        problems = [problem for request, reply in exchanges for problem in known.problems(request, reply)]
        assert not problems, "\n".join(dict.fromkeys(problems))
