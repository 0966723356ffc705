"""YAML as data that knows on which line each part stands."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from lockgate.model.errors import UsageError
from lockgate.model.workflow import Document


def read_yaml(text: str, shown: str) -> Any:  # noqa: ANN401  (whatever the file holds)
    """The document in `text` (YAML 1.2); `shown` is the file's name for messages.

    Raises:
        UsageError: It is no YAML, or a key stands twice in one mapping.
    """
    from ruamel.yaml import YAML  # 25 ms, needed only for files that lockgate did not write
    from ruamel.yaml.error import YAMLError

    try:
        with warnings.catch_warnings(action="ignore"):  # an anchor that is used again is no mistake
            return YAML(typ="rt").load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{shown}:{mark.line + 1}" if mark is not None else shown
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UsageError(f"{where}: not valid YAML: {problem}") from error


def read_workflow(text: str, shown: str) -> Document:
    """The workflow, or the composite action, in `text`.

    Raises:
        UsageError: It is none, and GitHub does not run it either.
    """
    data = read_yaml(text, shown)
    if not isinstance(data, dict):
        raise UsageError(f"{shown}:1: is no workflow: a table was expected")
    return Document(shown, data, tuple(text.splitlines()))


def line_at(document: object, place: Sequence[str | int]) -> int:
    """The 1-based line of the key or element under `place`, or of its nearest parent that is there."""
    line, here = 1, document
    for key in place:
        marks = getattr(here, "lc", None)
        try:
            line = (marks.key(key) if isinstance(key, str) else marks.item(key))[0] + 1  # type: ignore[union-attr]
            here = here[key]  # type: ignore[index]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line
