"""What shall go wrong, and when: declared before, so that a rehearsal can be repeated."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from lockgate.ports.service import Cut

# What a request is about.
Api = Literal["upload", "projects", "simple", "json", "file", "metadata", "provenance", "other"]
Oidc = Literal["audience", "mint", "burn", "id-token", "discovery", "keys"]
Route = Api | Oidc


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong; the first of a plan that is due for a request is the one that happens.

    Attributes:
        on: The kind of request.
        project: Normalized name, None for any.
        file: Pattern of the file's name, as in `*.whl`.
        position: Of the distinct files that such requests were about so far, the n-th, from 1; None for any.
        nth: Of the requests that fit, the first that is affected, from 1.
        times: How many are affected from there; None for all.
        delay: Seconds before anything happens.
        status: Answered instead, with `body`, `kind` and `headers`.
        stored: What was asked for is done all the same before `status` is answered.
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
    """Faults, and how many requests fitted each so far."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = tuple(faults)
        self._fitted = [0] * len(self._faults)
        self._met: dict[tuple[str, str | None], list[str | None]] = {}
        self._lock = threading.Lock()

    def pick(self, on: Route, project: str | None, file: str | None) -> Fault | None:
        """The fault of this request, which is counted."""
        due: list[Fault] = []
        with self._lock:
            met = self._met.setdefault((on, project), [])
            if file not in met:
                met.append(file)
            for number, fault in enumerate(self._faults):
                named = fault.file is None or fnmatch.fnmatchcase(file or "", fault.file)
                if fault.on == on and fault.project in {None, project} and named:
                    if fault.position not in {None, met.index(file) + 1}:
                        continue
                    self._fitted[number] += 1
                    after = self._fitted[number] - fault.nth
                    if after >= 0 and (fault.times is None or after < fault.times):
                        due.append(fault)
        return due[0] if due else None
