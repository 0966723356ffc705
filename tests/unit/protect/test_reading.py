"""What a token may not see is unknown: never taken for there, and never for absent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lockgate.flows.protect_look import Compared, compare
from lockgate.loopback.github import Fault
from lockgate.model.config import Config
from lockgate.model.errors import UnknownError, UsageError
from lockgate.model.protection import Change, Unseen, verdict_of
from lockgate.ports.github import GitHub as Client
from lockgate.ports.http import Answer, exchange
from lockgate.protect import normal
from lockgate.protect.difference import FORMS
from lockgate.protect.reading import actions_app, is_public
from tests.unit.protect.world import REPOSITORY, State, World, configs, rich, states, table

NAMES = ("administration", "actions", "contents", "secrets", "environments")


def lines(found: Compared) -> dict[str, Change]:
    return {line.key: line for line in found.changes}


def look(world: World, config: Config, token: str | None = None) -> Compared:
    return compare(world.desk(config, token))


@settings(max_examples=60, phases=[Phase.generate])
@given(
    configs(),
    states(),
    st.tuples(st.sampled_from(["ada", "bob"]), st.sampled_from(["fine-grained", "app", "classic"])),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["read", "write"])),
    st.sampled_from([(False, "free"), (True, "free"), (True, "team")]),
)
def test_a_token_sees_the_truth_or_nothing(
    world: World,
    config: Config,
    state: State,
    asker: tuple[str, str],
    permissions: dict[str, str],
    plan: tuple[bool, str],
) -> None:
    (who, kind), private = asker, plan[0]
    world.fresh(**state, private=private, plan="team")
    truth = lines(look(world, config))
    world.fresh(**state, private=private, plan=plan[1])
    if kind != "classic":
        permissions = {"metadata": "read", **permissions}
    seen = look(world, config, world.server.add_token(who, kind, permissions))
    for key, line in lines(seen).items():
        if line.permission is None and line.key in FORMS:
            # The duplicate as a whole, without what cannot be seen of it.
            assert line.kind == truth[key].kind
            assert line.before.items() <= truth[key].before.items()
        elif line.permission is None:
            assert line == truth[key]
    # What is to be done, or as it should be, is not left out: something of its section is unknown then.
    hidden = {line.key.partition(".")[0] for line in seen.changes if line.permission is not None}
    assert {key.partition(".")[0] for key in set(truth) - set(lines(seen))} <= hidden
    if any(line.kind == "unknown" for line in seen.changes):
        assert verdict_of(seen.changes) != "pass"


def test_a_workflows_own_token_is_told_which_permission_it_lacks(world: World) -> None:
    world.apply(table())
    token = world.server.add_token("github-actions[bot]", "workflow", {"contents": "read"})
    found = look(world, table(), token)
    assert verdict_of(found.changes) == "unknown"
    needed = {line.permission for line in found.changes if line.kind == "unknown"}
    assert needed == {"Administration: read"}


def test_who_may_read_rules_but_not_change_them_does_not_know_who_may_bypass_them(world: World) -> None:
    config = table(protection={"kind": "ruleset"})
    world.apply(config)
    token = world.server.add_token("ada", "fine-grained", {"administration": "read", "actions": "read"})
    found = look(world, config, token)
    assert [(line.key, line.permission) for line in found.changes if line.kind == "unknown"] == [
        ("ruleset.bypass_actors", "Administration: write")
    ]
    assert verdict_of(found.changes) == "unknown"
    assert verdict_of(look(world, table(protection={"kind": "classic"}), token).changes) == "fail"


def test_bypass_lists_of_others_do_not_hide_the_verdict(world: World) -> None:
    world.fresh(**{**rich("classic"), "rulesets": rich("classic")["rulesets"][1:]})
    config = table()
    world.apply(config)
    token = world.server.add_token("ada", "fine-grained", {"administration": "read", "actions": "read"})
    found = look(world, config, token)
    assert verdict_of(found.changes) == "pass"
    line = lines(found)["rulesets.other.bypass_actors"]
    assert (line.kind, line.permission) == ("unmanaged", "Administration: write")


def test_what_a_free_plan_has_not_is_unknown(world: World) -> None:
    world.fresh(private=True, plan="free", security_and_analysis={})
    found = look(world, table())
    by = lines(found)
    assert by["classic.enforce_admins"].permission == "a public repository, or a paid plan of GitHub"
    assert by["security.secret_scanning"].permission == "a public repository, or GitHub Secret Protection"
    assert by["dependabot_alerts.enabled"].kind == "add" or by["dependabot_alerts.enabled"].kind == "change"
    # Only public repositories have it: it is not asked for.
    assert "private_vulnerability_reporting.enabled" not in by


@pytest.mark.parametrize(
    ("token", "what", "remedy"),
    [("wrong", "401: Bad credentials", "not valid"), (None, "404: Not Found", "not there, or the token may not")],
)
def test_a_repository_that_cannot_be_read_is_unknown(world: World, token: str | None, what: str, remedy: str) -> None:
    world.fresh(private=True)
    with pytest.raises(UnknownError, match=what) as error:
        look(world, table(), token or world.server.add_token("mallory"))
    assert remedy in str(error.value.hint)


@pytest.mark.parametrize("body", ["<html>", "[]"])
def test_an_answer_of_something_else_than_github_is_unknown(
    world: World, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockgate.ports.github.exchange", lambda *_, **__: Answer(200, {}, body.encode()))
    with pytest.raises(UnknownError, match="no JSON object"):
        look(world, table())


def test_an_object_of_another_shape_is_unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockgate.ports.github.exchange", lambda *_, **__: Answer(200, {}, b'{"a": 1}'))
    with pytest.raises(UnknownError, match="not what GitHub's API describes"):
        look(world, table())


WRONG = {"nothing": (200, b""), "a page": (200, b"<html>"), "another object": (200, b'{"message": "Welcome"}')}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_answer_to_any_question_is_unknown(world: World, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = table(protection={"kind": "ruleset"}, publish={"reviewers": ["@ada", "@acme/crew"]})
    world.fresh(**rich("ruleset"))
    world.apply(config)
    asked, status, body = [0], *WRONG[wrong]

    def proxied(method: str, url: str, **given: Any) -> Answer:  # noqa: ANN401
        asked[0] -= 1
        return Answer(status, {}, body) if asked[0] == 0 else exchange(method, url, **given)

    monkeypatch.setattr("lockgate.ports.github.exchange", proxied)
    assert verdict_of(look(world, config).changes) == "pass"
    count = -asked[0]
    assert count > 14
    for nth in range(1, count + 1):
        asked[0] = nth
        with pytest.raises(UnknownError):
            look(world, config)


def test_a_token_that_expires_meanwhile_is_unknown_and_said(world: World) -> None:
    world.server.faults.append(Fault(path=".*/rulesets", nth=0, status=401, message="Bad credentials"))
    with pytest.raises(UnknownError, match="the token is not valid any more: HTTP status 401: Bad credentials"):
        look(world, table())


def test_which_app_counts_is_not_guessed_from_a_refusal(world: World) -> None:
    world.server.faults.append(Fault(path="/apps/.*", nth=0, status=403, message="Resource not accessible"))
    with pytest.raises(UnknownError, match="which app GitHub Actions is: HTTP status 403"):
        look(world, table())


def test_paused_updates_are_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.apply(table())

    def paused(method: str, url: str, **given: Any) -> Answer:  # noqa: ANN401
        if url.endswith("automated-security-fixes"):
            return Answer(200, {}, b'{"enabled": true, "paused": true}')
        return exchange(method, url, **given)

    monkeypatch.setattr("lockgate.ports.github.exchange", paused)
    found = look(world, table())
    assert verdict_of(found.changes) == "fail"
    assert lines(found)["dependabot_updates.enabled"].kind == "change"
    assert lines(found)["dependabot_updates.paused"].before is True


def test_which_actions_may_run_stays_when_they_are_switched_on(world: World) -> None:
    world.fresh(actions={**rich("classic")["actions"], "permissions": {
        "enabled": False, "allowed_actions": "local_only", "sha_pinning_required": False}})  # fmt: skip
    _, found = world.apply(table())
    assert world.state["actions"]["permissions"]["allowed_actions"] == "local_only"
    assert verdict_of(found.changes) == "pass"


@pytest.mark.parametrize("path", ["immutable-releases", "vulnerability-alerts", "automated-security-fixes"])
@pytest.mark.parametrize("who", ["ada", "bob"])
def test_not_found_means_off_only_for_who_may_see_it(world: World, path: str, who: str) -> None:
    world.server.faults.append(Fault(method="GET", path=f".*/{path}", nth=0, status=404, message="Not Found"))
    found = look(world, table(), world.server.add_token(who))
    key = {"immutable-releases": "immutable_releases", "vulnerability-alerts": "dependabot_alerts",
           "automated-security-fixes": "dependabot_updates"}[path] + ".enabled"  # fmt: skip
    assert lines(found)[key].kind == ("change" if who == "ada" else "unknown")


def test_what_a_server_of_ones_own_has_not_is_unknown(world: World) -> None:
    older = {"X-GitHub-Enterprise-Version": "3.12.0"}
    world.server.faults.append(
        Fault(method="GET", path=".*/immutable-releases", nth=0, status=404, message="Not Found", headers=older)
    )
    with world.server.changing() as data:
        del data["repositories"][REPOSITORY]["actions"]["permissions"]["sha_pinning_required"]
    by = lines(look(world, table()))
    assert by["immutable_releases.enabled"].permission == "a GitHub Enterprise Server that has immutable releases"
    assert by["actions.sha_pinning_required"].permission == "a GitHub that can require actions pinned by commit"
    # What there is can still be applied.
    steps, _ = world.apply(table())
    assert {step.status for step in steps} == {"applied"}


def test_reviewers_have_to_exist(world: World) -> None:
    for name in ("@nobody", "@acme", "@acme/strangers"):
        with pytest.raises(UsageError, match=f"pyproject.toml:1: publish.reviewers: {name} is no user"):
            look(world, table(publish={"reviewers": [name]}))


def test_teams_that_may_not_be_listed_are_unknown(world: World) -> None:
    config = table(publish={"reviewers": ["@ada", "@acme/crew"]})
    world.server.faults.append(Fault(path=".*/teams", nth=0, status=403, message="Resource not accessible"))
    line = lines(look(world, config))["environment.reviewers"]
    assert (line.kind, line.permission, line.after) == ("unknown", "Administration: read", ["@acme/crew", "@ada"])
    world.server.faults[:] = [Fault(path="/users/ada", nth=0, status=403, message="Resource not accessible")]
    assert lines(look(world, config))["environment.reviewers"].kind == "unknown"
    steps, found = world.apply(config)
    assert verdict_of(found.changes) == "unknown"
    assert {step.status for step in steps} == {"applied"}


def test_the_app_whose_reports_count_is_that_of_the_server(world: World) -> None:
    assert actions_app(Client("https://api.github.com", None)) == 15368
    assert actions_app(world.desk(table()).github) == 15368
    world.server.faults.append(Fault(path="/apps/.*", nth=0, status=404, message="Not Found"))
    assert actions_app(world.desk(table()).github) is None
    for kind in ("classic", "ruleset"):
        steps, found = world.apply(table(protection={"kind": kind}))
        assert {step.status for step in steps} == {"applied"}
        assert verdict_of(found.changes) == "pass"


def test_public_is_what_anybody_can_read() -> None:
    assert is_public({"visibility": "public"})
    assert not is_public({"visibility": "internal", "private": False})
    assert not is_public({"private": True})
    assert is_public({"private": False})


def test_older_answers_without_checks_name_contexts_of_anybody() -> None:
    answer = {"required_status_checks": {"strict": True, "contexts": ["b", "a"]}}
    checks = normal.classic(answer)["required_status_checks"]["checks"]
    assert checks == [{"context": "a", "app_id": None}, {"context": "b", "app_id": None}]


def test_rules_of_one_kind_twice_are_told_apart() -> None:
    rule = {"type": "workflows", "parameters": {"workflows": [{"path": "b"}, {"path": "a"}]}}
    found = normal.ruleset({"id": 1, "name": "x", "enforcement": "active", "rules": [rule, rule]})
    assert list(found["rules"]) == ["workflows", "workflows#2"]
    assert found["rules"]["workflows"] == {"workflows": [{"path": "a"}, {"path": "b"}]}
    assert isinstance(found["bypass_actors"], Unseen)


def test_signatures_that_older_servers_leave_out_are_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    config = table()
    world.fresh(**rich("classic"))
    seen = lines(look(world, config))["classic.required_signatures"]
    assert (seen.kind, seen.before) == ("unmanaged", True)
    from lockgate.loopback.github import branches

    shown = branches._shown  # noqa: SLF001

    def older(*arguments: object) -> object:
        answer = shown(*arguments)  # type: ignore[arg-type]
        return {name: value for name, value in answer.items() if name != "required_signatures"}

    asked = "GET", f"/repos/{REPOSITORY}/branches/main/protection/required_signatures"
    monkeypatch.setattr(branches, "_shown", older)
    world.server.faults.append(
        Fault(method="GET", path=".*/required_signatures", nth=0, status=404, message="Not Found")
    )
    line = lines(look(world, config))["classic.required_signatures"]
    assert (line.kind, line.permission) == ("unmanaged", "Administration: read")
    assert any(one[:2] == asked for one in world.server.requests)


def test_a_branch_that_is_not_there_is_not_protected(world: World) -> None:
    config = table(protection={"branch": "nowhere"})
    assert lines(look(world, config))["classic.enforce_admins"].kind == "add"
    steps, found = world.apply(config)
    assert verdict_of(found.changes) == "fail"
    (refused,) = [step for step in steps if step.status == "refused"]
    assert "Branch not found" in refused.detail


def test_rules_for_a_branch_that_is_not_there_are_no_pass(world: World) -> None:
    config = table(protection={"kind": "ruleset", "branch": "nowhere"})
    steps, found = world.apply(config)
    assert {step.status for step in steps} == {"applied"}
    assert verdict_of(found.changes) == "unknown"
    line = lines(found)["branch"]
    assert (line.kind, line.permission) == ("unknown", "a branch nowhere: push it, or mend protection.branch")


@pytest.mark.parametrize("kind", ["classic", "ruleset"])
def test_what_github_tells_of_the_branch_in_its_place_is_no_pass(world: World, kind: str) -> None:
    world.apply(table(protection={"kind": kind}))
    config = table(protection={"kind": kind, "branch": "master"})
    world.apply(config)
    place = {"Location": f"{world.server.api}/repos/{REPOSITORY}/branches/main/protection"}
    world.server.faults.append(Fault(method="GET", path=".*/master/protection", nth=0, status=301, headers=place))
    found = look(world, config)
    assert lines(found)["branch"].kind == "unknown"
    assert verdict_of(found.changes) == ("fail" if kind == "classic" else "unknown")


def test_a_missing_branch_makes_nobody_an_administrator(world: World) -> None:
    who = world.server.add_token("ada", "fine-grained", {"metadata": "read", "contents": "read"})
    world.server.faults.append(Fault(path=".*/branches/.*", nth=0, status=404, message="Branch not found"))
    found = lines(look(world, table(protection={"branch": "nowhere"}), who))
    assert found["dependabot_updates.enabled"].kind == "unknown"
