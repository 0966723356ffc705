"""What the traps are told by the embedded GitHub and an index; the replay of real merges; the command itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lockgate.cli import run
from lockgate.flows.render import survey
from lockgate.flows.replay import replay
from lockgate.flows.traps import facts, rules
from lockgate.loopback.github import Fault
from lockgate.model.protection import Unseen
from lockgate.ports.console import Console
from lockgate.ports.github import GitHub as Client
from lockgate.ports.http import Answer, exchange
from lockgate.ports.pyproject import read_project
from lockgate.protect.traps import find
from lockgate.protect.traps.facts import Facts, Secret
from tests.contract import checked
from tests.unit.protect.hub import CHECKS, REPOSITORY, Hub, hub
from tests.unit.protect.trapped import PUBLISHER

__all__ = ["checked"]  # every exchange is held against GitHub's own description
pytestmark = pytest.mark.usefixtures("checked")
TRUSTED = PUBLISHER | {"repository": REPOSITORY}
OTHER = TRUSTED | {"workflow": "x.yml"}
CODE_OWNERS = '[tool.lockgate]\npython = ["3.12"]\nowners = ["@octo"]\n[tool.lockgate.protection]\ncode-owners = true\n'


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with hub(tmp_path_factory.mktemp("hub"), CODE_OWNERS) as made:
        yield made


@pytest.fixture
def place(shared: Hub) -> Iterator[Hub]:
    """The shared repository; what a test does to its data is undone."""
    before = msgspec.json.encode(shared.github.store.data["repositories"])
    shared.github.requests.clear()
    yield shared
    with shared.github.changing() as data:
        data["repositories"] = msgspec.json.decode(before)
    shared.github.faults.clear()
    shared.index.files, shared.index.status = [], 200


def seen(place: Hub, token: str | None = None) -> Facts:
    """The facts, as `token` sees them."""
    project = read_project(place.root)
    client = Client(place.github.api, place.token if token is None else token)
    found = facts(project.config, survey(project), CHECKS, client, REPOSITORY, place.environment)
    assert {method for method, _, _ in place.github.requests} == {"GET"}
    return found


def set_up(place: Hub, **changes: Any) -> None:  # noqa: ANN401
    """Change the repository, as somebody who clicks in the settings."""
    with place.github.changing() as data:
        data["repositories"][REPOSITORY] |= changes


def test_a_fresh_repository_lacks_its_environment_only(place: Hub) -> None:
    found = seen(place)
    assert not isinstance(found.writers, Unseen)
    assert set(found.writers) == {"octo", "ann"}
    assert found.default_setup == "not-configured"
    assert found.publisher is None
    assert [trap.name for trap in find(found)] == ["open-environment"]


def test_a_sole_writer_could_merge_nothing(place: Hub) -> None:
    set_up(place, collaborators={"eve": "pull"})
    (trap, *_) = find(seen(place))
    assert (trap.name, trap.status) == ("nobody-can-approve", "fail")
    assert "approvals = 0" in trap.remedy


def test_default_setup_is_seen(place: Hub) -> None:
    place.send(place.clients["octo"], "PATCH", "code-scanning/default-setup", {"state": "configured"})
    place.github.requests.clear()
    assert "codeql-default-setup" in {trap.name for trap in find(seen(place))}


def test_code_security_that_is_not_bought_is_no_missing_permission(place: Hub) -> None:
    set_up(place, private=True)
    assert seen(place).default_setup == "not-configured"


def test_environments_reviewers_and_secrets_are_seen(place: Hub) -> None:
    path = "environments/pypi-publishing"
    number = place.clients["octo"].get("users/octo").json()["id"]  # type: ignore[index]
    place.send(place.clients["octo"], "PUT", path, {"reviewers": [{"type": "User", "id": number}]})
    place.send(place.clients["octo"], "PUT", "environments/empty%20stage", {})
    times = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-02-01T00:00:00Z"}
    with place.github.changing() as data:
        repo = data["repositories"][REPOSITORY]
        repo["secrets"]["actions"] = [{"name": "PYPI_TOKEN", **times}]
        repo["environments"]["pypi-publishing"]["secrets"] = [{"name": "KEY", **times}]
    place.github.requests.clear()
    found = seen(place)
    assert found.environments == {"pypi-publishing": True, "empty stage": False}
    assert found.secrets == (
        Secret("PYPI_TOKEN", "", times["updated_at"]),
        Secret("KEY", "pypi-publishing", times["updated_at"]),
    )
    assert {trap.name for trap in find(found)} == {"unneeded-secrets", "old-secrets"}


def answering(monkeypatch: pytest.MonkeyPatch, path: str, body: bytes) -> None:
    """Somebody between who answers one question."""

    def between(method: str, url: str, **given: Any) -> Answer:  # noqa: ANN401
        answer = exchange(method, url, **given)
        return Answer(200, {}, body) if re.search(path, url) else answer

    monkeypatch.setattr("lockgate.ports.github.exchange", between)


def test_a_secret_without_a_time_is_unknown(place: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "/actions/secrets", b'{"secrets": [{"name": "KEY", "updated_at": "soon"}]}')
    found = seen(place)
    assert isinstance(found.secrets, Unseen)
    assert [trap.status for trap in find(found) if trap.name == "unneeded-secrets"] == ["unknown"]


def test_rules_of_every_ruleset_are_seen(place: Hub) -> None:
    checks = {"required_status_checks": [{"context": "legacy"}], "strict_required_status_checks_policy": False}
    place.send(place.clients["octo"], "POST", "rulesets", {
        "name": "other", "target": "branch", "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~ALL"], "exclude": []}},
        "rules": [{"type": "required_status_checks", "parameters": checks}],
    })  # fmt: skip
    place.github.requests.clear()
    (trap,) = [one for one in find(seen(place)) if one.name == "unreported-check"]
    assert (trap.status, "legacy" in trap.message) == ("warn", True)


def test_a_token_that_may_little_leaves_the_permissions_named(place: Hub) -> None:
    token = place.github.add_token("octo", "fine-grained", {"metadata": "read", "actions": "read"})
    found = {trap.name: trap for trap in find(seen(place, token))}
    assert "Administration: read" in found["codeql-default-setup"].message
    assert "Secrets: read" in found["unneeded-secrets"].message
    assert {found[name].status for name in ("codeql-default-setup", "unneeded-secrets")} == {"unknown"}


def test_a_stranger_sees_nothing_and_is_told_so(place: Hub) -> None:
    set_up(place, private=True)
    found = seen(place, place.github.add_token("eve"))
    unseen = (found.writers, found.default_setup, found.rules, found.environments, found.secrets)
    assert all(isinstance(one, Unseen) for one in unseen)
    assert {trap.status for trap in find(found)} == {"unknown"}


def test_an_answer_that_makes_no_sense_is_unknown(place: Hub) -> None:
    place.github.faults.append(Fault(path=".*/default-setup", status=200, nth=0))
    found = seen(place).default_setup
    assert isinstance(found, Unseen)
    assert "KeyError" in found.reason


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([("sample-1.0.tar.gz", TRUSTED, False)], None),
        ([("sample-2.0.tar.gz", TRUSTED, False), ("sample-1.0.tar.gz", None, False)], None),
        ([("sample-2.0.tar.gz", None, False), ("sample-2.0-py3-none-any.whl", TRUSTED, False)], None),
        ([("sample-3.0.tar.gz", None, True), ("sample-1.0.tar.gz", TRUSTED, False), ("sample.egg", None, False)], None),
        ([("sample-1.0.tar.gz", None, True)], None),
        ([("sample-10.0.tar.gz", OTHER, False), ("sample-9.0.tar.gz", TRUSTED, False)], "warn"),
        ([("sample-1.0.tar.gz", None, False)], "warn"),
        ([("sample-1.0.tar.gz", {}, False)], "unknown"),
    ],
)  # fmt: skip
def test_the_newest_release_tells_whom_the_index_trusts(place: Hub, files: Any, expected: str | None) -> None:  # noqa: ANN401
    place.index.files = files
    found = {trap.name: trap.status for trap in find(seen(place))}
    assert found.get("wrong-publisher") == expected


def test_an_index_that_fails_is_unknown(place: Hub) -> None:
    place.index.status = 403
    found = {trap.name: trap for trap in find(seen(place))}["wrong-publisher"]
    assert (found.status, found.remedy) == ("unknown", "run it again later")
    assert "403" in found.message


def test_a_rate_limit_is_no_missing_permission(place: Hub) -> None:
    limit = {"Retry-After": "3600"}
    place.github.faults.append(Fault(path=".*/collaborators", status=429, message="slow", headers=limit, nth=0))
    trap = next(one for one in find(seen(place)) if one.name == "nobody-can-approve")
    assert (trap.status, trap.remedy) == ("unknown", "run it again later")
    assert "rate limit" in trap.message


def test_a_workflow_that_cannot_be_read_is_told(place: Hub) -> None:
    broken, odd = place.root / ".github/workflows/broken.yml", place.root / ".github/workflows/odd.yaml"
    broken.write_text("on: [push\n", encoding="utf-8")
    odd.write_bytes(b"\xff")
    found = [trap.message for trap in find(seen(place)) if trap.name == "unreadable-workflow"]
    broken.unlink()
    odd.unlink()
    assert len(found) == 2
    assert "broken.yml:2: not valid YAML" in found[0]


def replayed(place: Hub, asked: int = 50, **changes: Any) -> Any:  # noqa: ANN401
    """The replay with the planned rules."""
    project = read_project(place.root)
    planned = msgspec.structs.replace(rules(project.config, survey(project), CHECKS), **changes)
    place.github.requests.clear()
    client = Client(place.github.api, place.token)
    found = replay(client, REPOSITORY, "main", planned, ("octo", "ann"), asked, Console(quiet=True))
    assert {method for method, _, _ in place.github.requests} == {"GET"}
    assert found.requests == len(place.github.requests)
    return found


@pytest.fixture(scope="module")
def merges(shared: Hub) -> dict[str, int]:
    """Merges of every kind, by name."""
    failed = {**dict.fromkeys(CHECKS, "success"), "quality-checks": "failure"}
    lacking = dict.fromkeys(CHECKS[:3], "success")

    def push_again() -> None:
        tip = shared.commit("stale", base="stale", path="pushed-later.txt")
        for check in CHECKS:
            shared.report(tip, check)
        # The loopback follows pushes; the approval stays that of the commit before.

    def by_status(state: str) -> None:
        tip = shared.git("rev-parse", "HEAD")
        shared.send(shared.clients["octo"], "POST", f"statuses/{tip}", {"context": CHECKS[3], "state": state})

    made = {
        "status": shared.land("status", checks=lacking, meanwhile=lambda: by_status("success")),
        "pending": shared.land("pending", checks=lacking, meanwhile=lambda: by_status("pending")),
        "squashed": shared.land("squashed", count=2),
        "rebased": shared.land("rebased", method="rebase", count=3),
        "failed": shared.land("failed", checks=failed),
        "lacking": shared.land("lacking", checks=lacking),
        "alone": shared.land("alone", approve=False, who="ann"),
        "merged": shared.land("merged", method="merge"),
        "stale": shared.land("stale", meanwhile=push_again),
    }
    made["behind"] = shared.land("behind", method="rebase", count=2, meanwhile=lambda: shared.land("between"))
    made["squashed-behind"] = shared.land("squashed-behind", count=2, meanwhile=lambda: shared.land("between-2"))
    return made


EXPECTED = {
    "squashed": set(), "rebased": set(), "status": set(),
    "pending": {"checks"}, "failed": {"checks"}, "lacking": {"checks"},
    "alone": {"approvals", "self-merge", "code-owners"}, "merged": {"linear-history"},
    "stale": {"approvals", "code-owners"}, "behind": {"up-to-date"}, "squashed-behind": {"up-to-date"},
}  # fmt: skip


def test_real_merges_are_judged_by_every_rule(place: Hub, merges: dict[str, int]) -> None:
    found = replayed(place)
    assert found.stopped is None
    assert len(found.pulls) == len(merges) + 2
    by_number = {one.number: one for one in found.pulls}
    told = {name: {ruling.rule for ruling in by_number[number].rulings} for name, number in merges.items()}
    assert told == EXPECTED
    assert {by_number[number].status for name, number in merges.items() if EXPECTED[name]} == {"blocked"}


def test_only_the_last_merges_are_asked_for(place: Hub, merges: dict[str, int]) -> None:
    found = replayed(place, 2, owners=None)
    # Both were merged in the same second.
    assert {one.number for one in found.pulls} == {merges["squashed-behind"], merges["squashed-behind"] + 1}
    assert found.requests <= 1 + 2 * 6


def test_a_pull_request_that_is_talked_about_stays_in_its_place(place: Hub, merges: dict[str, int]) -> None:
    with place.github.changing() as data:
        pull = next(one for one in data["repositories"][REPOSITORY]["pulls"] if one["number"] == merges["squashed"])
        pull["updated_at"] = "2100-01-01T00:00:00Z"
    assert merges["squashed"] not in [one.number for one in replayed(place, 3).pulls]


@pytest.mark.usefixtures("merges")
def test_what_is_refused_is_unknown_and_the_rest_is_judged(place: Hub) -> None:
    place.github.faults.append(Fault(path=".*/(compare|statuses|files|reviews).*", status=404, nth=0))
    found = replayed(place, 3)
    assert found.stopped is None
    assert {(ruling.rule, ruling.status) for one in found.pulls for ruling in one.rulings} == {
        (rule, "unknown") for rule in ("checks", "approvals", "code-owners", "up-to-date", "linear-history")
    }


def test_where_the_branch_was_before_a_rebase_may_be_hidden(place: Hub, merges: dict[str, int]) -> None:
    place.github.faults.append(Fault(path=".*/sample/commits", status=404, nth=0))
    told = {one.number: one.rulings for one in replayed(place).pulls}
    assert [(one.rule, one.status) for one in told[merges["rebased"]]] == [("up-to-date", "unknown")]
    assert told[merges["squashed"]] == ()


@pytest.mark.usefixtures("merges")
def test_an_answer_without_what_it_must_have_ends_it(place: Hub) -> None:
    place.github.faults.append(Fault(path=".*/compare/.*", status=200, nth=3))
    found = replayed(place)
    assert len(found.pulls) == 1
    assert "KeyError" in found.stopped


@pytest.mark.usefixtures("merges")
def test_an_answer_that_is_something_else_ends_it(place: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, r"/pulls/\d+$", b"[]")
    assert "AttributeError" in replayed(place).stopped


@pytest.mark.usefixtures("merges")
def test_a_rate_limit_ends_it_and_says_so(place: Hub) -> None:
    limit = {"Retry-After": "3600"}
    place.github.faults.append(Fault(path=".*/check-runs", status=403, message="rate limit", headers=limit, nth=3))
    found = replayed(place)
    assert len(found.pulls) == 2
    assert "rate limit" in found.stopped


@pytest.mark.usefixtures("merges")
def test_the_command_shows_traps_and_the_replay(
    place: Hub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    assert run(["protect", "plan", "--replay", "-C", str(place.root)]) == 1
    said = capfd.readouterr()
    assert "! open-environment: the environment pypi-publishing is not there" in said.out
    assert "8 would have been blocked" in said.out
    assert "replaying 13 merges: about 78 requests" in said.err
    assert "… 10 of 13" in said.err
    assert run(["protect", "plan", "--replay", "2", "--format", "json", "-q", "-C", str(place.root)]) == 1
    document = msgspec.json.decode(capfd.readouterr().out)
    assert document["traps"][0]["name"] == "open-environment"
    assert len(document["replay"]["pulls"]) == 2
    assert {method for method, _, _ in place.github.requests} == {"GET"}
    assert place.token not in said.out + said.err


def test_apply_refuses_what_would_lock_everybody_out(
    place: Hub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    set_up(place, collaborators={})
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    assert run(["protect", "plan", "-C", str(place.root)]) == 1
    assert run(["protect", "apply", "--yes", "-C", str(place.root)]) == 1
    assert "nothing was applied: nobody could merge" in capfd.readouterr().err
    assert {method for method, _, _ in place.github.requests} == {"GET"}


def test_the_daily_check_without_its_secret_is_unknown(
    place: Hub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in (place.environment | {"GITHUB_TOKEN": "", "PATH": "/usr/bin:/bin"}).items():
        monkeypatch.setenv(name, value)
    assert run(["protect", "apply", "--yes", "-q", "-C", str(place.root)]) == 0
    assert run(["protect", "check", "-C", str(place.root)]) == 0
    monkeypatch.setenv("GH_TOKEN", "")  # what GitHub gives for a secret that is not there
    assert run(["protect", "check", "-C", str(place.root)]) == 3
    said = capfd.readouterr()
    assert "there is no token" in said.err
    assert "gh secret set LOCKGATE_PROTECT_TOKEN --env lockgate-protection" in said.err
    assert "Administration: read" in said.out


def test_owners_of_the_checkout_are_read(tmp_path: Path, place: Hub) -> None:
    project = read_project(place.root)
    found = survey(project)
    committed = rules(project.config, found, CHECKS).owners
    assert committed is not None
    assert committed.of(".github/workflows/publish.yml") == ("@octo",)
    elsewhere = rules(project.config, msgspec.structs.replace(found, root=tmp_path), CHECKS).owners
    assert elsewhere is not None
    assert elsewhere.of("pyproject.toml") == ("@octo",)
