"""Workflows that are written by hand: what weakens them is seen, what does not is accepted."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.flows.render import FileReport, RenderReport, Survey, judge
from lockgate.model.config import WorkflowConfig, WorkflowsConfig
from lockgate.workflows.emit import Commented, emit, text_of
from lockgate.workflows.facts import NESTED
from lockgate.workflows.promises import broken
from tests.unit.workflows import mutations
from tests.unit.workflows.rendered import WORKFLOWS, facts, rendered

DOCS = Path(__file__).parents[3] / "docs" / "promises.md"
SHA = "0123456789abcdef0123456789abcdef01234567"
# What nothing in the file itself tells apart from correct work; docs/promises.md explains both.
UNSEEN = {"another commit under another version", "a step of the author's own that does anything"}
FILES = rendered()


def judged(root: Path, workflow: str, text: str) -> FileReport:
    """What `render --check` says of a workflow that is taken over by hand."""
    (root / NESTED).mkdir(parents=True, exist_ok=True)
    (root / NESTED / "uv.lock").touch()
    by_hand = {"additions": WorkflowsConfig(**{workflow: WorkflowConfig(managed=False)})}
    files = rendered(**by_hand)
    texts = {name: file.text for name, file in files.items()}
    survey = Survey(
        root=root, facts=facts(**by_hand), files=tuple(files.values()), texts={**texts, workflow: text}
    )
    report: RenderReport = judge(survey)
    (mine,) = [file for file in report.files if file.state == "by-hand"]
    assert report.verdict == ("fail" if mine.problems else "pass")
    return mine


def test_harmful_changes_are_caught() -> None:
    assert len(mutations.judged()) > 1000
    missed = [one for one, seen in mutations.judged() if not seen]
    assert {one.kind for one in missed} == UNSEEN
    assert len(missed) / len(mutations.judged()) < 0.05


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_check_itself_names_file_and_line(tmp_path: Path, workflow: str) -> None:
    mine = [(one, seen) for one, seen in mutations.judged() if one.workflow == workflow]
    for one, seen in itertools.islice(mine, 0, None, max(1, len(mine) // 80)):
        problems = judged(tmp_path, workflow, one.text).problems
        assert bool(problems) is seen, str(one)
        for problem in problems:
            assert problem.path == FILES[workflow].path
            assert problem.line is not None
            assert 1 <= problem.line <= one.text.count("\n"), str(one)


def test_the_documentation_tells_how_many_are_caught() -> None:
    assert mutations.table() in DOCS.read_text(encoding="utf-8")
    assert all(f"**{kind}**" in DOCS.read_text(encoding="utf-8") for kind in UNSEEN)


@pytest.mark.parametrize(
    ("workflow", "before", "after", "marked", "message"),
    [
        ("quality_gate", "    name: quality-checks", "    name: checks", "name:", "the name must be 'quality-checks'"),
        ("quality_gate", "on:\n  pull_request:", "on:\n  pull:", "on:", "the trigger pull_request is missing"),
        ("quality_gate", "if: ${{ always() }}", "if: ${{ !cancelled() }}", "if:", "the condition must be always()"),
        ("security_scan", "upload: never", "upload: always", "upload", "upload must be 'never'"),
        ("publish", "attestations: true", "attestations: false", "attestations", "attestations must be True"),
        ("publish", "      id-token: write", "      id-token: write\n      contents: write", "contents", "contents: write is more than this job needs"),
        ("quality_gate", 'COVERAGE_THRESHOLD: "95"', 'COVERAGE_THRESHOLD: "50"', "COVERAGE", "COVERAGE_THRESHOLD must be '95', as the table says"),
        ("quality_gate", "  LOCKGATE_NEEDS: ${{ toJSON(needs) }}", "  LOCKGATE_NEEDS: {}", "LOCK", "LOCKGATE_NEEDS must be '${{ toJSON(needs) }}'"),
        ("quality_gate", "jobs:\n", "jobs:\n  <<: {}\n", "<<:", "GitHub reads no merge keys"),
        ("quality_gate", "name: quality-gate\n", "name: quality-gate\nname: again\n", "name: again", "not valid YAML: found duplicate key"),
        ("quality_gate", "permissions: {}\n", "\tpermissions: {}\n", "\t", "not valid YAML: expected <block end>"),
        ("publish", "github/codeql-action/init@", "github/codeql-action/init@v4 # ", "github", "is pinned to 'v4', which can be moved"),
    ],
)  # fmt: skip
def test_messages_say_where_and_what_must_be_there(
    tmp_path: Path, workflow: str, before: str, after: str, marked: str, message: str
) -> None:
    text = FILES[workflow].text
    start = text.index(before)
    line = text.count("\n", 0, start) + after[: after.index(marked)].count("\n") + 1
    problems = judged(tmp_path, workflow, text.replace(before, after, 1)).problems
    (problem,) = [one for one in problems if message in one.message]
    assert (problem.path, problem.line, problem.rule) == (FILES[workflow].path, line, "promise")


# --- what an author may do

Edit = Callable[[dict[str, Any]], object]


def step(document: dict[str, Any], job: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["jobs"][job]["steps"] if one["id"] == name)
    return found


def own_job(**more: Any) -> Edit:  # noqa: ANN401
    job = {"runs-on": "ubuntu-24.04", "steps": [{"run": "make docs"}], **more}
    return lambda document: document["jobs"].update(docs=job)


def own_step(job: str, at: int, **content: Any) -> Edit:  # noqa: ANN401
    return lambda document: document["jobs"][job]["steps"].insert(at, {"name": "Mine", **content})


def without(*names: str) -> Edit:
    """Leave steps out, in every job."""

    def edit(document: dict[str, Any]) -> None:
        for job in document["jobs"].values():
            job["steps"] = [one for one in job["steps"] if not one["id"].startswith(names)]

    return edit


def each_job(**changes: Any) -> Edit:  # noqa: ANN401
    return lambda document: [job.update(copy.deepcopy(changes)) for job in document["jobs"].values()]


def moved(reference: str) -> Edit:
    """A newer commit of every action, as Dependabot brings it."""

    def edit(document: dict[str, Any]) -> None:
        for job in document["jobs"].values():
            for one in job["steps"]:
                if "uses" in one:
                    one["uses"] = Commented(f"{one['uses'].value.partition('@')[0]}@{reference}", "v99.1.0")

    return edit


def reordered(value: Any) -> Any:  # noqa: ANN401
    """The same data with its keys the other way round."""
    if isinstance(value, Mapping):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(one) for one in value] if isinstance(value, list) else value


ALL = WORKFLOWS
GATES = ("quality_gate", "security_scan")
HARMLESS: Mapping[str, tuple[tuple[str, ...], Edit]] = {
    "nothing": (ALL, lambda _: None),
    "a job": (ALL, own_job()),
    "a job with a matrix": (ALL, own_job(name="docs (${{ matrix.os }})", strategy={"matrix": {"os": ["a", "b"]}})),
    "a job with a computed matrix": (ALL, own_job(strategy={"matrix": "${{ fromJSON(needs.x.outputs.y) }}"})),
    "a job that includes": (ALL, own_job(strategy={"matrix": {"include": [{"os": "a", "python": "3.8"}]}})),
    "a job that deploys": (GATES, own_job(environment="docs", permissions={"pages": "write", "id-token": "write"})),
    "a job with a secret": (ALL, own_job(env={"TOKEN": "${{ secrets.SLACK }}"})),
    "a reusable workflow": (ALL, lambda found: found["jobs"].update(lint={"uses": f"o/r/.github/workflows/x.yml@{SHA}"})),
    "a local reusable workflow": (ALL, lambda found: found["jobs"].update(lint={"uses": "./.github/workflows/x.yml"})),
    "an artifact of one's own": (ALL, own_job(steps=[{"uses": f"actions/upload-artifact@{SHA}", "with": {"name": "docs"}}])),
    "a step at the start": (("security_scan",), own_step("security-scan", 0, run="sudo apt-get install -y libxml2")),
    "a step before the tests": (("quality_gate",), own_step("test-matrix", 2, run="docker compose up -d")),
    "a step behind the tests": (("quality_gate",), own_step("test-matrix", 99, run="cat $RUNNER_TEMP/lockgate-report/gate.md")),
    "a step with a secret": (("quality_gate",), own_step("test-matrix", 99, run="notify", env={"T": "${{ secrets.T }}"})),
    "a step with an action": (("security_scan",), own_step("security-scan", 1, uses=f"step-security/harden-runner@{SHA}")),
    "a container by digest": (("security_scan",), own_step("security-scan", 1, uses=f"docker://alpine@sha256:{SHA}")),
    "an artifact in a job": (
        ("quality_gate",),
        own_step("test-matrix", 2, uses=f"actions/upload-artifact@{SHA}", **{"with": {"name": "logs", "path": "logs"}}),
    ),
    "a cache of one's own": (
        ("quality_gate",),
        own_step("quality-checks", 2, uses=f"actions/cache@{SHA}", **{"with": {"path": ".mypy_cache", "key": "m"}}),
    ),
    "setup-uv's own cache": (
        ("quality_gate",),
        lambda found: step(found, "test-matrix", "uv")["with"].update({"enable-cache": True}),
    ),
    "another runner": (ALL, each_job(**{"runs-on": ["self-hosted", "linux"]})),
    "a longer timeout": (ALL, each_job(**{"timeout-minutes": 120})),
    "a step's timeout": (("quality_gate",), lambda found: step(found, "test-matrix", "gate").update({"timeout-minutes": 9})),
    "outputs": (("quality_gate",), lambda found: found["jobs"]["test-matrix"].update(outputs={"x": "${{ steps.x.outputs.y }}"})),
    "a database": (("quality_gate",), lambda found: found["jobs"]["test-matrix"].update(services={"db": {"image": "postgres"}})),
    "all cells to their end": (("quality_gate",), lambda found: found["jobs"]["test-matrix"]["strategy"].update({"fail-fast": False})),
    "fewer at a time": (("quality_gate",), lambda found: found["jobs"]["test-matrix"]["strategy"].update({"max-parallel": 1})),
    "Pythons in another order": (
        ("quality_gate", "publish"),
        lambda found: found["jobs"]["test-matrix"]["strategy"]["matrix"]["python"].reverse(),
    ),
    "one more need": (("quality_gate",), lambda found: (own_job()(found), found["jobs"]["coverage-report"]["needs"].append("docs"))),
    "one more need of a release": (("publish",), lambda found: (own_job()(found), found["jobs"]["build"]["needs"].append("docs"))),
    "pushes to more branches": (GATES, lambda found: found["on"]["push"]["branches"].append("release/**")),
    "pushes to all branches": (GATES, lambda found: found["on"].update(push=None)),
    "pushes to any branch": (GATES, lambda found: found["on"]["push"].update(branches=["**"])),
    "tags": (GATES, lambda found: found["on"]["push"].update(tags=["v*"])),
    "more types": (GATES, lambda found: found["on"]["pull_request"]["types"].append("labeled")),
    "a trigger": (("quality_gate",), lambda found: found["on"].update(schedule=[{"cron": "1 1 * * 1"}])),
    "another hour": (("security_scan",), lambda found: found["on"].update(schedule=[{"cron": "1 1 * * *"}])),
    "twice a day": (("security_scan",), lambda found: found["on"]["schedule"].append({"cron": "5 5,17 * * *"})),
    "an input": (ALL, lambda found: found["on"].update(workflow_dispatch={"inputs": {
        **((found["on"]["workflow_dispatch"] or {}).get("inputs", {})), "reason": {"type": "string"}}})),
    "variables": (ALL, lambda found: found["env"].update(MY_SETTING="1", FORCE_COLOR="1", PYTHONUNBUFFERED="1")),
    "a job's variable": (("quality_gate",), lambda found: found["jobs"]["test-matrix"].update(env={"DATABASE_URL": "x"})),
    "a step's variable": (("quality_gate",), lambda found: step(found, "test-matrix", "gate")["env"].update(TZ="UTC")),
    "no caches": (ALL, without("cache-")),
    "no caches and no record": (
        ("quality_gate",),
        lambda found: (without("cache-")(found), step(found, "quality-checks", "gate").pop("env")),
    ),
    "a cache's key": (
        ("quality_gate",),
        lambda found: step(found, "test-matrix", "cache-uv")["with"].update({"key": "uv-2", "restore-keys": "uv-"}),
    ),
    "another retention": (ALL, lambda found: [one["with"].update({"retention-days": 90}) for job in found["jobs"].values()
                                              for one in job["steps"] if one["id"] == "upload"]),
    "reports kept always": (GATES, lambda found: [one.update({"if": "always()"}) for job in found["jobs"].values()
                                                  for one in job["steps"] if one["id"] == "upload"]),
    "another uv": (ALL, lambda found: [one["with"].update(version="0.14.0") for job in found["jobs"].values()
                                       for one in job["steps"] if one["id"] == "uv"]),
    "render stops at a failure": (("quality_gate",), lambda found: step(found, "quality-checks", "render").pop("if")),
    "success() written out": (("publish",), lambda found: found["jobs"]["build"].update({"if": "success()"})),
    "newer actions": (ALL, moved("89abcdef" * 5)),
    "no names of steps": (ALL, lambda found: [one.pop("name") for job in found["jobs"].values() for one in job["steps"]]),
    "other names": (ALL, lambda found: found.update({"name": "CI", "run-name": "CI of ${{ github.actor }}"})),
    "submodules": (GATES, lambda found: step(found, "security-scan" if "security-scan" in found["jobs"] else "quality-checks",
                                             "checkout")["with"].update(submodules="recursive")),
    "more queries": (("security_scan",), lambda found: step(found, "codeql", "init")["with"].update(queries="security-extended")),
    "a read-only token": (ALL, lambda found: found.update(permissions={"contents": "read"})),
    "no group": (GATES, lambda found: found.pop("concurrency")),
    "another group": (("quality_gate",), lambda found: found.update(concurrency={"group": "ci-${{ github.ref }}"})),
    "bash": (GATES, lambda found: found.update(defaults={"run": {"shell": "bash"}})),
    "softness written out": (ALL, each_job(**{"continue-on-error": False})),
    "keys the other way round": (ALL, lambda found: None),
    "a page of the publisher's environment": (
        ("publish",),
        lambda found: found["jobs"]["publish"]["environment"].update(url="https://pypi.org/p/sample"),
    ),
    "a verbose upload": (("publish",), lambda found: step(found, "publish", "publish")["with"].update(verbose=True)),
}  # fmt: skip
CASES = [(label, workflow) for label, (workflows, _) in HARMLESS.items() for workflow in workflows]


@pytest.mark.parametrize(("label", "workflow"), CASES)
def test_harmless_changes_are_accepted(tmp_path: Path, label: str, workflow: str) -> None:
    document = copy.deepcopy(dict(FILES[workflow].document or {}))
    HARMLESS[label][1](document)
    if label == "keys the other way round":
        document = reordered(document)
    text = text_of(emit(document))
    assert [f"{one.where()}: {one.message}" for one in judged(tmp_path, workflow, text).problems] == []


TEXTS: Mapping[str, Callable[[str], str]] = {
    "comments": lambda text: re.sub(r"\n(\s+)steps:", r"\n\1# mine\n\1steps:  # mine too", text),
    "no comments": lambda text: re.sub(r"(?m)(^|\s+)#.*$", "", text),
    "single quotes": lambda text: text.replace('"95"', "'95'").replace("name: quality-checks", "name: 'quality-checks'"),
    "quoted keys": lambda text: text.replace("on:\n", '"on":\n', 1),
    "bare conditions": lambda text: re.sub(r"if: \$\{\{ (.*) \}\}", r'if: "\1"', text),
    "lists over lines": lambda text: re.sub(r"branches: \[(\w+)\]", r"branches:\n      - \1", text),
    "anchors": lambda text: text.replace("permissions: {}", "permissions: &none {}") + "x-none: *none\n",
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "a mark at the start": lambda text: "\ufeff" + text,
    "no end": lambda text: text.rstrip("\n"),
    "a document's marks": lambda text: f"---\n{text}...\n",
}


@pytest.mark.parametrize("workflow", WORKFLOWS)
@pytest.mark.parametrize("label", TEXTS)
def test_another_way_of_writing_is_accepted(tmp_path: Path, workflow: str, label: str) -> None:
    text = TEXTS[label](FILES[workflow].text)
    assert [f"{one.where()}: {one.message}" for one in judged(tmp_path, workflow, text).problems] == []


# --- whatever the file holds, it is judged

JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.floats(0, 1), st.text(max_size=3), st.just("${{ x }}")),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=4,
)


def places(value: object, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*above, key)
        yield from places(inner, (*above, key))


PLAIN = {name: mutations.as_read(dict(FILES[name].document or {})) for name in WORKFLOWS}
PLACES = [(name, place) for name in WORKFLOWS for place in places(PLAIN[name])]


@given(st.sampled_from(PLACES), JUNK)
def test_no_content_is_too_strange(at: tuple[str, tuple[Any, ...]], junk: object) -> None:
    workflow, place = at
    data = copy.deepcopy(PLAIN[workflow])
    here = data
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = junk
    expected = FILES[workflow].document
    assert expected is not None
    for one in broken(data, expected, msgspec.json.encode(data).decode()):
        assert one.message


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, {"jobs": None}, {"jobs": []}, {"jobs": {}}, {"jobs": {"x": 1}}])
def test_what_is_no_workflow_is_said_so(junk: object) -> None:
    expected = FILES["publish"].document
    assert expected is not None
    assert broken(junk, expected, "")
