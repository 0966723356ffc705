# ruff: noqa: E501, ISC004  (examples are read best on one line)
"""Planted flaws of workflows: a hardened workflow with one thing changed; its twin is the hardened one."""

from __future__ import annotations

from lockgate.model.compromised import COMPROMISED
from tests.planted.case import Case

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1  # v7.0.1"
_PUBLISH = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33  # v1.14.2"
_DOWNLOAD = "actions/download-artifact@9000827ccba6bdab643e8b6fd33ac0654aef8333  # v8.0.2"
_CACHE = "actions/cache@55cc8345863c7cc4c66a329aec7e433d2d1c52a9  # v6.1.0"
_HEAD = """\
name: planted
on:
  push:
    branches: [main]
permissions: {}
concurrency:
  group: planted-${{ github.ref }}
  cancel-in-progress: true
jobs:
"""
_TEST = f"""\
  test:
    name: Test
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read  # to check out
    steps:
      - name: Check out
        uses: {CHECKOUT}
        with:
          persist-credentials: false
      - name: Test
        run: pytest
"""
_PUBLISHING = f"""\
  publish:
    name: Publish
    needs: [test]
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    environment: pypi
    permissions:
      id-token: write  # trusted publishing
    steps:
      - name: Download
        uses: {_DOWNLOAD}
      - name: Publish
        uses: {_PUBLISH}
"""
_DONE = """\
  done:
    name: Done
    needs: [test]
    if: always()
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions: {}
    steps:
      - name: Judge
        if: contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled') || contains(needs.*.result, 'skipped')
        run: exit 1
"""
CLEAN = _HEAD + _TEST + _PUBLISHING + _DONE
_PR = "on:\n  pull_request:\n    types: [opened]\n"
_PUSH = "on:\n  push:\n    branches: [main]\n"
# Name: (what is replaced in the clean workflow, by what).
_CHANGES: dict[str, tuple[tuple[str, str], ...]] = {
    "tag instead of a commit": ((CHECKOUT, "actions/checkout@v7"),),
    "branch instead of a commit": ((_PUBLISH, "pypa/gh-action-pypi-publish@release/v1"),),
    "no permissions": (("permissions: {}\nconcurrency", "concurrency"),),
    "all permissions": (("permissions: {}\nconcurrency", "permissions: write-all\nconcurrency"),),
    "kept credentials": (("        with:\n          persist-credentials: false\n", ""),),
    "injected title": ((_PUSH, _PR), ("run: pytest", "run: echo '${{ github.event.pull_request.title }}'")),
    "injected branch": ((_PUSH, _PR), ("run: pytest", "run: git switch ${{ github.head_ref }}")),
    "injected comment": (
        (_PUSH, "on:\n  issue_comment:\n    types: [created]\n"),
        ("run: pytest", 'run: echo "${{ github.event.comment.body }}"'),
    ),
    "target trigger": ((_PUSH, "on:\n  pull_request_target:\n    types: [opened]\n"),),
    "run trigger": ((_PUSH, "on:\n  workflow_run:\n    workflows: [other]\n    types: [completed]\n"),),
    "foreign code with secrets": (
        (_PUSH, "on:\n  pull_request_target:\n    types: [opened]\n"),
        (
            "persist-credentials: false",
            "persist-credentials: false\n          ref: ${{ github.event.pull_request.head.sha }}",
        ),
    ),
    "container password": (
        (
            "    timeout-minutes: 10\n    permissions:\n      contents",
            "    timeout-minutes: 10\n    container:\n      image: a/b@sha256:"
            + "0" * 64
            + "\n      credentials:\n        username: me\n        password: hackme\n    permissions:\n      contents",
        ),
    ),
    "container tag": (
        (
            "    timeout-minutes: 10\n    permissions:\n      contents",
            "    timeout-minutes: 10\n    container:\n      image: python:latest\n    permissions:\n      contents",
        ),
    ),
    "inherited secrets": (
        (
            _DONE,
            f"  other:\n    name: Other\n    uses: a/b/.github/workflows/c.yml@{'0' * 40}\n    permissions: {{}}\n    secrets: inherit\n",
        ),
    ),
    "all secrets": (("run: pytest", "run: pytest\n        env:\n          ALL: ${{ toJSON(secrets) }}"),),
    "part of a secret": (
        ("run: pytest", "run: pytest\n        env:\n          KEY: ${{ fromJSON(secrets.ALL).key }}"),
    ),
    "old commands": (("run: pytest", "run: pytest\n        env:\n          ACTIONS_ALLOW_UNSECURE_COMMANDS: true"),),
    "spoofed bot": (
        ("  test:\n    name: Test\n", "  test:\n    name: Test\n    if: github.actor == 'dependabot[bot]'\n"),
        (_PUSH, _PR),
    ),
    "written environment": (
        (_PUSH, "on:\n  pull_request_target:\n    types: [opened]\n"),
        ("run: pytest", 'run: echo "A=$TITLE" >> "$GITHUB_ENV"'),
    ),
    "unsound contains": (
        (
            "      - name: Test\n",
            "      - name: Test\n        if: contains('refs/heads/main refs/heads/dev', github.ref)\n",
        ),
    ),
    "always true condition": (
        (
            "      - name: Test\n",
            "      - name: Test\n        if: |\n          ${{ github.ref == 'refs/heads/main' }}\n",
        ),
    ),
    "unknown key": (
        (
            "    timeout-minutes: 10\n    permissions:\n      contents",
            "    timeout_minutes: 10\n    permissions:\n      contents",
        ),
    ),
    "unknown job": (("needs: [test]\n    runs-on", "needs: [tests]\n    runs-on"),),
    "unknown context": (("run: pytest", "run: pytest ${{ matrix.python }}"),),
    "bad expression": (("if: always()", "if: ${{ always( }}"),),
    "unknown runner": (
        ("  test:\n    name: Test\n    runs-on: ubuntu-24.04", "  test:\n    name: Test\n    runs-on: ubuntu-99.04"),
    ),
    "compromised commit": ((CHECKOUT, f"tj-actions/changed-files@{next(iter(COMPROMISED))}  # v45"),),
    "build and publish": (
        ("      - name: Download\n", "      - name: Build\n        run: python -m build\n      - name: Download\n"),
    ),
    "no environment": (("    environment: pypi\n", ""),),
    "check may fail": (("run: pytest", "run: pytest\n        continue-on-error: true"),),
    "check or true": (("run: pytest", "run: bandit -r src || true"),),
    "exit zero": (("run: pytest", "run: ruff check --exit-zero src"),),
    "no attestations": ((_PUBLISH, _PUBLISH + "\n        with:\n          attestations: false"),),
    "path filter": (
        (
            "    branches: [main]\npermissions",
            "    branches: [main]\n  merge_group:\n  pull_request:\n    paths: [src/**]\npermissions",
        ),
    ),
    "no always": (("    if: always()\n", ""),),
    "nothing judged": (
        (
            "        if: contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled') || "
            "contains(needs.*.result, 'skipped')\n        run: exit 1",
            "        run: echo done",
        ),
    ),
    "wrong version": ((CHECKOUT, CHECKOUT.replace("v7.0.1", "v6.0.0")),),
    "release cache": (
        (
            "      - name: Download\n",
            f"      - name: Cache\n        uses: {_CACHE}\n        with:\n          path: dist\n          key: dist\n      - name: Download\n",
        ),
    ),
    "code beside the token": (
        ("      - name: Download\n", "      - name: Install\n        run: pip install .\n      - name: Download\n"),
    ),
    "piped script": (("run: pytest", "run: curl -sSL https://example.org/install.sh | sh"),),
}


def cases() -> list[Case]:
    """One workflow each."""
    found = []
    for name, changes in _CHANGES.items():
        text = CLEAN
        for old, new in changes:
            if old not in text:
                raise ValueError(f"{name}: nothing to replace")
            text = text.replace(old, new)
        path = f".github/workflows/{name.replace(' ', '-')}.yml"
        found.append(Case(name, {path: text}, {path: CLEAN}))
    return found
