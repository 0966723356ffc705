"""`lockgate protect` as a user runs it, proved by pushes that the embedded GitHub accepts or refuses."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockgate.flows.render import survey, write
from lockgate.loopback.github import Fault
from lockgate.ports.pyproject import read_project
from tests.hosted import REPOSITORY, Hosted
from tests.support import Ran, command, environment, lockgate, package
from tests.unit.protect.hub import Index

pytestmark = pytest.mark.usefixtures("checked")
TABLE = """
[tool.lockgate]
python = ["3.11", "3.12"]

[tool.lockgate.publish]
reviewers = ["@octo"]

[tool.lockgate.protection]
kind = "{kind}"
approvals = 1
"""


@pytest.fixture(autouse=True)
def _index(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An index that has no release of the package: no trap of `protect plan` lies there."""
    with Index() as index:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"{index.url}/simple")
        yield


def rendered(root: Path, kind: str = "classic") -> Path:
    """The package with its workflows: rules that wait for checks that nobody reports are not applied."""
    package(root, TABLE.format(kind=kind))
    write(survey(read_project(root)), overwrite=False)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return rendered(tmp_path / "sample")


def where(hosted: Hosted, who: str = "octo") -> dict[str, str]:
    token = hosted.tokens.get(who, who)
    return {"GITHUB_API_URL": hosted.github.api, "GITHUB_REPOSITORY": REPOSITORY, "GH_TOKEN": token}


def protect(hosted: Hosted, root: Path, *arguments: str, who: str = "octo", **changes: Any) -> Ran:  # noqa: ANN401
    hosted.github.requests.clear()
    ran = lockgate(root, "protect", *arguments, **{**where(hosted, who), **changes})
    for token in hosted.tokens.values():
        assert token not in ran.out + ran.err
    return ran


def writes(hosted: Hosted) -> list[tuple[str, str, int]]:
    return [one for one in hosted.github.requests if one[0] != "GET"]


@pytest.mark.parametrize("kind", ["classic", "ruleset"])
def test_a_reviewed_plan_is_applied_and_binds_everybody_who_pushes(hosted: Hosted, tmp_path: Path, kind: str) -> None:
    root = rendered(tmp_path / "sample", kind)
    clone = hosted.begin()
    clone.commit("Straight to main", {"a.txt": "a"})
    assert hosted.push(clone, "main")[0]
    plan = tmp_path / "plan.json"

    planned = protect(hosted, root, "plan", "--out", str(plan))
    assert planned.code == 1
    assert f"+ {kind}." in planned.out
    assert "test-matrix (3.11) by app 15368" in planned.out
    assert "a force push rewrites what others have" in planned.out
    assert writes(hosted) == []
    assert json.loads(plan.read_text())["schema"] == "lockgate/protect-plan/1"

    applied = protect(hosted, root, "apply", str(plan))
    assert (applied.code, applied.out.splitlines()[-1][:4]) == (0, "PASS"), applied.out + applied.err
    assert "applied   protect the branch" in applied.out

    clone.commit("Straight again", {"b.txt": "b"})
    words = "GH006" if kind == "classic" else "GH013"
    for who in ("mona", "octo"):
        taken, said = hosted.push(clone, "main", who=who)
        assert not taken
        assert words in said
    assert not hosted.push(clone, "--force", "HEAD~2:main", who="octo")[0]
    assert not hosted.push(clone, "--delete", "main", who="octo")[0]
    assert hosted.push(clone, "main:lockgate-reports")[0]

    again = protect(hosted, root, "check")
    assert (again.code, writes(hosted)) == (0, [])
    assert protect(hosted, root, "plan").code == 0
    assert protect(hosted, root, "apply", "--yes").code == 0
    assert writes(hosted) == []


