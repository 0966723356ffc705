"""What the steps of a job must keep when the workflow is written by hand (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lockgate.workflows.emit import Commented

# Steps that may be left out: a cache only saves time, and a report that is not kept makes a later job unknown.
_OPTIONAL = ("cache-", "upload")
# What a step must keep nevertheless when it is there: where a cache writes, and which artifact is replaced.
_KEPT_INPUTS = ("path", "name")
# Actions that a job may use several times: the step's id tells which one is meant.
_SEVERAL = frozenset({"actions/cache", "actions/upload-artifact", "actions/download-artifact"})
_HARMLESS_INPUTS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        ("submodules", "lfs", "fetch-tags", "show-progress", "filter", "clean", "verbose", "print-hash"), ()
    ),
    "queries": ("security-extended", "security-and-quality"),
}
_FREE_VALUES = frozenset({"LOCKGATE_CACHES", "version"})
_HARMLESS: Mapping[str, Sequence[object]] = {
    "continue-on-error": (False,),
    "shell": ("bash",),
    "defaults": ({"run": {"shell": "bash"}},),
}
_UNLESS_CANCELLED = "!cancelled()"
# Variables that would change what a call of lockgate does, or what its answer is; each alternative is a whole name.
_DANGEROUS = re.compile(
    r"(?i)BASH_.*|ENV|SHELLOPTS|PATH|IFS|HOME|CI|LD_\w+|DYLD_\w+|NODE_OPTIONS|XDG_CONFIG_\w+"
    r"|PYTHON(?!(?:UNBUFFERED|UTF8|IOENCODING|DONTWRITEBYTECODE|FAULTHANDLER)$)\w*|COVERAGE_(?!CORE$)\w+"
    r"|UV|UV_\w+|(?:PYTEST|LOCKGATE|GITHUB|RUNNER|CODEQL|PYPI|PIP|GIT|RUFF|TY|PYRIGHT)_\w+|MYPY\w*"
    r"|ACTIONS_(?!\w*_DEBUG$)\w+"
)
_SECRET = re.compile(r"\$\{\{[^}]*\bsecrets\b")
_IN_OTHER_STEPS = {
    re.compile(
        r"GITHUB_(?:ENV|PATH)\b|::(?:set-env|add-path|stop-commands)\b|\b(?:exportVariable|addPath)\b|\bBASH_ENV\b"
    ): "it changes the environment of the steps that follow",
    re.compile(r"\$\{\{[^}]*\b(?:github\.(?:event\b|head_ref|ref_name|base_ref)|inputs\b)"): (
        "an expression inside run can be made to run anything"
    ),
}
_REPLACES_CODE = re.compile(
    r"\bgit\s+(?:-[cC]\s+\S+\s+|-\S+\s+)*(?:checkout|switch|reset|restore|pull|merge|rebase|apply|am|stash)\b"
)
_OWN_FOLDER = re.compile(r"\blockgate-(?:cells|codeql|report|release)\b")
_CACHES = ("cache", "enable-cache")
_PUBLISHER = "pypa/gh-action-pypi-publish"


class Broken(msgspec.Struct, frozen=True):
    """A promise that is not kept; `place` are the keys and indices to the data at fault, unless its line is known."""

    place: tuple[str | int, ...]
    message: str
    line: int | None = None

    def below(self, *place: str | int) -> Broken:
        """The same, seen from further up."""
        return Broken((*place, *self.place), self.message, self.line)


def steps(
    actual: Sequence[Any], expected: Sequence[Mapping[str, Any]], *, closed: bool, release: bool
) -> Iterator[Broken]:
    """Every promise of the `expected` steps that is not kept.

    In a `closed` job nothing else may run; in a `release` nothing may come from a cache.
    """
    places: list[int] = []
    cached = not release and any(wanted["id"].startswith("cache-") for wanted in expected)
    for wanted in expected:
        at = _find(actual, wanted)
        if at is not None:
            places.append(at)
            yield from (one.below(at) for one in _step(actual[at], wanted, cached=cached))
        elif not wanted["id"].startswith(_OPTIONAL):
            yield Broken((), f"no step does: {wanted.get('run') or _action(wanted)}")
    if places != sorted(places):
        yield Broken((), "the steps are in another order")
    last = max(places, default=0)
    for number, step in enumerate(actual):
        if number not in places:
            yield from (
                one.below(number)
                for one in (*_other(step, closed=closed, before=number < last), *own_step(step, release=release))
            )


def _find(actual: Sequence[Any], wanted: Mapping[str, Any]) -> int | None:
    """The step that is the one that is wanted, by what it does and by its id."""
    same = [number for number, step in enumerate(actual) if isinstance(step, Mapping) and _does(step, wanted)]
    named = [number for number in same if actual[number].get("id") == wanted["id"]]
    several = _action(wanted) in _SEVERAL
    return next(iter(named if several else named or same), None)


def _does(step: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    if "run" in wanted:
        return str(step.get("run", "")).strip() == str(wanted["run"])
    return _action(step) == _action(wanted)


def _action(step: Mapping[str, Any]) -> str:
    """`owner/name[/path]` that a step uses, or ""."""
    return str(plain(step.get("uses", ""))).partition("@")[0]


def _step(actual: Mapping[str, Any], expected: Mapping[str, Any], *, cached: bool) -> Iterator[Broken]:
    inputs, asked = actual.get("with") or {}, expected.get("with", {})
    given, stated = actual.get("env") or {}, expected.get("env", {})
    if not isinstance(inputs, Mapping) or not isinstance(given, Mapping):
        yield Broken((), "with and env must be mappings")
        return
    yield from variables(given, allowed=stated)
    if expected["id"].startswith(_OPTIONAL):
        asked = {key: asked[key] for key in _KEPT_INPUTS if key in asked}
        yield from (Broken(("with", name), f"{name} must be {value!r}") for name, value in _wrong(inputs, asked))
        return
    if condition(actual) not in _conditions(expected):
        yield Broken(("if",), f"the condition must be {condition(expected) or 'none'}")
    yield from unwanted(actual, ("continue-on-error", "shell", "working-directory"))
    if cached:
        asked = {key: value for key, value in asked.items() if key not in _CACHES}
    yield from (Broken(("with", name), f"{name} must be {value!r}") for name, value in _wrong(inputs, asked))
    for name, value in inputs.items():
        free = cached and name in _CACHES
        harmless = name in _HARMLESS_INPUTS and (not _HARMLESS_INPUTS[name] or value in _HARMLESS_INPUTS[name])
        if name not in asked and not free and not harmless:
            yield Broken(("with", str(name)), f"the input {name} must not be here")
    yield from (Broken(("env", name), f"{name} must be {value!r}") for name, value in _wrong(given, stated))


def _conditions(expected: Mapping[str, Any]) -> tuple[str, ...]:
    """Conditions that a step may have: what looks even after a failure may as well stop at it."""
    wanted = condition(expected)
    return (wanted, "", "always()") if wanted == _UNLESS_CANCELLED and "run" in expected else (wanted,)


def _wrong(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in wanted.items():
        if name not in _FREE_VALUES and str(given.get(name)).strip().lower() != str(value).strip().lower():
            yield name, value


def _other(step: object, *, closed: bool, before: bool) -> Iterator[Broken]:
    """A step of the author's own beside promised ones; `before` one that judges or keeps what was found."""
    if closed:
        yield Broken((), "nothing else may run beside the right to publish")
    if not isinstance(step, Mapping):
        yield Broken((), "this is no step")
        return
    script = _script(step)
    for pattern, message in _IN_OTHER_STEPS.items():
        if pattern.search(script):
            yield Broken(("run",), message)
    if before and (_action(step) == "actions/checkout" or _REPLACES_CODE.search(script)):
        yield Broken((), "it replaces the code that is judged")
    if before and _OWN_FOLDER.search(f"{script}\n{_inputs(step).get('path', '')}"):
        yield Broken((), "it touches what lockgate's steps leave for each other")


