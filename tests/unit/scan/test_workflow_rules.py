"""Every rule on workflows: at least three that break it and three that look alike and do not."""

from __future__ import annotations

import textwrap

import pytest

from lockgate.model.compromised import COMPROMISED
from lockgate.model.errors import UsageError
from lockgate.ports.yamlfile import read_workflow
from lockgate.scan.rules.workflows import RULES
from lockgate.scan.rules.workflows.known import VERSIONS

SHA = "0123456789abcdef0123456789abcdef01234567"
CHECKOUT = VERSIONS["actions/checkout", "7.0.1"]
PUBLISH = f"pypa/gh-action-pypi-publish@{SHA}"
BAD_SHA, OTHER_BAD_SHA = list(COMPROMISED)[:2]


def job(steps: str, head: str = "", name: str = "work", on: str = "push") -> str:
    body = textwrap.indent(textwrap.dedent(steps), "      ")
    rest = textwrap.indent(textwrap.dedent(head), "    ")
    return f"on: {on}\njobs:\n  {name}:\n    runs-on: ubuntu-24.04\n{rest}    steps:\n{body}"


def needs(steps: str, head: str = "", on: str = "push") -> str:
    text = job(steps, f"needs: [test, lint]\n{head}", name="done", on=on)
    others = "".join(f"  {name}:\n    runs-on: x\n    steps: [{{run: make {name}}}]\n" for name in ("test", "lint"))
    return text.replace("jobs:\n", f"jobs:\n{others}")


