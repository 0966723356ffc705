"""Real pushes, taken or refused by what the server's own state says."""

from __future__ import annotations

import io
import itertools
import threading
from typing import Any

import pytest

from lockgate.loopback.github import GitHub, hook
from lockgate.loopback.github.routes import Who
from tests.e2e.clones import Clone, git
from tests.hosted import REPOSITORY, Hosted

NUMBERS = itertools.count()
OFF: dict[str, Any] = {"required_status_checks": None, "enforce_admins": True, "required_pull_request_reviews": None,
                       "restrictions": None}  # fmt: skip
CHECKS = {"strict": False, "contexts": [], "checks": [{"context": "ci"}, {"context": "lint", "app_id": 15368}]}
PULL = {"required_approving_review_count": 0, "dismiss_stale_reviews_on_push": False,
        "require_code_owner_review": False, "require_last_push_approval": False,
        "required_review_thread_resolution": False}  # fmt: skip
MUST_PULL = "- Changes must be made through a pull request."
NO_FORCE = "- Cannot force-push to this branch"
NO_DELETE = "- Cannot delete this branch"
NO_MERGES = "- This branch must not contain merge commits."
UNSIGNED = "- Commits must have verified signatures."


class Branch:
    """A branch of its own for one case: two commits, and a clone that stands on it."""

    def __init__(self, hosted: Hosted) -> None:
        self.hosted, self.name = hosted, f"case{next(NUMBERS)}"
        self.clone = Clone(hosted.folder / "begun")
        self.clone.git("checkout", "-q", "-B", self.name, "main")
        self.clone.commit("two", {"two.txt": self.name})
        # Around the server and its hook: a fetch from the other side.
        hosted.store(self.clone, self.name)
        hosted.change(rulesets=[], protection={})

    def protect(self, **settings: Any) -> None:  # noqa: ANN401
        answer = self.hosted.ask("PUT", f"branches/{self.name}/protection", {**OFF, **settings})
        assert answer.status == 200, answer.body

    def rule(self, *rules: object, bypass: object = None, **more: Any) -> None:  # noqa: ANN401
        condition = {"ref_name": {"include": [f"refs/heads/{self.name}"], "exclude": []}}
        ruleset = {"name": self.name, "enforcement": "active", "conditions": condition, "rules": list(rules),
                   "bypass_actors": [bypass] if bypass else [], **more}  # fmt: skip
        answer = self.hosted.ask("POST", "rulesets", ruleset)
        assert answer.status == 201, answer.body

    def act(self, how: str, who: str) -> tuple[bool, str]:
        if how == "delete":
            return self.hosted.push(self.clone, f":{self.name}", who=who)
        if how == "force":
            self.clone.git("commit", "-q", "--amend", "-m", f"another {next(NUMBERS)}")
            return self.hosted.push(self.clone, f"+{self.name}", who=who)
        if how == "merge":
            self.clone.git("checkout", "-q", "-B", "side", "main")
            self.clone.commit("side", {"side.txt": self.name})
            self.clone.git("checkout", "-q", self.name)
            self.clone.git("merge", "-q", "--no-ff", "--no-edit", "side")
        else:
            self.clone.commit("three", {"three.txt": f"{next(NUMBERS)}"})
        return self.hosted.push(self.clone, self.name, who=who)


@pytest.fixture
def branch(shared: Hosted) -> Branch:
    return Branch(shared)