def own_step(step: object, *, release: bool) -> Iterator[Broken]:
    """A step of the author's own, in whatever job."""
    if not isinstance(step, Mapping):
        return
    action, inputs = _action(step), _inputs(step)
    if action == "actions/upload-artifact" and re.match(r"\s*(?:lockgate-|\$\{\{)", str(inputs.get("name", ""))):
        yield Broken(("with", "name"), "artifacts named lockgate-… are what lockgate's jobs leave for each other")
    if action == _PUBLISHER:
        yield Broken(("uses",), "one job only publishes")
    if release and (
        action.startswith("actions/cache")
        or any(str(inputs.get(name, "false")).lower() not in {"", "false"} for name in _CACHES)
    ):
        yield Broken(("uses",), "a release takes nothing from a cache")


def _inputs(step: Mapping[str, Any]) -> Mapping[str, Any]:
    inputs = step.get("with")
    return inputs if isinstance(inputs, Mapping) else {}


def _script(step: Mapping[str, Any]) -> str:
    """What a step runs as far as it stands here."""
    return "\n".join(str(text) for text in (step.get("run"), _inputs(step).get("script")) if isinstance(text, str))


def unwanted(thing: Mapping[str, Any], keys: Iterable[str]) -> Iterator[Broken]:
    """Keys of a job or step that must not be there, unless they change nothing."""
    for key in keys:
        if key in thing and thing[key] not in _HARMLESS.get(key, ()):
            yield Broken((key,), f"{key} must not be here")


def variables(given: object, allowed: Iterable[str]) -> Iterator[Broken]:
    """Variables of an `env` mapping that would change what lockgate does or says, or hand out a secret."""
    if not isinstance(given, Mapping):
        if given is not None:
            yield Broken(("env",), "env must be a mapping")
        return
    for name, value in given.items():
        if name in allowed:
            continue
        if _DANGEROUS.fullmatch(str(name)):
            yield Broken(("env", str(name)), f"{name} would change what lockgate does or says")
        if isinstance(value, str) and _SECRET.search(value):
            yield Broken(("env", str(name)), "the code that is judged could read this secret: use a job of its own")


def condition(thing: Mapping[str, Any]) -> str:
    """The `if` of a job or step, without its brackets; "" when there is none, or it is the one that is implied."""
    text = str(thing.get("if", "")).strip()
    inner = re.fullmatch(r"\$\{\{(.*)\}\}", text, re.DOTALL)
    found = " ".join((inner[1] if inner else text).split())
    return "" if found == "success()" else found


def plain(value: Any) -> Any:  # noqa: ANN401
    """A value without its comment."""
    return value.value if isinstance(value, Commented) else value
