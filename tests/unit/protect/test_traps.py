"""Every trap: set, not set, and not to be told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lockgate.flows import traps as traps_flow
from lockgate.ports.pyproject import read_project
from lockgate.protect.traps import find
from lockgate.workflows.contexts import required
from tests.unit.protect.trapped import GATE, HIDDEN, PUBLISH, PUBLISHER, facts, secret, traps
from tests.unit.workflows.shapes import GOLDEN, Shape

OPENER = "uses: peter-evans/create-pull-request@v8"
SCRIPT = "uses: actions/github-script@v8"
CALLS = "    uses: octo/shared/.github/workflows/x.yml@v1"
JUDGE = "    steps: [{ run: ./judge }]"
ENVIRONMENT = "    environment: { name: pypi-publishing }\n"
FILTERED = GATE.replace("  pull_request:\n", "  pull_request: { paths: [src] }\n")


def gate(old: str, new: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """The gate's workflow with something changed."""
    assert old in GATE
    return {"files": {"gate.yml": GATE.replace(old, new)}, **more}


def other(step: str, on: str = "push", **job: str) -> dict[str, Any]:
    """One workflow more, with one step."""
    keys = "".join(f"    {key}: {value}\n" for key, value in job.items())
    return {"files": {"other.yml": f"on: {on}\njobs:\n  bot:\n{keys}    steps:\n      - {step}\n"}}