CLASSIC: list[tuple[dict[str, Any], str, str, str | None]] = [
    ({}, "commit", "mona", None),
    ({}, "force", "mona", NO_FORCE),
    ({}, "force", "octo", NO_FORCE),
    ({"enforce_admins": False}, "force", "octo", NO_FORCE),
    ({"allow_force_pushes": True}, "force", "mona", None),
    ({}, "delete", "octo", NO_DELETE),
    ({"allow_deletions": True}, "delete", "mona", None),
    ({"required_pull_request_reviews": {}}, "commit", "mona", MUST_PULL),
    ({"required_pull_request_reviews": {}}, "commit", "octo", MUST_PULL),
    ({"required_pull_request_reviews": {}, "enforce_admins": False}, "commit", "mona", MUST_PULL),
    ({"required_pull_request_reviews": {}, "enforce_admins": False}, "commit", "octo", None),
    ({"required_status_checks": CHECKS}, "commit", "mona", "- 2 of 2 required status checks are expected."),
    ({"required_linear_history": True}, "merge", "mona", NO_MERGES),
    ({"required_linear_history": True}, "commit", "mona", None),
    ({"lock_branch": True}, "commit", "octo", "- Cannot change this locked branch"),
]


@pytest.mark.parametrize(("settings", "how", "who", "refused"), CLASSIC)
def test_classic_protection(branch: Branch, settings: dict[str, Any], how: str, who: str, refused: str | None) -> None:
    branch.protect(**settings)
    before = branch.hosted.github.folder / "git"
    old = git(before / f"{REPOSITORY}.git", "rev-parse", branch.name)
    taken, said = branch.act(how, who)
    assert taken is (refused is None), said
    if refused:
        assert f"error: GH006: Protected branch update failed for refs/heads/{branch.name}." in said
        assert refused in said
        assert git(before / f"{REPOSITORY}.git", "rev-parse", branch.name) == old


def test_what_an_administrator_passes_by_is_said(branch: Branch) -> None:
    branch.protect(required_pull_request_reviews={}, enforce_admins=False)
    taken, said = branch.act("commit", "octo")
    assert taken
    assert f"Bypassed rule violations for refs/heads/{branch.name}:" in said
    assert MUST_PULL in said


def test_without_protection_anything_goes_for_whoever_may_push(branch: Branch) -> None:
    assert branch.act("force", "mona")[0]
    branch.clone.commit("by a reader", {"r": "r"})
    taken, said = branch.hosted.push(branch.clone, branch.name, who="hubot")
    assert not taken
    assert f"Permission to {REPOSITORY}.git denied to hubot" in said


RULES: list[tuple[list[dict[str, Any]], str, str | None]] = [
    ([{"type": "deletion"}], "delete", NO_DELETE),
    ([{"type": "deletion"}], "force", None),
    ([{"type": "non_fast_forward"}], "force", NO_FORCE),
    ([{"type": "pull_request", "parameters": PULL}], "commit", MUST_PULL),
    ([{"type": "required_linear_history"}], "merge", NO_MERGES),
    ([{"type": "required_signatures"}], "commit", UNSIGNED),
    ([{"type": "update"}], "commit", "- Cannot update this protected ref."),
    ([{"type": "required_status_checks", "parameters": {
        "strict_required_status_checks_policy": True, "required_status_checks": [{"context": "ci"}]}}],
     "commit", '- Required status check "ci" is expected.'),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "how", "refused"), RULES)
def test_rulesets_bind_everybody(branch: Branch, rules: list[dict[str, Any]], how: str, refused: str | None) -> None:
    branch.rule(*rules)
    taken, said = branch.act(how, "octo")
    assert taken is (refused is None), said
    if refused:
        assert f"error: GH013: Repository rule violations found for refs/heads/{branch.name}." in said
        assert refused in said


ADMINS = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}


@pytest.mark.parametrize(
    ("bypass", "octo", "mona"),
    [
        (ADMINS, True, False),
        ({**ADMINS, "bypass_mode": "pull_request"}, False, False),
        ({**ADMINS, "actor_id": 4}, True, True),
        ({"actor_id": None, "actor_type": "DeployKey"}, False, False),
    ],
)
def test_who_may_pass_a_ruleset_by(branch: Branch, bypass: object, octo: bool, mona: bool) -> None:
    branch.rule({"type": "non_fast_forward"}, bypass=bypass)
    assert branch.act("force", "mona")[0] is mona
    taken, said = branch.act("force", "octo")
    assert taken is octo
    assert ("Bypassed rule violations" in said) is octo


