"""A workflow or composite action as it is read: jobs and steps, with the lines where they stand (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

_PUBLISH = re.compile(
    r"\b(twine upload|uv publish|hatch publish|flit publish|poetry publish|pdm publish|maturin (publish|upload))\b"
)
_BUILD = re.compile(
    r"\b(python3?\s+-m\s+build|pyproject-build|uv build|hatch build|flit build|poetry build|pdm build|maturin build"
    r"|pip wheel|cibuildwheel|setup\.py\s+(sdist|bdist\w*)|poetry publish\s.*--build|flit publish"
    r"|pdm publish(?!.*--no-build))"
)
_PUBLISHERS = frozenset({"pypa/gh-action-pypi-publish"})
_BUILDERS = frozenset({"hynek/build-and-inspect-python-package", "pypa/cibuildwheel", "PyO3/maturin-action"})


class Step:
    """One step of a job."""

    def __init__(self, data: Mapping[str, Any], line: int) -> None:
        self.data = data
        self.line = line

    @property
    def run(self) -> str:
        """Its script, "" when it uses an action; comments and echoed text are left out."""
        text = self.data.get("run")
        return re.sub(r"(?m)(^|\s)#.*$", "", text) if isinstance(text, str) else ""

    @property
    def uses(self) -> str:
        """The action without its version, "" when it runs a script."""
        text = self.data.get("uses")
        return text.partition("@")[0] if isinstance(text, str) else ""

    @property
    def ref(self) -> str:
        """What follows the @ of `uses`."""
        text = self.data.get("uses")
        return text.partition("@")[2].strip() if isinstance(text, str) else ""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The table under `with`."""
        return _table(self.data.get("with"))

    @property
    def publishes(self) -> bool:
        """It uploads to a package index."""
        return self.uses in _PUBLISHERS or _PUBLISH.search(self.run) is not None

    @property
    def builds(self) -> bool:
        """It makes distributions."""
        return self.uses in _BUILDERS or _BUILD.search(self.run) is not None

    def line_of(self, key: str) -> int:
        """The line of one of its keys."""
        return _line_of(self.data, key, self.line)


class Job:
    """One job; a composite action counts as one."""

    def __init__(self, name: str, data: Mapping[str, Any], line: int, permissions: object) -> None:
        self.name = name
        self.data = data
        self.line = line
        self._inherited = permissions

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Its steps in order."""
        listed = self.data.get("steps")
        if not isinstance(listed, list):
            return ()
        return tuple(
            Step(one, _item_line(listed, n, self.line)) for n, one in enumerate(listed) if isinstance(one, dict)
        )

    @property
    def needs(self) -> tuple[str, ...]:
        """The jobs that it waits for."""
        needs = self.data.get("needs", ())
        return (needs,) if isinstance(needs, str) else tuple(map(str, needs or ()))

    @property
    def condition(self) -> str:
        """Its `if`."""
        return str(self.data.get("if", ""))

    def permission(self, name: str) -> str:
        """What it may do with `name`: its own permissions, else the workflow's."""
        given = self.data.get("permissions", self._inherited)
        if isinstance(given, str):
            return "write" if given == "write-all" else "read"
        return str(_table(given).get(name, "none"))

    def line_of(self, key: str) -> int:
        """The line of one of its keys."""
        return _line_of(self.data, key, self.line)

    @property
    def publishes(self) -> Step | None:
        """The step that uploads to a package index."""
        return next((step for step in self.steps if step.publishes), None)


class Document:
    """A parsed file."""

    def __init__(self, path: str, data: Mapping[Any, Any], lines: tuple[str, ...]) -> None:
        self.path = path
        self.lines = lines
        self.data = data

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """Its jobs in order."""
        if "runs" in self.data:
            return (Job("runs", _table(self.data["runs"]), _line_of(self.data, "runs", 1), None),)
        jobs, permissions = _table(self.data.get("jobs")), self.data.get("permissions")
        return tuple(
            Job(str(name), one, _line_of(jobs, name, 1), permissions)
            for name, one in jobs.items()
            if isinstance(one, dict)
        )

    def steps(self) -> Iterator[Step]:
        """The steps of all jobs."""
        for job in self.jobs:
            yield from job.steps

    @property
    def triggers(self) -> Mapping[str, Any]:
        """Its events; YAML 1.1 reads the key `on` as true."""
        given = self.data.get("on", self.data.get(True))
        if isinstance(given, str):
            return {given: None}
        return dict.fromkeys(map(str, given)) if isinstance(given, list) else _table(given)

    def needed_by(self, job: Job) -> set[str]:
        """Names of the jobs that must have run before `job`."""
        by_name = {one.name: one for one in self.jobs}
        found: set[str] = set()
        waiting = list(job.needs)
        while waiting:
            name = waiting.pop()
            if name in by_name and name not in found:
                found.add(name)
                waiting += by_name[name].needs
        return found


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _line_of(data: Mapping[Any, Any], key: object, otherwise: int) -> int:
    try:
        return int(data.lc.key(key)[0]) + 1  # type: ignore[attr-defined]
    except (AttributeError, KeyError, TypeError):
        return otherwise


def _item_line(data: list[Any], number: int, otherwise: int) -> int:
    try:
        return int(data.lc.item(number)[0]) + 1  # type: ignore[attr-defined]
    except (AttributeError, KeyError, TypeError):
        return otherwise
