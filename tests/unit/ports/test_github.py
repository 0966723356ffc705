from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lockgate.model.errors import RefusedError, UnknownError, UsageError
from lockgate.ports import clock
from lockgate.ports.github import GitHub, PageRefusedError, fields, place, said, token
from lockgate.ports.github_app import connect
from lockgate.ports.http import Answer
from lockgate.ports.service import Reply, Request, Service

WHO = "a-token-of-nobody"


class Scripted(Service):
    """Answers each request with what `answer(request, number)` says."""

    def __init__(self, answer: Callable[[Request, int], Reply]) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[Request] = []

    def respond(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.answer(request, len(self.asked))


def reply(content: Any, status: int = 200, /, **headers: str) -> Reply:  # noqa: ANN401
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, body=json.dumps(content).encode(), headers=names)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("lockgate.ports.github.time.sleep", waits.append)
    return waits


def test_every_request_says_who_asks_and_which_version(slept: list[float]) -> None:
    with Scripted(lambda *_: reply({"id": 1})) as server:
        github = GitHub(server.url + "/", WHO)
        assert github.get("repos/o/r", per_page=1).json() == {"id": 1}
        github.send("PUT", "repos/o/r/x", {"a": [1]})
        read, written = server.asked
    assert read.target == "/repos/o/r?per_page=1"
    assert read.headers["authorization"] == f"Bearer {WHO}"
    assert read.headers["x-github-api-version"] == "2022-11-28"
    assert (written.body, written.headers["content-type"]) == (b'{"a":[1]}', "application/json")
    assert github.requests == [("GET", "/repos/o/r?per_page=1"), ("PUT", "/repos/o/r/x")]
    assert slept == []


def test_without_a_token_nobody_is_named() -> None:
    with Scripted(lambda *_: reply({})) as server:
        GitHub(server.url, None).get("meta")
        assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("wrong", ["ab c", "ab\ncd", "tökén", "ab\x00", ""])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(wrong: str) -> None:
    with pytest.raises(UsageError) as error:
        GitHub("http://127.0.0.1", wrong)
    assert not wrong or wrong not in f"{error.value} {error.value.hint}"


def test_an_unchanged_page_is_answered_from_memory_until_something_is_written() -> None:
    def answer(request: Request, number: int) -> Reply:
        if request.headers.get("if-none-match") == '"1"':
            return Reply(304)
        return reply({"n": number}, ETag='"1"')

    with Scripted(answer) as server:
        github = GitHub(server.url, WHO)
        assert [github.get("x").json() for _ in range(2)] == [{"n": 1}, {"n": 1}]
        github.send("PUT", "y", {})
        assert github.get("x").json() == {"n": 4}
        assert "if-none-match" not in server.asked[3].headers


def test_a_304_that_nobody_asked_for_is_no_answer_from_memory() -> None:
    with Scripted(lambda *_: Reply(304)) as server:
        assert GitHub(server.url, WHO).get("x").status == 304


def test_pages_follow_the_links_of_lists_and_of_objects() -> None:
    def answer(request: Request, number: int) -> Reply:
        page = int(request.query.get("page", "1"))
        link: dict[str, str] = {
            "Link": f'<{server.url}/x?page={page + 1}>; rel="next", <{server.url}/x?page=1>; rel="first"'
        }
        content = [{"id": page}] if number <= 3 else {"total_count": 3, "items": [{"id": page}]}
        return reply(content, 200, **(link if page < 3 else {}))

    with Scripted(answer) as server:
        github = GitHub(server.url, WHO)
        assert [one["id"] for one in github.pages("x")] == [1, 2, 3]
        assert [one["id"] for one in github.pages("x")] == [1, 2, 3]
        assert server.asked[0].query == {"per_page": "100"}


@pytest.mark.parametrize("following", ["http://elsewhere.example/x?page=2", "{url}/x?per_page=100"])
def test_half_a_list_is_no_list(following: str) -> None:
    def answer(_request: Request, _number: int) -> Reply:
        return reply([{"id": 1}], Link=f'<{following.format(url=server.url)}>; rel="next"')

    with Scripted(answer) as server, pytest.raises(UnknownError, match="half a list is no answer"):
        list(GitHub(server.url, WHO).pages("x"))