def test_a_user_may_pass_a_ruleset_by(branch: Branch) -> None:
    number = branch.hosted.github.store.data["users"]["mona"]["id"]
    branch.rule({"type": "non_fast_forward"}, bypass={"actor_id": number, "actor_type": "User"})
    assert branch.act("force", "mona")[0]
    assert not branch.act("force", "octo")[0]


@pytest.mark.parametrize(
    ("include", "exclude", "binds"),
    [
        (["~ALL"], [], True),
        (["~DEFAULT_BRANCH"], [], False),
        (["refs/heads/case*"], [], True),
        (["refs/heads/**/*"], [], True),
        (["refs/heads/cas?0*"], ["~ALL"], False),
        (["refs/heads/nothing/*"], [], False),
    ],
)
def test_what_a_ruleset_is_about(branch: Branch, include: list[str], exclude: list[str], binds: bool) -> None:
    conditions = {"ref_name": {"include": include, "exclude": exclude}}
    branch.rule({"type": "non_fast_forward"}, conditions=conditions)
    assert branch.act("force", "mona")[0] is not binds


def test_a_disabled_ruleset_binds_nobody(branch: Branch) -> None:
    branch.rule({"type": "non_fast_forward"}, enforcement="disabled")
    assert branch.act("force", "mona")[0]


def test_a_plan_without_protection_holds_nobody(branch: Branch) -> None:
    """As when a repository with rules is made private on a free plan."""
    branch.protect()
    branch.hosted.change(private=True)
    try:
        assert branch.act("force", "mona")[0]
    finally:
        branch.hosted.change(private=False)
    assert not branch.act("force", "mona")[0]


def test_creation_and_tags(branch: Branch) -> None:
    every = {"ref_name": {"include": ["refs/tags/v*"], "exclude": []}}
    branch.rule({"type": "creation"}, {"type": "deletion"}, target="tag", conditions=every)
    taken, said = branch.hosted.push(branch.clone, "HEAD:refs/tags/v1")
    assert not taken
    assert "- Cannot create ref due to creations being restricted." in said
    assert branch.hosted.push(branch.clone, f"HEAD:refs/tags/{branch.name}")[0]
    refused = branch.hosted.ask(
        "POST", "git/refs", {"ref": "refs/tags/v1", "sha": branch.clone.git("rev-parse", "HEAD")}
    )
    assert refused.status == 422
    assert b"Repository rule violations found" in refused.body


def test_both_kinds_of_protection_are_told(branch: Branch) -> None:
    branch.protect(required_pull_request_reviews={})
    branch.rule({"type": "non_fast_forward"})
    taken, said = branch.act("force", "mona")
    assert not taken
    assert said.index("GH006") < said.index(MUST_PULL) < said.index("GH013") < said.rindex(NO_FORCE)


def test_the_checks_of_the_pushed_commit_count(branch: Branch) -> None:
    branch.protect(required_status_checks=CHECKS)
    branch.clone.commit("three", {"three.txt": branch.name})
    sha = branch.clone.git("rev-parse", "HEAD")
    assert branch.hosted.push(branch.clone, f"{branch.name}:{branch.name}-elsewhere")[0]

    def report(name: str, conclusion: str, who: str = "actions") -> None:
        body = {"name": name, "head_sha": sha, "conclusion": conclusion}
        assert branch.hosted.ask("POST", "check-runs", body, who).status == 201

    def refused() -> str:
        taken, said = branch.hosted.push(branch.clone, branch.name)
        assert not taken
        return said

    report("ci", "failure")
    assert "- 2 of 2 required status checks have not succeeded: 1 failing and 1 expected." in refused()
    assert branch.hosted.ask("POST", f"statuses/{sha}", {"state": "success", "context": "lint"}).status == 201
    report("ci", "success")
    # Somebody's status is not the check of the app that is named.
    assert '- Required status check "lint" is expected.' in refused()
    other = branch.hosted.github.add_token("octo-ci[bot]", "app", {"checks": "write"}, app_id=7)
    report("lint", "success", other)
    assert '- Required status check "lint" is expected.' in refused()
    report("lint", "timed_out")
    assert '- Required status check "lint" is failing.' in refused()
    report("lint", "skipped")
    taken, said = branch.hosted.push(branch.clone, branch.name)
    assert taken, said