# Trap → cases in which it is set: (status, words of the message, changes).
SET: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "nobody-can-approve": [
        ("fail", "only ann may push", {"writers": ("ann",)}),
        ("fail", "approvals = 2", {"table": {"protection": {"approvals": 2}}}),
        ("fail", "nobody is seen", {"writers": ()}),
        ("unknown", "Something: read", {"writers": HIDDEN}),
    ],
    "unreported-check": [
        ("fail", "gate, test (3.11), test (3.12)", {"files": {"gate.yml": ""}}),
        ("fail", "test (3.12)", gate('"3.11", "3.12"', '"3.11"')),
        ("fail", "(gate)", gate("  pull_request:\n", "")),
        ("fail", "on pull requests to main", gate("  pull_request:\n", "  pull_request: { branches: [dev, 'v*'] }\n")),
        ("fail", "gate", gate("  pull_request:\n", "  pull_request: { branches: ['**', '!m*in'] }\n")),
        ("fail", "gate", gate("  pull_request:\n", "  pull_request: { branches-ignore: [main] }\n")),
        ("fail", "test (3.11)", gate("  test:\n", "  test:\n    name: cell ${{ matrix.python }}\n")),
        ("unknown", "computed", gate('["3.11", "3.12"]', "'${{ fromJSON(vars.PYTHONS) }}'")),
        ("unknown", "computed", gate('"3.12"] }', '"3.12"], include: [{ python: "3.13" }] }')),
        ("unknown", "computed", gate('["3.11", "3.12"]', '["${{ vars.OLD }}", "3.12"]')),
        ("unknown", "computed", gate("{ matrix: ", "${{ fromJSON(vars.ALL) }} #")),
        ("unknown", "elsewhere", gate(JUDGE, CALLS) | {"here": {"contexts": ("gate / inner",)}}),
        ("warn", "legacy-ci", {"rules": ({"type": "required_status_checks", "parameters": {
            "required_status_checks": [{"context": "legacy-ci"}, {"context": "gate"}]}}, {"type": "deletion"})}),
    ],
    "filtered-check": [
        ("fail", "gate.yml (paths)", gate("  pull_request:\n", "  pull_request: { paths: ['src/**'] }\n")),
        ("fail", "paths-ignore", gate("  pull_request:\n", "  pull_request: { paths-ignore: [docs] }\n")),
        ("fail", "types without synchronize", gate("  pull_request:\n", "  pull_request: { types: [opened] }\n")),
    ],
    "skipped-check": [
        ("fail", "when test fails", gate("    if: ${{ always() }}\n", "")),
        ("fail", "when test fails", gate("${{ always() }}", "github.event_name != 'schedule'")),
        ("warn", "unless github.actor != 'bot'", gate("    needs: [test]\n    if: ${{ always() }}",
                                                      "    if: github.actor != 'bot'")),
        ("warn", "unless", gate("${{ always() }}", "always() && github.event_name == 'push'")),
        ("warn", "unless", gate("${{ always() }}", "always() && github.event_name != 'merge_group'")),
        ("warn", "unless", gate("  test:\n", "  test:\n    if: github.event.pull_request.draft == false\n")),
    ],
    "ambiguous-check": [
        ("fail", "other.yml:3 (bot)", other("run: x", "pull_request", name="gate")),
        ("warn", "may report", other("run: x", "pull_request", name="${{ github.actor }}")),
    ],
    "queue-without-checks": [
        ("fail", "gate.yml does not start", gate("  merge_group:\n", "", rules=({"type": "merge_queue"},))),
        ("warn", "classic protection", gate("  merge_group:\n", "")),
        ("unknown", "Something: read", gate("  merge_group:\n", "", rules=HIDDEN)),
    ],
    "codeql-default-setup": [
        ("fail", "rejects", {"default_setup": "configured"}),
        ("unknown", "Something: read", {"default_setup": HIDDEN}),
    ],
    "bot-pull-requests": [
        ("warn", "other.yml:5", other("uses: peter-evans/create-pull-request@v8")),
        ("warn", "other.yml:5", other(f"{{ {OPENER}, with: {{ token: '${{{{ github.token }}}}' }} }}")),
        ("warn", "other.yml", other("{ run: gh pr create --fill, env: { GH_TOKEN: '${{ secrets.GITHUB_TOKEN }}' } }")),
        ("warn", "other.yml", other("run: gh pr create --fill", env="{ GH_TOKEN: '${{github.token}}' }")),
        ("warn", "other.yml", other(f"{{ {SCRIPT}, with: {{ script: 'await github.rest.pulls.create({{}})' }} }}")),
    ],
    "bot-pushes": [
        ("fail", "reports", {"table": {"reports": {"branch": "main"}}}),
        ("warn", "other.yml:5", other("run: git commit -am x && git push")),
        ("warn", "other.yml", other("run: git push origin HEAD:main", "release")),
        ("warn", "other.yml", other("run: git push --force origin +HEAD:refs/heads/main", "release")),
        ("warn", "other.yml", other("run: git push origin main --tags", "release")),
        ("warn", "other.yml", other("run: git push --follow-tags", "workflow_dispatch")),
        ("warn", "other.yml", other("run: git push", "{ push: { branches: ['c\\+\\+'] } }")
         | {"table": {"protection": {"branch": "c++"}}}),
        ("warn", "other.yml", other("run: git push origin HEAD:${{ github.ref_name }}", "schedule")),
        ("warn", "other.yml", other('run: git push origin "HEAD:$GITHUB_REF_NAME"', "schedule")),
        ("warn", "other.yml", other('run: git push origin "HEAD:${TARGET}"', "release", env="{ TARGET: main }")),
        ("warn", "other.yml", other("run: git push https://x:${{ secrets.T }}@github.com/octo/sample.git HEAD:main")),
        ("warn", "other.yml", other("run: git push https://x:$T@github.com/${{ github.repository }} HEAD:main")),
        ("warn", "other.yml", other("run: git -c user.name=x push origin main")),
        ("warn", "other.yml", other("run: lockgate push --branch main --commit x --from out")),
        ("warn", "other.yml", other("run: lockgate push", "schedule")),
        ("warn", "other.yml", other("run: semantic-release version", "workflow_dispatch")),
        ("warn", "other.yml", other("uses: stefanzweifel/git-auto-commit-action@v7", "{ push: { branches: [main] } }")),
        ("warn", "other.yml", other("{ uses: ad-m/github-push-action@v1, with: { branch: '${{ github.ref }}' } }")),
        ("warn", "other.yml", other("uses: python-semantic-release/python-semantic-release@v10")),
    ],
    "open-environment": [
        ("warn", "is not there", {"environments": {}}),
        ("warn", "no required reviewers", {"environments": {"PyPI-publishing": False}}),
        ("fail", "publish.yml:7 publishes outside", {"files": {"publish.yml": PUBLISH.replace(ENVIRONMENT, "")}}),
        ("warn", "pypi is not there", {"files": {"publish.yml": PUBLISH.replace("{ name: pypi-publishing }", "pypi")}}),
        ("warn", "is not there", {"files": {"publish.yml": ""}, "environments": {}}),
        ("unknown", "Something: read", {"environments": HIDDEN}),
    ],
    "wrong-publisher": [
        ("warn", "workflow release.yml instead of publish.yml", {"publisher": PUBLISHER | {"workflow": "release.yml"}}),
        ("warn", "repository octo/old", {"publisher": PUBLISHER | {"repository": "octo/old"}}),
        ("warn", "environment none", {"publisher": PUBLISHER | {"environment": None}}),
        ("warn", "a publisher of GitLab", {"publisher": {"kind": "GitLab", "repository": "octo/sample"}}),
        ("warn", "no provenance", {"publisher": {}}),
        ("unknown", "Resource not accessible", {"publisher": HIDDEN}),
    ],
    "unneeded-secrets": [
        ("warn", "PYPI_API_TOKEN: releases go out by trusted", {"secrets": (secret("PYPI_API_TOKEN"),)}),
        ("warn", "TWINE_PASSWORD (environment pypi)", {"secrets": (secret("TWINE_PASSWORD", "pypi"),)}),
        ("warn", "DEPLOY_KEY: no workflow", {"secrets": (secret("DEPLOY_KEY"), secret("A"))}),
        ("warn", "OTHER", other("run: x", env="{ A: '${{ secrets.OTHERS }}' }") | {"secrets": (secret("OTHER"),)}),
        ("unknown", "Something: read", {"secrets": HIDDEN}),
    ],
    "old-secrets": [
        ("warn", "KEY (91 days)", {"secrets": (secret("KEY", updated="2026-10-16T00:00:00Z"),)}),
    ],
    "unreadable-workflow": [
        ("unknown", "x.yml:3: not valid YAML", {"here": {"unreadable": ("x.yml:3: not valid YAML",)}}),
    ],
}  # fmt: skip
# Trap → cases that look alike, in which it is not set.
UNSET: dict[str, list[dict[str, Any]]] = {
    "nobody-can-approve": [
        {"writers": ("ann",), "table": {"protection": {"approvals": 0}}},
        {"writers": HIDDEN, "table": {"protection": {"approvals": 0}}},
        {"writers": ("ann",), "table": {"protection": {"admins": False}}},
        {"writers": ("ann", "bob", "eve"), "table": {"protection": {"approvals": 2}}},
    ],
    "unreported-check": [
        gate("  pull_request:\n", "  pull_request: { branches: ['ma*', 'release/**'] }\n"),
        gate("  pull_request:\n", "  pull_request: { branches: ['[m-n]ain'] }\n"),
        gate("  pull_request:\n", "  pull_request_target:\n"),
        gate("  pull_request:\n", "  pull_request: { branches-ignore: ['feature/*', '[']}\n"),
        gate("on:\n  pull_request:\n  merge_group:\n  push: { branches: [main] }", "on: [pull_request, merge_group]"),
        gate("  test:\n", "  test:\n    name: t${{ matrix.python }}\n", here={"contexts": ("t3.11",)}),
        gate('["3.11", "3.12"]', "[true, 3]", here={"contexts": ("test (true)", "test (3)")}),
        gate(JUDGE, "    uses: ./.github/workflows/called.yml",
             here={"contexts": ("gate / one", "gate / two")})
        | {"files": {
            "gate.yml": GATE.replace(JUDGE, "    uses: ./.github/workflows/called.yml"),
            "called.yml": "on: workflow_call\njobs:\n  one: { steps: [] }\n  two: { steps: [] }\n"}},
        {"rules": HIDDEN},
    ],
    "filtered-check": [
        gate("  pull_request:\n", "  pull_request: { types: [opened, synchronize, labeled] }\n"),
        gate("  push: { branches: [main] }", "  push: { paths: [src] }"),
        gate("  pull_request:\n", "  pull_request: { paths: [src] }\n", here={"contexts": ()}),
        {"files": {"gate.yml": "", "always.yml": GATE, "some.yml": FILTERED}},
    ],
    "skipped-check": [
        gate("${{ always() }}", "always()"),
        gate("${{ always() }}", "${{ !cancelled() }}"),
        gate("${{ always() }}", "github.actor == 'bot' || always()"),
        gate("  test:\n", "  test:\n    if: github.event_name != 'schedule' && github.event_name != 'push'\n"),
        gate("  test:\n", "  test:\n    if: success()\n"),
    ],
    "ambiguous-check": [
        other("run: x", "push", name="gate"),
        other("run: x", "pull_request", name="gates"),
        other("run: x", "{ pull_request: { branches: [dev] } }", name="gate"),
    ],
    "queue-without-checks": [
        {"rules": ({"type": "merge_queue"},)},
        {"rules": HIDDEN},
        gate("  merge_group:\n", "", here={"contexts": ()}),
    ],
    "codeql-default-setup": [{"default_setup": "configured", "here": {"codeql": False}}],
    "bot-pull-requests": [
        other(f"{{ {OPENER}, with: {{ token: '${{{{ secrets.PAT }}}}' }} }}"),
        other("{ run: gh pr create, env: { GH_TOKEN: '${{ steps.app.outputs.token }}' } }"),
        other("run: gh pr create"),
        other("run: gh pr list", env="{ GH_TOKEN: '${{ github.token }}' }"),
        other(f"{{ {SCRIPT}, with: {{ script: 'github.rest.issues.create({{}})' }} }}"),
        other(f"{{ {SCRIPT}, with: {{ github-token: '${{{{ secrets.PAT }}}}', script: 'pulls.create({{}})' }} }}"),
        other("uses: peter-evans/create-pull-request@v8") | {"here": {"contexts": ()}},
    ],
    "bot-pushes": [
        other("run: git push", "pull_request"),
        other("run: git push origin gh-pages"),
        other("run: git push --tags", "{ push: { branches: [main] } }"),
        other("run: git push origin v1 --dry-run main"),
        other("run: git push origin refs/tags/v1"),
        other("run: git push", "{ push: { branches: [dev] } }"),
        other("run: git push", "{ push: { tags: ['v*'] } }"),
        other("run: git push git@github.com:octo/pages.git main"),
        other('run: git push "x', "push"),
        other("run: git pull  # then git push"),
        other("run: lockgate push --branch reports --commit x --from out"),
        other('run: lockgate push --branch "$TO" --commit x --from out', env="{ TO: reports }"),
        other("{ uses: stefanzweifel/git-auto-commit-action@v7, with: { branch: bot } }"),
    ],
    "open-environment": [
        {"environments": {}, "table": {"phase": {"publishing": "off"}}},
        {"environments": {"pypi-publishing": True, "docs": False}},
        {"files": {"publish.yml": PUBLISH.replace("{ name: pypi-publishing }", "${{ inputs.where }}")}},
    ],
    "wrong-publisher": [
        {"publisher": None},
        {"publisher": PUBLISHER | {"repository": "Octo/Sample"}},
    ],
    "unneeded-secrets": [
        other("run: x", env="{ A: '${{ secrets.KEY }}' }") | {"secrets": (secret("KEY"),)},
        other("run: x", env="{ A: \"${{ secrets['key'] }}\" }") | {"secrets": (secret("KEY"),)},
        other("run: x", env="{ A: '${{ toJSON(secrets) }}' }") | {"secrets": (secret("KEY"),)},
        {"secrets": (secret("PYPI_TOKEN"),), "files": {"publish.yml": PUBLISH.replace(
            "permissions: { id-token: write }", "permissions: {}").replace(
                "release/v1 }", "release/v1, with: { password: '${{ secrets.PYPI_TOKEN }}' } }")}},
    ],
    "old-secrets": [{"secrets": (secret("KEY", updated="2026-10-18T00:00:00Z"),)}, {"secrets": HIDDEN}],
    "unreadable-workflow": [{}],
}  # fmt: skip