def test_a_refused_page_and_a_page_that_is_no_list_are_said() -> None:
    with Scripted(lambda *_: reply({"message": "Not Found"}, 404)) as server:
        with pytest.raises(PageRefusedError, match="404: Not Found") as error:
            list(GitHub(server.url, WHO).pages("x"))
        assert error.value.answer.status == 404
        for body in (b'"text"', b"", b"<html>", b'{"message": "Welcome"}', b"[1]", b'[{"id": 1'):
            server.answer = lambda *_, body=body: Reply(200, body=body)
            with pytest.raises(UnknownError, match="no list"):
                list(GitHub(server.url, WHO).pages("x"))


@pytest.mark.parametrize(
    ("refusal", "waited"),
    [
        (reply({"message": "You have exceeded a secondary rate limit"}, 403, Retry_After="7"), 7),
        (reply({"message": "slow down"}, 429, Retry_After="3"), 3),
        (reply({"message": "API rate limit exceeded"}, 403, X_RateLimit_Remaining="0", X_RateLimit_Reset="1050"), 50),
        (reply({"message": "API rate limit exceeded"}, 403, X_RateLimit_Remaining="0", X_RateLimit_Reset="900"), 0),
        (reply({"message": "You have exceeded a secondary rate limit"}, 403), 2),
        (reply({"message": "later"}, 429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), 2),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_rate_limit_is_waited_for(
    refusal: Reply, waited: float, method: str, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1000.0)
    told: list[str] = []
    with Scripted(lambda _, number: refusal if number == 1 else reply({"ok": True})) as server:
        github = GitHub(server.url, WHO, note=told.append)
        answer = github.get("x") if method == "GET" else github.send(method, "x", {})
    assert answer.json() == {"ok": True}
    assert slept == [waited]
    assert told == ([f"GitHub asks to wait {waited} s"] if waited > 1 else [])


def test_a_limit_that_takes_too_long_or_never_ends_is_unknown(slept: list[float]) -> None:
    with Scripted(lambda *_: reply({"message": "rate limit"}, 403, Retry_After="3600")) as server:
        with pytest.raises(UnknownError, match="3600 s"):
            GitHub(server.url, WHO).get("x")
        assert slept == []
        server.answer = lambda *_: reply({"message": "rate limit"}, 429, Retry_After="5")
        with pytest.raises(UnknownError, match="rate limit"):
            GitHub(server.url, WHO).get("x")
    assert slept == [5, 5, 5]


def test_a_refusal_for_want_of_rights_is_no_rate_limit(slept: list[float]) -> None:
    refusal = reply({"message": "Resource not accessible by personal access token"}, 403, X_RateLimit_Remaining="4999")
    with Scripted(lambda *_: refusal) as server:
        assert GitHub(server.url, WHO).get("x").status == 403
    assert slept == []


def test_a_server_error_is_asked_again_when_reading_and_handed_on_when_writing(slept: list[float]) -> None:
    def answer(request: Request, number: int) -> Reply:
        return reply({"message": "boom"}, 502) if request.method == "PUT" or number < 3 else reply({"ok": 1})

    with Scripted(answer) as server:
        github = GitHub(server.url, WHO)
        assert github.get("x").json() == {"ok": 1}
        assert github.send("PUT", "x", {}).status == 502
        assert [one.method for one in server.asked] == ["GET", "GET", "GET", "PUT"]
        server.answer = lambda *_: reply({"message": "boom"}, 503, Retry_After="9")
        with pytest.raises(UnknownError, match="503: boom"):
            github.get("x")
        server.answer = lambda *_: reply({"message": "down"}, 503, Retry_After="86400")
        assert github.get("x").status == 503
    assert slept == pytest.approx([0.2, 0.6, 9, 9, 9])


def test_a_lost_answer_is_asked_for_again_when_reading_and_never_sent_again_when_writing(slept: list[float]) -> None:
    with Scripted(lambda _, number: Reply(cut="after") if number < 3 else reply({"ok": 1})) as server:
        assert GitHub(server.url, WHO).get("x").json() == {"ok": 1}
        server.answer = lambda *_: Reply(cut="after")
        before = len(server.asked)
        with pytest.raises(UnknownError, match="gave no answer to PUT /x"):
            GitHub(server.url, WHO).send("PUT", "x", {})
        assert len(server.asked) == before + 1
        with pytest.raises(UnknownError, match="gave no answer to GET /x"):
            GitHub(server.url, WHO).get("x")
    assert slept == pytest.approx([0.2, 0.6, 0.2, 0.6, 1.8])


def test_a_token_that_a_server_repeats_is_not_told() -> None:
    with Scripted(lambda request, _: reply({"message": f"bad: {request.headers['authorization']}"}, 407)) as server:
        answer = GitHub(server.url, WHO).get("x")
    assert WHO not in said(answer)
    assert said(answer) == "HTTP status 407: bad: Bearer ***"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message": "No", "errors": [{"message": "a"}, "b", {"code": "c"}]}', "422: No; a; b; {'code': 'c'}"),
        (b"<html>", "422"),
        (b"[]", "422"),
        (b'{"message": "No", "errors": null}', "422: No"),
    ],
)
def test_what_a_refusal_says(body: bytes, words: str) -> None:
    assert said(Answer(422, {}, body)) == f"HTTP status {words}"