def test_a_push_of_several_references_is_taken_whole_or_not_at_all(branch: Branch) -> None:
    branch.protect()
    branch.clone.git("branch", "-f", "free", "HEAD")
    taken, _ = branch.hosted.push(branch.clone, "free", f":{branch.name}")
    assert not taken
    assert branch.hosted.ask("GET", "branches/free").status == 404


def test_what_is_changed_by_hand_counts_at_once(branch: Branch) -> None:
    branch.protect(required_pull_request_reviews={})
    with branch.hosted.github.changing() as data:
        data["repositories"][REPOSITORY]["protection"][branch.name]["required_pull_request_reviews"] = None
    assert branch.act("commit", "mona")[0]


def test_signed_commits_are_taken(branch: Branch) -> None:
    branch.rule({"type": "required_signatures"})
    branch.clone.commit("three", {"three.txt": branch.name})
    head, _, message = branch.clone.git("cat-file", "commit", "HEAD").partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----\n\n{message}\n"
    (branch.clone.root / ".git/signed").write_text(signed)
    made = branch.clone.git("hash-object", "-t", "commit", "-w", ".git/signed")
    assert UNSIGNED in branch.hosted.push(branch.clone, branch.name)[1]
    taken, said = branch.hosted.push(branch.clone, f"{made}:refs/heads/{branch.name}")
    assert taken, said


def test_restrictions_need_an_organization_and_bind(shared: Hosted) -> None:
    actors = {"users": ["mona"], "teams": [], "apps": []}
    refused = shared.ask("PUT", "branches/main/protection", {**OFF, "restrictions": actors})
    assert refused.status == 422
    assert b"Only organization repositories" in refused.body
    branch = Branch(shared)
    with shared.github.changing() as data:
        data["users"]["octo"]["type"] = "Organization"
    try:
        branch.protect(restrictions={**actors, "apps": ["github-actions"]})
        shown: Any = shared.ask("GET", f"branches/{branch.name}/protection").json()
        assert [one["login"] for one in shown["restrictions"]["users"]] == ["mona"]
        assert [one["slug"] for one in shown["restrictions"]["apps"]] == ["github-actions"]
        assert branch.act("commit", "mona")[0]
        taken, said = branch.act("commit", "octo")
        assert not taken
        assert "You're not authorized to push to this branch." in said
        assert branch.act("commit", "actions")[0]
    finally:
        with shared.github.changing() as data:
            data["users"]["octo"]["type"] = "User"


