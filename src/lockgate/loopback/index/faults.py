"""What shall go wrong, and when: declared before, so that a rehearsal can be repeated."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from lockgate.ports.service import Cut

# What a request is about.
Route = Literal[
    "upload",
    "simple",
    "projects",
    "json",
    "file",
    "metadata",
    "provenance",
    "audience",
    "mint",
    "burn",
    "id-token",
    "discovery",
    "keys",
    "other",
]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong; the first of a plan that fits a request is the one that happens.

    Attributes:
        on: The kind of request.
        project: Normalized name, None for any.
        file: Pattern of the file's name, as in `*.whl`.
        position: Only for the file that is the n-th, from 1, among the distinct ones that the requests of this kind were about.
        nth: Of the requests that fit, the first that is affected, from 1.
        times: How many are affected from there; None for all.
        delay: Seconds before anything happens.
        status: Answer with this instead; `body`, `kind` and `headers` are of that answer.
        stored: What the request asks for is done all the same before `status` is answered.
        cut: Reset the connection before or after the request took effect, or within the answer.
    """

    on: Route
    project: str | None = None
    file: str | None = None
    position: int | None = None
    nth: int = 1
    times: int | None = 1
    delay: float = 0.0
    status: int | None = None
    body: str = ""
    kind: str = "text/html"
    headers: Mapping[str, str] = {}
    stored: bool = False
    cut: Cut | None = None


class Plan:
    """Faults, and how often each one fitted."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = [[fault, 0] for fault in faults]
        self._met: dict[tuple[str, str | None], list[str]] = {}
        self._lock = threading.Lock()

    def pick(self, on: Route, project: str | None, file: str | None) -> Fault | None:
        """The fault of this request, which is counted."""
        with self._lock:
            met = self._met.setdefault((on, project), [])
            if file is not None and file not in met:
                met.append(file)
            position = met.index(file) + 1 if file is not None else None
            picked: Fault | None = None
            for entry in self._faults:
                fault: Fault = entry[0]  # type: ignore[assignment]
                if _fits(fault, on, project, file, position):
                    entry[1] += 1  # type: ignore[operator]
                    if picked is None and _due(fault, entry[1]):  # type: ignore[arg-type]
                        picked = fault
            return picked


def _fits(fault: Fault, on: Route, project: str | None, file: str | None, position: int | None) -> bool:
    return (
        fault.on == on
        and fault.project in {None, project}
        and (fault.file is None or (file is not None and fnmatch.fnmatchcase(file, fault.file)))
        and fault.position in {None, position}
    )


def _due(fault: Fault, number: int) -> bool:
    return number >= fault.nth and (fault.times is None or number < fault.nth + fault.times)