def test_an_answer_that_is_no_object_is_unknown() -> None:
    with pytest.raises(UnknownError, match="no JSON object"):
        fields(Answer(200, {}, b"[]"))


@pytest.mark.parametrize(
    ("remote", "api", "repository"),
    [
        ("https://github.com/o/r.git", "https://api.github.com", "o/r"),
        ("git@github.com:o/r.git", "https://api.github.com", "o/r"),
        ("ssh://git@ssh.github.com:443/o/r", "https://api.github.com", "o/r"),
        ("https://ghe.example.org/o/r", "https://ghe.example.org/api/v3", "o/r"),
        ("https://acme.ghe.com/o/r.git", "https://api.acme.ghe.com", "o/r"),
    ],
)
def test_the_place_is_that_of_the_remote(remote: str, api: str, repository: str) -> None:
    found = place(remote, {"PATH": ""})
    assert (found.api, found.repository, found.credential) == (api, repository, "no token")


def test_the_jobs_own_variables_decide_the_place() -> None:
    environment = {"GITHUB_API_URL": "https://h/api/v3", "GITHUB_REPOSITORY": "a/b", "GH_TOKEN": "t", "PATH": ""}
    found = place("https://github.com/o/r", environment)
    assert (found.api, found.repository, found.credential) == ("https://h/api/v3", "a/b", "GH_TOKEN")


@pytest.mark.parametrize("remote", [None, "/srv/git/r.git"])
def test_a_place_that_cannot_be_told_is_asked_for(remote: str | None) -> None:
    with pytest.raises(RefusedError, match="cannot be told"):
        place(remote, {"PATH": ""})


def test_gh_is_asked_for_the_token_of_that_host_only(tmp_path: Path) -> None:
    tool = tmp_path / "gh"
    tool.write_text('#!/bin/sh\n[ "$4" = ghe.example.org ] && echo " of-that-host " || exit 1\n')
    tool.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert token(environment, "https://ghe.example.org/api/v3") == ("of-that-host", "gh auth token")
    assert token(environment) == (None, "no token")
    assert token({**environment, "GITHUB_TOKEN": " b "}) == ("b", "GITHUB_TOKEN")
    assert token({**environment, "GH_TOKEN": "a", "GITHUB_TOKEN": "b"}) == ("a", "GH_TOKEN")
    tool.write_text("no script")
    assert token(environment)[0] is None


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()


