"""What the steps of a job must keep when the workflow is written by hand (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lockgate.workflows.emit import Commented

# Steps that may be left out: a cache only saves time, and a report that is not kept makes a later job unknown.
_OPTIONAL = ("cache-", "upload")
_HARMLESS_INPUTS = frozenset({"submodules", "lfs", "fetch-tags", "show-progress", "filter", "clean"})
_FREE_VALUES = frozenset({"LOCKGATE_CACHES", "version"})
_SOFTENERS = ("continue-on-error", "shell", "working-directory", "timeout-minutes")
# Variables that would change what a call of lockgate does, or what its answer is.
_DANGEROUS = re.compile(
    r"(?i)BASH_ENV|ENV|SHELLOPTS|PATH|LD_\w+|DYLD_\w+|PYTHON(?!_VERSION_MATRIX$)\w*|PYTEST_\w+|COVERAGE_(?!THRESHOLD$)\w+"
    r"|LOCKGATE_\w+|GITHUB_\w+|RUNNER_\w+|UV(?!_CACHE_DIR$|_PYTHON_INSTALL_DIR$)\w*|PIP_\w+|GIT_\w+|RUFF_\w+|MYPY\w*|HOME|CI"
)
_IN_OTHER_STEPS = {
    re.compile(r"GITHUB_(?:ENV|PATH)\b|::(?:set-env|add-path|stop-commands)\b"): (
        "it changes the environment of the steps that follow"
    ),
    re.compile(r"\$\{\{[^}]*\b(?:github\.(?:event\b|head_ref|ref_name|base_ref)|inputs\b)"): (
        "an expression inside run can be made to run anything"
    ),
}


class Broken(msgspec.Struct, frozen=True):
    """A promise that is not kept; `place` are the keys and indices to the data at fault, unless its line is known."""

    place: tuple[str | int, ...]
    message: str
    line: int | None = None

    def below(self, *place: str | int) -> Broken:
        """The same, seen from further up."""
        return Broken((*place, *self.place), self.message, self.line)


def steps(actual: Sequence[Any], expected: Sequence[Mapping[str, Any]], *, closed: bool) -> Iterator[Broken]:
    """Every promise of the `expected` steps that is not kept; in a `closed` job nothing else may run."""
    places: list[int] = []
    for wanted in expected:
        at = next((n for n, step in enumerate(actual) if isinstance(step, Mapping) and _same(step, wanted)), None)
        if at is not None:
            places.append(at)
            yield from (one.below(at) for one in _step(actual[at], wanted))
        elif not wanted["id"].startswith(_OPTIONAL):
            what = wanted.get("run") or plain(wanted["uses"]).partition("@")[0]
            yield Broken((), f"no step does: {what}")
    if places != sorted(places):
        yield Broken((), "the steps are in another order")
    for number, step in enumerate(actual):
        if isinstance(step, Mapping) and number not in places:
            yield from (
                one.below(number) for one in _other(step, closed=closed, before=number < max(places, default=0))
            )


def _same(step: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a step is the one that is wanted, by what it does."""
    if "run" in wanted:
        return str(step.get("run", "")).strip() == str(wanted["run"])
    action = plain(wanted["uses"]).partition("@")[0]
    if str(step.get("uses", "")).partition("@")[0] != action:
        return False
    return action not in {"actions/cache", "actions/download-artifact"} or step.get("id") == wanted["id"]


def _step(actual: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Broken]:
    if condition(actual) != condition(expected):
        yield Broken(("if",), f"the condition must be {condition(expected) or 'none'}")
    yield from (Broken((key,), f"{key} must not be here") for key in _SOFTENERS if key in actual)
    if expected["id"].startswith(_OPTIONAL):
        return
    inputs, asked = actual.get("with") or {}, expected.get("with", {})
    yield from (Broken(("with",), f"{name} must be {value!r}") for name, value in _wrong(inputs, asked))
    for name in inputs:
        if name not in asked and name not in _HARMLESS_INPUTS:
            yield Broken(("with", str(name)), f"the input {name} must not be here")
    given, stated = actual.get("env") or {}, expected.get("env", {})
    yield from (Broken(("env",), f"{name} must be {value!r}") for name, value in _wrong(given, stated))
    yield from variables(given, allowed=stated)


def _wrong(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in wanted.items():
        if name not in _FREE_VALUES and str(given.get(name)).strip().lower() != str(value).strip().lower():
            yield name, value


def _other(step: Mapping[str, Any], *, closed: bool, before: bool) -> Iterator[Broken]:
    """A step of the author's own; `before` one that judges."""
    if closed:
        yield Broken((), "nothing else may run beside the right to publish")
    for pattern, message in _IN_OTHER_STEPS.items():
        if pattern.search(str(step.get("run", ""))):
            yield Broken(("run",), message)
    if before and str(step.get("uses", "")).startswith("actions/checkout@"):
        yield Broken(("uses",), "a second checkout replaces the code that is judged")


def variables(given: object, allowed: Iterable[str]) -> Iterator[Broken]:
    """Variables of an `env` mapping that would change what lockgate does or says."""
    for name in given if isinstance(given, Mapping) else ():
        if name not in allowed and _DANGEROUS.fullmatch(str(name)):
            yield Broken(("env", str(name)), f"{name} would change what lockgate does or says")


def condition(thing: Mapping[str, Any]) -> str:
    """The `if` of a job or step, without its brackets; "" when there is none."""
    text = str(thing.get("if", "")).strip()
    inner = re.fullmatch(r"\$\{\{(.*)\}\}", text, re.DOTALL)
    return " ".join((inner[1] if inner else text).split())


def plain(value: Any) -> Any:  # noqa: ANN401
    """A value without its comment."""
    return value.value if isinstance(value, Commented) else value