BAD = {
    "aggregate-always": [
        needs("- run: echo all is well\n"),
        needs("- run: exit 1\n  if: contains(needs.*.result, 'failure')\n"),
        needs("- uses: re-actors/alls-green@x\n  with: {jobs: '${{ toJSON(needs) }}'}\n", "if: success()\n"),
        needs("- run: 'true'\n", "if: always()\n"),
    ],
    "attestations-off": [
        job(f"- uses: {PUBLISH}\n  with: {{attestations: false}}\n"),
        job(f"- uses: {PUBLISH}\n  with:\n    attestations: 'false'\n"),
        job("- run: uv publish --no-attestations\n"),
    ],
    "build-and-publish": [
        job(f"- run: python -m build\n- uses: {PUBLISH}\n"),
        job("- run: |\n    uv build\n    uv publish\n"),
        job("- run: poetry publish --build\n"),
        job(f"- uses: hynek/build-and-inspect-python-package@{SHA}\n- run: twine upload dist/*\n"),
    ],
    "compromised-action": [
        job(f"- uses: tj-actions/changed-files@{BAD_SHA}\n"),
        job(f"- uses: reviewdog/action-setup@{OTHER_BAD_SHA}  # v1\n"),
        f"runs:\n  using: composite\n  steps:\n    - uses: other/fork@{BAD_SHA}\n",
    ],
    "ignored-failure": [
        job("- run: pytest || true\n"),
        job("- run: bandit -r src\n  continue-on-error: true\n"),
        job("- run: ruff check --exit-zero .\n"),
        job("- run: mypy src\n", "continue-on-error: true\n"),
        job("- run: |\n    set +e\n    pip-audit\n"),
        job(f"- uses: github/codeql-action/analyze@{SHA}\n  continue-on-error: true\n"),
        job("- run: |\n    gitleaks dir . \\\n      --verbose || echo ignored\n"),
        job("- run: uv run lockgate scan || exit 0\n"),
    ],
    "piped-install": [
        job("- run: curl -sSL https://example.org/i.sh | sh\n"),
        job("- run: wget -qO- https://example.org/i.sh | sudo bash\n"),
        job("- run: bash <(curl -s https://example.org/i.sh)\n"),
        job("- run: |\n    curl -LsSf https://example.org/i.py \\\n      | python3 -\n"),
        job('- run: sh -c "$(curl -fsSL https://example.org/i.sh)"\n'),
    ],
    "publish-environment": [
        job(f"- uses: {PUBLISH}\n", "permissions: {id-token: write}\n"),
        job("- run: twine upload dist/*\n"),
        job("- run: uv publish\n", "environment: ''\n"),
    ],
    "release-cache": [
        job(f"- uses: actions/cache@{SHA}\n- run: uv publish\n"),
        job(f"- uses: astral-sh/setup-uv@{SHA}\n  with: {{enable-cache: true}}\n- run: uv build\n", name="build")
        + f"  publish:\n    needs: build\n    environment: pypi\n    steps: [{{uses: {PUBLISH}}}]\n",
        job(f"- uses: actions/setup-python@{SHA}\n  with: {{cache: pip}}\n- run: twine upload dist/*\n"),
    ],
    "required-filter": [
        job("- run: make\n", on="{pull_request: {paths: [src/**]}, merge_group: {}}"),
        job("- run: make\n", name="security-scan", on="{pull_request: {paths-ignore: [docs/**]}}"),
        needs(
            "- run: exit 1\n  if: needs.test.result != 'success'\n", "if: always()\n", on="{pull_request: {paths: [a]}}"
        ),
    ],
    "token-beside-code": [
        job(f"- run: pip install .\n- uses: {PUBLISH}\n", "permissions: {id-token: write}\n"),
        job(f"- uses: actions/checkout@{SHA}\n- run: pytest\n", "permissions:\n  id-token: write\n"),
        "permissions: write-all\n" + job(f"- uses: actions/checkout@{SHA}\n- run: make test\n"),
        "permissions: {id-token: write}\n" + job(f"- uses: actions/checkout@{SHA}\n- run: uv run task\n"),
    ],
    "version-comment": [
        job(f"- uses: actions/checkout@{CHECKOUT}  # v4.2.2\n"),
        job(f"- uses: actions/checkout@{SHA} # v7.0.1\n"),
        job(f"- uses: a/b@{SHA} # v1.2.3\n- uses: a/b@{SHA[::-1]} # v1.2.3\n"),
        job(f"- uses: someone/else@{CHECKOUT}  # v7.0.1\n"),
    ],
}
GOOD = {
    "aggregate-always": [
        needs("- run: exit 1\n  if: contains(needs.*.result, 'failure')\n", "if: always()\n"),
        needs("- run: exit 1\n  if: needs.test.result != 'success'\n", "if: ${{ !cancelled() }}\n"),
        needs("- run: make deploy\n"),
        job("- run: echo hello\n"),
        needs("- run: echo done\n", "if: always() && !contains(needs.*.result, 'failure')\n"),
    ],
    "attestations-off": [
        job(f"- uses: {PUBLISH}\n"),
        job(f"- uses: {PUBLISH}\n  with: {{attestations: true}}\n"),
        job("- uses: other/action@v1\n  with: {attestations: false}\n"),
        job("- run: uv publish\n"),
    ],
    "build-and-publish": [
        job("- run: python -m build\n"),
        job(f"- uses: actions/download-artifact@{SHA}\n- uses: {PUBLISH}\n"),
        job("- run: docker build .\n- run: uv publish\n"),
        job("- run: uv publish\n  # not: uv build\n"),
    ],
    "compromised-action": [
        job(f"- uses: tj-actions/changed-files@{SHA}\n"),
        job("- uses: actions/checkout@v4\n"),
        job(f"- run: echo {BAD_SHA}\n"),
    ],
    "ignored-failure": [
        job("- run: pytest\n"),
        job("- run: pkill server || true\n"),
        job(f"- uses: codecov/codecov-action@{SHA}\n  continue-on-error: true\n"),
        job("- run: pytest\n", "continue-on-error: ${{ matrix.experimental }}\n"),
        job("- id: t\n  run: pytest\n  continue-on-error: true\n- if: steps.t.outcome == 'failure'\n  run: exit 1\n"),
        job("- run: |\n    set +e\n    pytest\n    code=$?\n    exit $code\n"),
        job("- run: pip install pytest\n- run: rm -rf x || true\n"),
        job("- run: |\n    # pytest || true\n    pytest\n"),
    ],
    "piped-install": [
        job("- run: curl -sSLo i.sh https://example.org/i.sh\n"),
        job("- run: curl -s https://example.org/a.json | jq .name\n"),
        job("- run: cat script | sh\n"),
        job("- run: curl https://example.org/x | tee shell.txt\n"),
    ],
    "publish-environment": [
        job(f"- uses: {PUBLISH}\n", "environment: pypi\n"),
        job(f"- uses: {PUBLISH}\n", "environment:\n  name: pypi\n"),
        job("- run: make\n", "permissions: {id-token: write}\n"),
    ],
    "release-cache": [
        job(f"- uses: actions/cache@{SHA}\n- run: pytest\n"),
        job(f"- uses: astral-sh/setup-uv@{SHA}\n  with: {{enable-cache: false}}\n- run: uv publish\n"),
        job(f"- uses: actions/cache@{SHA}\n- run: pytest\n", name="test")
        + f"  publish:\n    environment: pypi\n    steps: [{{uses: {PUBLISH}}}]\n",
    ],
    "required-filter": [
        job("- run: make\n", on="{pull_request: {}, merge_group: {}}"),
        job("- run: make docs\n", name="docs", on="{pull_request: {paths: [docs/**]}}"),
        job("- run: make\n", name="security-scan", on="{push: {paths: [src/**]}, pull_request: {}}"),
    ],
    "token-beside-code": [
        job(f"- uses: actions/download-artifact@{SHA}\n- uses: {PUBLISH}\n", "permissions: {id-token: write}\n"),
        job(f"- uses: actions/checkout@{SHA}\n- run: pytest\n", "permissions: {contents: read}\n"),
        job(
            f"- uses: actions/checkout@{SHA}\n- run: make\n- uses: actions/attest@{SHA}\n",
            "permissions: {id-token: write}\n",
        ),
        job(f"- uses: actions/checkout@{SHA}\n- run: pytest\n"),
    ],
    "version-comment": [
        job(f"- uses: actions/checkout@{CHECKOUT}  # v7.0.1\n"),
        job(f"- uses: actions/checkout@{CHECKOUT}  # v7\n"),
        job(f"- uses: a/b@{SHA}  # v1.2.3\n- uses: a/b@{SHA}  # v1.2.3\n"),
        job(f"- uses: a/b@{SHA}  # v1\n- uses: a/b@{SHA[::-1]}  # v1\n"),
        job(f"- uses: a/b@{SHA}\n"),
    ],
}
BY_ID = {rule.id: rule for rule in RULES}