def app_server(request: Request, _number: int) -> Reply:
    if request.path == "/repos/o/r/installation":
        return reply({"id": 7})
    if request.path == "/app/installations/7/access_tokens":
        return reply({"token": "ghs_made", "expires_at": "2026-11-24T22:00:00Z"}, 201)
    return reply({"message": "Not Found"}, 404)


@pytest.mark.parametrize("installation", [None, "7"])
@pytest.mark.parametrize("as_file", [True, False])
def test_an_app_gets_a_token_for_that_repository_only(
    tmp_path: Path, installation: str | None, *, as_file: bool
) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    environment = {"LOCKGATE_APP_ID": "42", "LOCKGATE_APP_KEY": str(tmp_path / "key.pem") if as_file else PEM}
    environment |= {"LOCKGATE_APP_INSTALLATION": installation} if installation else {}
    with Scripted(app_server) as server:
        github, origin = connect(server.url, "o/r", print, environment)
        github.get("x")
        made = server.asked[-2]
        claims = jwt.decode(
            made.headers["authorization"].removeprefix("Bearer "), KEY.public_key(), algorithms=["RS256"]
        )
        assert claims["iss"] == "42"
        assert claims["exp"] - claims["iat"] == 600
        assert json.loads(made.body or b"") == {"repositories": ["r"]}
        assert server.asked[-1].headers["authorization"] == "Bearer ghs_made"
    assert origin == "the app 42"


def test_an_app_that_is_not_in_order_is_told_without_its_key(tmp_path: Path) -> None:
    def wrong(**environment: str) -> UsageError:
        with pytest.raises(UsageError) as error:
            connect("http://127.0.0.1:1", "o/r", print, environment)
        return error.value

    assert "belong together" in str(wrong(LOCKGATE_APP_ID="1"))
    assert "belong together" in str(wrong(LOCKGATE_APP_KEY=PEM))
    damaged = PEM[:90] + PEM[-60:]
    for key in (damaged, str(tmp_path / "none.pem")):
        error = wrong(LOCKGATE_APP_ID="1", LOCKGATE_APP_KEY=key)
        assert "no private RSA key" in str(error)
        assert PEM[40:80] not in f"{error} {error.hint}"


def test_an_app_without_an_installation_or_a_token_is_unknown() -> None:
    environment = {"LOCKGATE_APP_ID": "42", "LOCKGATE_APP_KEY": PEM}
    with Scripted(app_server) as server:
        with pytest.raises(UnknownError, match="not installed on o/other"):
            connect(server.url, "o/other", print, environment)
        with pytest.raises(UnknownError, match="gets no token"):
            connect(server.url, "o/r", print, {**environment, "LOCKGATE_APP_INSTALLATION": "8"})


def test_without_an_app_the_token_is_the_usual_one() -> None:
    assert connect("http://127.0.0.1:1", "o/r", print, {"GH_TOKEN": "t", "PATH": ""})[1] == "GH_TOKEN"


@pytest.mark.parametrize(
    "api", ["api.github.com", "ftp://x/y", "http://", "http://[::1", "http://ho st/", "http://x/?a", "https://a:b@x/"]
)
def test_an_address_that_is_none_is_said(api: str) -> None:
    with pytest.raises(UsageError, match="GITHUB_API_URL is no http address"):
        place(None, {"GITHUB_API_URL": api, "GITHUB_REPOSITORY": "octo/sample"})


@pytest.mark.parametrize("name", ["octo/sämple", "octo/sam ple", "octo/sample?x", "octo", "octo/a/b", "octo/sample\n"])
def test_a_repository_that_can_be_none_is_not_asked_for(name: str) -> None:
    with pytest.raises(RefusedError, match="cannot be told"):
        place(None, {"GITHUB_API_URL": "http://[::1]:8080/api/v3/", "GITHUB_REPOSITORY": name})


def test_what_github_says_does_not_drive_the_terminal() -> None:
    refusal = json.dumps({"message": "No \x1b[2J", "errors": ["\x1b]0;x\x07"]}).encode()
    assert said(Answer(403, {}, refusal)) == "HTTP status 403: No \\x1b[2J; \\x1b]0;x\\x07"