def test_nothing_is_taken_without_the_server(branch: Branch, shared: Hosted) -> None:
    """Pushed around the server, the hook finds nobody to ask: refused, not waved through."""
    place = shared.github.folder / "git" / f"{REPOSITORY}.git"
    branch.clone.commit("around", {"around.txt": "a"})
    said = git(branch.clone.root, "push", str(place), branch.name, check=False)
    assert git(place, "rev-parse", branch.name) != branch.clone.git("rev-parse", "HEAD"), said


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x", "{url}/wrong-secret", "{url}"])
def test_a_server_that_does_not_answer_takes_nothing(
    branch: Branch, shared: Hosted, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = shared.github.folder / "git" / f"{REPOSITORY}.git"
    monkeypatch.setenv("LOCKGATE_ASK", address.format(url=shared.github._gatekeeper.url))  # noqa: SLF001
    monkeypatch.setenv("LOCKGATE_PUSHER", "nobody")
    branch.clone.commit("around", {"around.txt": address})
    git(branch.clone.root, "push", str(place), branch.name, check=False)
    assert git(place, "rev-parse", branch.name) != branch.clone.git("rev-parse", "HEAD")


def test_the_hook_passes_on_what_the_server_says(
    branch: Branch, shared: Hosted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What runs in a process of its own, here in this one."""
    branch.protect()
    keeper = shared.github._gatekeeper  # noqa: SLF001
    octo = Who("octo", "classic")
    monkeypatch.setattr(keeper, "_pushers", {"somebody": octo})
    monkeypatch.setenv("LOCKGATE_ASK", f"{keeper.url}/{keeper._secret}")  # noqa: SLF001
    monkeypatch.setenv("LOCKGATE_PUSHER", "somebody")
    monkeypatch.chdir(shared.github.folder / "git" / f"{REPOSITORY}.git")
    old, none = branch.clone.git("rev-parse", "HEAD"), "0" * 40
    for line, code, said in (
        (f"{old} {none} refs/heads/{branch.name}\n", 1, NO_DELETE),
        (f"{old} {old} refs/pull/1/head\n", 1, "deny updating a hidden ref"),
        (f"{none} {old} refs/heads/{branch.name}-b\n", 0, ""),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(line))
        assert hook.main() == code
        assert said in capsys.readouterr().err
    monkeypatch.delenv("LOCKGATE_ASK")
    assert hook.main() == 1
    assert "nothing is taken" in capsys.readouterr().err


def test_a_fine_grained_token_needs_contents_to_push(branch: Branch, shared: Hosted) -> None:
    for permission, taken in (("read", False), ("write", True)):
        token = shared.github.add_token("mona", "fine-grained", {"contents": permission})
        shared.tokens["fine"] = token
        assert branch.act("commit", "fine")[0] is taken


def test_strangers(shared: Hosted, branch: Branch) -> None:
    def push(token: str | None) -> str:
        url = shared.github.remote(REPOSITORY, token)
        branch.clone.git("-c", "core.askPass=true", "push", url, branch.name, check=False, GIT_TERMINAL_PROMPT="0")
        return ""

    branch.clone.commit("strange", {"strange.txt": "s"})
    push(None)
    push("ghp_wrong")
    place = shared.github.folder / "git" / f"{REPOSITORY}.git"
    assert git(place, "rev-parse", branch.name) != branch.clone.git("rev-parse", "HEAD")
    shared.change(private=True)
    try:
        assert git(shared.folder, "ls-remote", shared.github.remote(REPOSITORY), check=False, GIT_ASKPASS="true") == ""
        known = shared.github.add_token("hubot", "fine-grained", {"contents": "read"}, repositories=["octo/other"])
        assert git(shared.folder, "ls-remote", shared.github.remote(REPOSITORY, known), check=False) == ""
        assert "refs/heads/main" in git(
            shared.folder, "ls-remote", shared.github.remote(REPOSITORY, shared.tokens["hubot"])
        )
    finally:
        shared.change(private=False)
    assert "refs/heads/main" in git(shared.folder, "ls-remote", shared.github.remote(REPOSITORY))


def test_of_eight_racing_pushes_exactly_one_wins(hosted: Hosted) -> None:
    hosted.begin()
    clones = [hosted.clone(f"racer{number}") for number in range(8)]
    for number, clone in enumerate(clones):
        clone.commit(f"racer {number}", {f"{number}.txt": "x"})
    results: list[bool] = []
    threads = [threading.Thread(target=lambda one=one: results.append(hosted.push(one, "main")[0])) for one in clones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]


def test_a_second_start_goes_on(hosted: Hosted) -> None:
    begun = hosted.begin()
    hosted.change(protection={"main": {**OFF, "required_status_checks": None}})
    with GitHub(hosted.github.folder) as again:
        assert again.repository(REPOSITORY) == hosted.state
        assert git(hosted.folder, "ls-remote", again.remote(REPOSITORY), "main").split()[0] == begun.git(
            "rev-parse", "HEAD"
        )