def lines(rule: str, text: str) -> list[int]:
    return list(BY_ID[rule].look(read_workflow(text, "a.yml")))


def cases(table: dict[str, list[str]]) -> list[object]:
    return [pytest.param(rule, text, id=f"{rule}-{n}") for rule, texts in table.items() for n, text in enumerate(texts)]


@pytest.mark.parametrize(("rule", "text"), cases(BAD))
def test_a_flaw_is_found_once(rule: str, text: str) -> None:
    assert len(lines(rule, text)) == 1


@pytest.mark.parametrize(("rule", "text"), cases(GOOD))
def test_what_looks_alike_is_no_flaw(rule: str, text: str) -> None:
    assert lines(rule, text) == []


@pytest.mark.parametrize("rule", sorted(BY_ID))
def test_every_rule_has_enough_examples(rule: str) -> None:
    assert len(BAD[rule]) >= 3
    assert len(GOOD[rule]) >= 3


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [b\n", 2), ("on: push\njobs:\n  a: 1\n  a: 2\n", 4), ("- a\n", 1), ("", 1), ("a: b: c\n", 1)],
)
def test_what_is_no_workflow_cannot_be_judged(text: str, line: int) -> None:
    with pytest.raises(UsageError) as caught:
        read_workflow(text, "a.yml")
    assert caught.value.message.startswith(f"a.yml:{line}: ")


def test_lines_are_those_of_the_file() -> None:
    text = job("- run: make\n- name: x\n  run: pytest || true\n")
    (line,) = lines("ignored-failure", text)
    assert "pytest || true" in text.splitlines()[line - 1]