def test_drift_fails_the_check_and_is_said(hosted: Hosted, root: Path) -> None:
    hosted.begin()
    assert protect(hosted, root, "apply", "--yes").code == 0
    with hosted.github.changing() as data:
        data["repositories"][REPOSITORY]["protection"]["main"]["allow_force_pushes"] = True
    ran = protect(hosted, root, "check")
    assert ran.code == 1
    assert "~ classic.allow_force_pushes: on → off" in ran.out
    assert ran.out.splitlines()[-1].startswith(f"FAIL {REPOSITORY}, main (classic): 1 to change")
    assert writes(hosted) == []

    document = protect(hosted, root, "check", "--format", "json").document
    assert list(document)[:4] == ["schema", "verdict", "enforced", "scope"]
    assert (document["schema"], document["verdict"], document["enforced"]) == ("lockgate/protect/1", "fail", True)
    (line,) = [one for one in document["changes"] if one["kind"] == "change"]
    assert (line["key"], line["before"], line["after"]) == ("classic.allow_force_pushes", True, False)

    path = root / "pyproject.toml"
    path.write_text(path.read_text() + '\n[tool.lockgate.phase]\nprotection = "observe"\n')
    observed = protect(hosted, root, "check", "--format", "json")
    assert (observed.code, observed.document["verdict"], observed.document["enforced"]) == (0, "fail", False)
    assert protect(hosted, root, "plan").code == 1


def test_a_token_that_may_not_see_makes_the_check_unknown(hosted: Hosted, root: Path) -> None:
    hosted.begin()
    assert protect(hosted, root, "apply", "--yes").code == 0
    ran = protect(hosted, root, "check", who="actions")
    assert ran.code == 3
    assert "? classic.enforce_admins: cannot be seen; it takes Administration: read" in ran.out
    assert "UNKNOWN" in ran.out
    assert protect(hosted, root, "check", who="nobodys-token").code == 3


def test_a_plan_of_another_state_is_refused(hosted: Hosted, root: Path, tmp_path: Path) -> None:
    hosted.begin()
    plan = tmp_path / "plan.json"
    assert protect(hosted, root, "plan", "--out", str(plan)).code == 1
    with hosted.github.changing() as data:
        data["repositories"][REPOSITORY]["actions"]["permissions"]["allowed_actions"] = "local_only"
    ran = protect(hosted, root, "apply", str(plan))
    assert (ran.code, writes(hosted)) == (1, [])
    assert f"{REPOSITORY} has changed since the plan was made: nothing was applied" in ran.err

    assert protect(hosted, root, "plan", "--out", str(plan)).code == 1
    path = root / "pyproject.toml"
    path.write_text(path.read_text().replace("approvals = 1", "approvals = 2"))
    ran = protect(hosted, root, "apply", str(plan))
    assert (ran.code, writes(hosted)) == (1, [])
    assert "the table has changed since the plan was made" in ran.err

    path.write_text(path.read_text().replace('kind = "classic"', 'kind = "ruleset"'))
    ran = protect(hosted, root, "apply", str(plan))
    assert (ran.code, writes(hosted)) == (2, [])
    assert "the plan is for octo/sample, main (classic)" in ran.err

    plan.write_text(plan.read_text().replace("protect-plan/1", "protect-plan/0"))
    ran = protect(hosted, root, "apply", str(plan))
    assert (ran.code, writes(hosted)) == (2, [])
    assert "the plan is lockgate/protect-plan/0, and not lockgate/protect-plan/1" in ran.err

    plan.write_text("{}")
    ran = protect(hosted, root, "apply", str(plan))
    assert (ran.code, hosted.github.requests) == (2, [])
    assert "no plan of lockgate" in ran.err


def test_a_call_that_fails_half_way_is_told_and_the_same_plan_goes_on(
    hosted: Hosted, root: Path, tmp_path: Path
) -> None:
    hosted.begin()
    plan = tmp_path / "plan.json"
    assert protect(hosted, root, "plan", "--out", str(plan)).code == 1
    hosted.github.faults.append(
        Fault(method="POST", path=".*/deployment-branch-policies", status=422, message="No way")
    )
    ran = protect(hosted, root, "apply", str(plan))
    assert ran.code == 4
    assert "refused   environment pypi-publishing: allow the branch main: POST" in ran.out
    assert "HTTP status 422: No way" in ran.out
    assert "applied   protect the branch" in ran.out
    assert "lockgate: applied: environment pypi-publishing" in ran.err
    hosted.github.faults.clear()
    # What is left of the plan is all that it does; somebody else's change would be refused.
    ran = protect(hosted, root, "apply", str(plan))
    assert ran.code == 0, ran.err
    assert [one[0] for one in writes(hosted)] == ["POST"]


