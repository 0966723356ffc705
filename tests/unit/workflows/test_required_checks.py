"""Every required check, at every event, whatever becomes of its needs: it reports, and it never passes wrongly."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lockgate.workflows.contexts import REQUIRED, required
from tests.unit.workflows.events import EVENTS, Event
from tests.unit.workflows.expressions import UnsupportedError, Value, condition, evaluate
from tests.unit.workflows.rendered import documents
from tests.unit.workflows.runs import cancels, runs, starts, violations

SHAPES: Mapping[str, Mapping[str, Any]] = {
    "all": {},
    "one Python": {"pythons": ("3.12",)},
    "three Pythons": {"pythons": ("3.10", "3.11", "3.12")},
    "no other checks": {"checks": ()},
    "no coverage": {"coverage": False},
    "no tests": {"tests": False, "coverage": False},
    "no CodeQL": {"codeql": False},
    "a private repository": {"codeql": False, "code_scanning": False},
    "findings that are not shown": {"code_scanning": False},
    "another branch": {"branch": "release/1"},
    "a subfolder": {"folder": "packages/one", "lock": ""},
}


def names(found: Mapping[str, Mapping[str, Any]], workflow: str) -> tuple[str, ...]:
    """What branch protection waits for of one workflow."""
    return required({name: found[name] if name == workflow else {"jobs": {}} for name in REQUIRED})


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("workflow", REQUIRED)
def test_each_required_check_always_reports_and_never_passes_wrongly(workflow: str, shape: str) -> None:
    found = documents(**SHAPES[shape])
    assert violations(found[workflow], names(found, workflow)) == set()


def test_the_names_are_those_of_the_requirements() -> None:
    assert required(documents()) == (
        *("test-matrix (3.8)", "test-matrix (3.12)", "quality-checks", "coverage-report"),
        "security-scan",
    )


def test_a_newer_push_cancels_the_quality_gate_of_its_pull_request_and_nothing_else() -> None:
    found = documents()
    for event in EVENTS:
        newer, group = cancels(found["quality_gate"], event)
        assert (newer, group) == ((True, "w-5") if event.name == "pull_request" else (False, "w-77"))
        assert cancels(found["security_scan"], event) == (False, "w-77")
        if event.name == "workflow_dispatch":
            assert cancels(found["publish"], event) == (False, "w-1.0")


@pytest.mark.parametrize("event", {one.name: one for one in EVENTS}.values(), ids=lambda event: event.name)
def test_the_drift_gate_runs_by_the_clock_and_by_hand_only(event: Event) -> None:
    document = documents(pythons=("3.12",))["security_scan"]
    ran = any(jobs["protection-check"].ran for _, jobs in runs(document, event, transitive=True))
    assert ran is (event.name in {"schedule", "workflow_dispatch"})
    assert not any(name.startswith("protection") for name in required(documents()))


@pytest.mark.parametrize("changes", [{"protection_token": ""}, {"protection_token": "A", "protection_app": "RULES"}])
def test_the_drift_gate_has_one_secret_in_one_step_or_is_not_there(changes: dict[str, str]) -> None:
    job = documents(**changes)["security_scan"]["jobs"].get("protection-check")
    assert (job is None) == (changes == {"protection_token": ""})
    if job is not None:
        secrets = {name: value for step in job["steps"] for name, value in step.get("env", {}).items()}
        assert secrets == {"LOCKGATE_APP_ID": "${{ vars.RULES_ID }}", "LOCKGATE_APP_KEY": "${{ secrets.RULES_KEY }}"}


# --- a release


def releases(event: Event) -> Any:  # noqa: ANN401
    found = documents(pythons=("3.12",))["publish"]
    for transitive in (True, False):
        yield from runs(found, event, transitive=transitive)


@pytest.mark.parametrize("event", [event for event in EVENTS if event.name == "workflow_dispatch"], ids=str)
def test_a_release_goes_on_only_when_all_before_it_succeeded(event: Event) -> None:
    ran, looked_at = set(), set()
    for _, jobs in releases(event):
        ran |= {name for name, ended in jobs.items() if ended.ran}
        judged = ("test-matrix", "quality-checks", "coverage-report", "codeql", "security-scan")
        for job, before in (
            ("build", judged),
            ("publish", ("build",)),
            ("verify", ("build",)),  # when publishing failed, too: the index tells what became of the files
            ("release", ("verify",)),
        ):
            assert not jobs[job].ran or all(jobs[one].result == "success" for one in before), (job, jobs)
        looked_at |= {jobs["publish"].result} if jobs["verify"].ran else set()
    assert looked_at == (set() if event.inputs["dry-run"] else {"success", "failure", "cancelled"})
    irreversible = {"publish", "verify", "release"}
    assert ran & irreversible == (set() if event.inputs["dry-run"] else irreversible)


def test_nothing_but_a_dispatch_starts_a_release() -> None:
    found = documents()["publish"]
    started = {event.name for event in EVENTS if True in starts(found, event)}
    assert started == {"workflow_dispatch"}


def test_the_report_is_published_after_a_push_or_at_night_only() -> None:
    found = documents()["security_scan"]
    ran = {event.name for event in EVENTS if True in starts(found, event)
           for _, jobs in runs(found, event) if jobs["publish-report"].ran}  # fmt: skip
    assert ran == {"push", "schedule"}


# --- the model sees what is wrong, and says so when it does not understand

Spoil = Callable[[dict[str, Any]], object]


def _job(name: str, /, **changes: Any) -> Spoil:  # noqa: ANN401
    """Change keys of a job; None takes one away."""

    def spoil(document: dict[str, Any]) -> None:
        job = document["jobs"][name]
        job.update(changes)
        for key in [key for key, value in job.items() if value is None]:
            del job[key]

    return spoil


def _on(event: str, /, **options: Any) -> Spoil:  # noqa: ANN401
    return lambda document: document["on"].update({event: {**(document["on"][event] or {}), **options}})


def _step(document: dict[str, Any], job: str, step: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["jobs"][job]["steps"] if one["id"] == step)
    return found


def _softened(document: dict[str, Any]) -> None:
    _step(document, "coverage-report", "gate")["run"] += " || true"


def _two_under_one_name(document: dict[str, Any]) -> None:
    document["jobs"]["again"] = {**document["jobs"]["quality-checks"]}


BAD: Mapping[str, tuple[str, Spoil, str]] = {
    "no always()": ("quality_gate", _job("coverage-report", **{"if": None}), "skipped, which counts as success"),
    "unless cancelled": ("quality_gate", _job("coverage-report", **{"if": "!cancelled()"}), "skipped, which counts"),
    "only on success": ("quality_gate", _job("coverage-report", **{"if": "success()"}), "skipped, which counts"),
    "a job for pushes only": (
        "quality_gate",
        _job("quality-checks", **{"if": "github.event_name == 'push'"}),
        "skipped, which counts as success",
    ),
    "a matrix for pushes only": (
        "quality_gate",
        _job("test-matrix", **{"if": "github.event_name == 'push'"}),
        "test-matrix (3.8) never reports",
    ),
    "a job that waits": ("quality_gate", _job("quality-checks", needs=["test-matrix"]), "skipped, which counts"),
    "no needs": ("quality_gate", _job("coverage-report", needs=["quality-checks"], steps=[]), "although a need"),
    "no LOCKGATE_NEEDS": (
        "quality_gate",
        lambda document: _step(document, "coverage-report", "gate")["env"].pop("LOCKGATE_NEEDS"),
        "coverage-report passes although a need did not",
    ),
    "other needs": (
        "security_scan",
        lambda document: _step(document, "security-scan", "scan")["env"].update(LOCKGATE_NEEDS="{}"),
        "security-scan passes although a need did not",
    ),
    "|| true": ("quality_gate", _softened, "coverage-report passes although a need did not"),
    "the judging step left out": (
        "security_scan",
        lambda document: _step(document, "security-scan", "scan").update({"if": "failure()"}),
        "security-scan passes although a need did not",
    ),
    "paths": ("quality_gate", _on("pull_request", paths=["src/**"]), "pull_request may start nothing"),
    "paths-ignore": ("security_scan", _on("merge_group", **{"branches-ignore": ["main"]}), "merge_group may start"),
    "branches": ("security_scan", _on("pull_request", branches=["main"]), "pull_request may start nothing"),
    "fewer types": ("quality_gate", _on("pull_request", types=["opened"]), "pull_request may start nothing"),
    "no merge_group": ("quality_gate", lambda found: found["on"].pop("merge_group"), "merge_group may start nothing"),
    "no pull_request": ("security_scan", lambda found: found["on"].pop("pull_request"), "pull_request may start"),
    "another name": ("quality_gate", _job("quality-checks", name="checks"), "quality-checks never reports"),
    "a smaller matrix": (
        "quality_gate",
        _job("test-matrix", strategy={"matrix": {"python": ["3.12"]}}),
        "test-matrix (3.8) never reports",
    ),
    "two jobs": ("quality_gate", _two_under_one_name, "two jobs report under one name"),
    "an upload that forks may not": (
        "security_scan",
        lambda document: _step(document, "security-scan", "sarif").pop("if"),
        "pull_request of a fork can never pass",
    ),
}


@pytest.mark.parametrize("planted", BAD)
def test_the_model_sees_what_is_wrong(planted: str) -> None:
    workflow, spoil, expected = BAD[planted]
    found = documents()
    wanted = names(found, workflow)
    bad = copy.deepcopy(found[workflow])
    spoil(bad)
    assert any(expected in wrong for wrong in violations(bad, wanted))


@pytest.mark.parametrize(
    "spoil",
    [
        _job("quality-checks", **{"continue-on-error": True}),
        _job("quality-checks", uses="./x.yml"),
        _job("quality-checks", **{"if": "fromJSON(github.event.x)"}),
        _job("quality-checks", **{"if": "contains(github.ref, 'x')"}),
        _job("quality-checks", **{"if": ["true"]}),
        _job("quality-checks", needs=["nobody"]),
        _job("test-matrix", strategy={"matrix": {"python": ["3.12"], "exclude": []}}),
        _job("test-matrix", strategy={"matrix": "${{ fromJSON(x) }}"}),
        _on("pull_request", colours=["red"]),
        _on("push", branches=["ma*"]),
        lambda document: document["on"].update(pull_request_target=None),
        lambda document: _step(document, "quality-checks", "gate").update({"continue-on-error": True}),
    ],
)
def test_what_the_model_does_not_know_is_an_error(spoil: Spoil) -> None:
    bad = documents()["quality_gate"]
    spoil(bad)
    with pytest.raises(UnsupportedError):
        violations(bad, ["quality-checks"])


CONTEXTS: Mapping[str, Value] = {"a.b": "Main", "a.none": None, "a.yes": True, "a.no-dash": ""}
TEXTS: Mapping[str, Value] = {
    "a.b == 'main'": True,
    "a.b != 'main'": False,
    "a.b == 'other' || a.yes": True,
    "a.none || a.b": "Main",
    "a.b && a.none": None,
    "!a.no-dash": True,
    "!(a.yes && a.b == 'x')": True,
    "'it''s'": "it's",
    "a.none == a.b": False,
    "1.5 == 1.5": True,
    "true && null || false": False,
}


@pytest.mark.parametrize("text", TEXTS)
def test_expressions(text: str) -> None:
    assert evaluate(text, CONTEXTS, {}) == TEXTS[text]


@pytest.mark.parametrize(
    "text", ["", "a.c", "a.b ==", "(a.b", "a.b)", "a.b < 1", "f()", "a.b == 1", "a[0]", "a.*.b", "a.none == ''", "a."]
)
def test_expressions_that_are_not_known(text: str) -> None:
    with pytest.raises(UnsupportedError):
        evaluate(text, CONTEXTS, {})


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a.yes", False),
        ("${{ a.yes }}", False),
        ("always()", True),
        ("${{ !cancelled() && a.yes }}", True),
        (True, False),
    ],
)
def test_a_condition_implies_success(text: object, *, holds: bool) -> None:
    status = {"success": lambda: False, "always": lambda: True, "cancelled": lambda: False}
    assert condition(text, CONTEXTS, status) is holds