def test_a_repository_in_order_has_no_traps() -> None:
    assert find(facts()) == ()


@pytest.mark.parametrize("shape", GOLDEN, ids=lambda shape: shape.name)
def test_what_lockgate_renders_has_no_traps(tmp_path: Path, shape: Shape) -> None:
    found = shape.render(tmp_path)
    workflows, unreadable = traps_flow.workflows(found.root)
    contexts = required({file.name: file.document for file in found.files if file.document is not None})
    here = {"config": read_project(tmp_path / shape.folder).config, "contexts": contexts, "workflows": workflows}
    assert (find(facts(here=here)), unreadable) == ((), ())


@pytest.mark.parametrize(
    ("name", "status", "words", "changes"),
    [
        pytest.param(name, *case, id=f"{name}-{number}")
        for name, found in SET.items()
        for number, case in enumerate(found)
    ],
)
def test_a_trap_is_told(name: str, status: str, words: str, changes: dict[str, Any]) -> None:
    found = traps(**changes)
    assert name in found, found
    assert found[name].status == status
    assert words in found[name].message
    assert found[name].remedy


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param(name, case, id=f"{name}-{number}")
        for name, found in UNSET.items()
        for number, case in enumerate(found)
    ],
)
def test_what_looks_alike_is_no_trap(name: str, changes: dict[str, Any]) -> None:
    assert name not in traps(**changes)