def test_nobody_is_asked_where_nobody_can_answer(hosted: Hosted, root: Path) -> None:
    hosted.begin()
    ran = protect(hosted, root, "apply")
    assert (ran.code, writes(hosted)) == (2, [])
    assert "nobody is here to be asked" in ran.err


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_on_a_terminal_it_asks(hosted: Hosted, root: Path, answer: str, code: int) -> None:
    hosted.begin()
    hosted.github.requests.clear()
    master, slave = pty.openpty()
    os.write(master, f"{answer}\n".encode())
    done = subprocess.run(
        command("protect", "apply"),
        cwd=root,
        env=environment(**where(hosted)),
        stdin=slave,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(master)
    os.close(slave)
    assert done.returncode == code, done.stderr
    assert "apply this? [y/N]" in done.stderr
    assert "+ classic.enforce_admins: nothing → on" in done.stderr
    assert bool(writes(hosted)) == (code == 0)


def test_what_is_not_in_order_is_said_with_file_and_line(hosted: Hosted, root: Path, tmp_path: Path) -> None:
    path = root / "pyproject.toml"
    path.write_text(path.read_text().replace('"@octo"', '"@nobody"'))
    ran = protect(hosted, root, "plan")
    assert ran.code == 2
    line = path.read_text().splitlines().index('reviewers = ["@nobody"]') + 1
    assert f"pyproject.toml:{line}: publish.reviewers: @nobody is no user" in ran.err
    path.write_text(path.read_text().replace('"@nobody"', '"nobody"'))
    assert "@user or @organization/team" in protect(hosted, root, "plan").err
    path.write_text(path.read_text().replace('["nobody"]', str([f"@a{n}" for n in range(7)]).replace("'", '"')))
    assert protect(hosted, root, "plan").code == 2
    path.write_text(TABLE.format(kind="classic").replace("approvals = 1", "approval = 1"))
    assert "did you mean 'approvals'?" in protect(hosted, root, "plan").err
    ran = protect(hosted, package(tmp_path / "other", TABLE.format(kind="classic")), "plan", "--out", "/dev/null/x")
    assert ran.code == 2
    assert "--out /dev/null/x" in ran.err
    ran = lockgate(tmp_path / "other", "protect", "plan", GITHUB_API_URL=None, GITHUB_REPOSITORY=None)
    assert ran.code == 4
    assert "it cannot be told which GitHub repository this is" in ran.err


def test_quiet_and_verbose(hosted: Hosted, root: Path) -> None:
    hosted.begin()
    assert protect(hosted, root, "apply", "--yes", "--quiet").code == 0
    with hosted.github.changing() as data:
        data["repositories"][REPOSITORY]["protection"]["main"]["required_signatures"] = True
    assert "· classic.required_signatures: on" in protect(hosted, root, "check").out
    quiet = protect(hosted, root, "check", "-q")
    assert len(quiet.out.splitlines()) == 1
    assert quiet.err == ""
    assert "= classic.enforce_admins: on" in protect(hosted, root, "check", "-v").out


def test_rules_that_would_wait_for_ever_are_not_applied(hosted: Hosted, tmp_path: Path) -> None:
    root = package(tmp_path / "bare", TABLE.format(kind="classic"))
    ran = protect(hosted, root, "apply", "--yes")
    assert (ran.code, writes(hosted)) == (1, [])
    assert "nothing was applied: no committed workflow reports coverage-report" in ran.err
    assert "! unreported-check" in ran.out