def test_the_worst_come_first() -> None:
    found = find(facts(writers=("ann",), default_setup=HIDDEN, environments={}))
    assert [trap.status for trap in found] == ["fail", "warn", "unknown"]


def test_approvals_that_could_be_given_are_proposed() -> None:
    assert "approvals = 0" in traps(writers=("ann",))["nobody-can-approve"].remedy
    assert "approvals = 1" in traps(table={"protection": {"approvals": 3}})["nobody-can-approve"].remedy


def test_a_code_owner_who_is_alone_can_approve_nothing_either() -> None:
    owned = {"protection": {"approvals": 0, "code-owners": True}}
    trap = traps(writers=("ann",), table=owned)["nobody-can-approve"]
    assert trap.status == "fail"
    assert "code-owners = true and admins = true" in trap.message
    assert "approvals = 0, code-owners = false" in trap.remedy
    assert "nobody-can-approve" not in traps(writers=("ann", "bob"), table=owned)


def test_a_planned_reviewer_is_applied_and_a_missing_one_is_named() -> None:
    assert "reviewers" in traps(environments={})["open-environment"].remedy
    planned = traps(environments={}, table={"publish": {"reviewers": ["@ann"]}})["open-environment"]
    assert planned.remedy == "lockgate protect apply"


def test_every_trap_has_its_section() -> None:
    text = (Path(__file__).parents[3] / "docs" / "traps.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### (\S+)$", text, re.MULTILINE)) == SET.keys() == UNSET.keys()


def test_a_long_list_is_cut() -> None:
    found = traps(secrets=tuple(secret(f"KEY_{number}") for number in range(8)))["unneeded-secrets"]
    assert "KEY_4 and 3 more: no workflow" in found.message
