"""The hook of a package that uses pre-commit, put behind the last of its repositories without touching a line."""

from __future__ import annotations

import re
from typing import Any

from lockgate.model.errors import UsageError
from lockgate.workflows.emit import emit, text_of

NAME = ".pre-commit-config.yaml"
_ID = "lockgate-render"


def hook(entry: str) -> dict[str, Any]:
    """The repository with the hook that calls `entry`."""
    content = {
        "id": _ID,
        "name": "the workflows are what the table says",
        "entry": entry,
        "language": "system",
        "pass_filenames": False,
        "files": r"(^|/)pyproject\.toml$|^\.github/",
    }
    return {"repo": "local", "hooks": [content]}


def block(entry: str) -> list[str]:
    """The lines of the hook as an element of a list."""
    return [line.removeprefix("  ") for line in text_of(emit({"repos": [hook(entry)]})).splitlines()[1:]]


def has_hook(text: str) -> bool:
    """Whether the configuration names the hook, be it in a comment."""
    return _ID in text


def hooked(text: str, entry: str) -> str | None:
    """The configuration with the hook in it; None where no rule tells how to write it there.

    What is written is read back: whatever else stands in the file still says the same.
    """
    from lockgate.ports.yamlfile import read_yaml  # 25 ms, needed only here

    try:
        before = read_yaml(text, NAME)
        repositories = before["repos"]
        after = _written(text, repositories, before.lc.key("repos")[0], block(entry))
        is_right = after is not None and read_yaml(after, NAME) == {
            **before,
            "repos": [*(repositories or []), hook(entry)],
        }
    except (UsageError, KeyError, TypeError, AttributeError):
        return None
    return after if is_right else None


def _written(text: str, repositories: Any, key_line: int, added: list[str]) -> str | None:  # noqa: ANN401
    lines = text.split("\n")
    if not repositories:
        opened = re.sub(r"^(\ufeff?[\"']?repos[\"']?\s*:)(?:\s*(?:\[\s*\]|~|null))?", r"\1", lines[key_line])
        return _inserted([*lines[:key_line], opened, *lines[key_line + 1 :]], key_line, "", added)
    start = repositories.lc.item(len(repositories) - 1)[0]
    dash = re.match(r"( *)-", lines[start])
    if dash is None:
        return None
    last = start
    for number in range(start + 1, len(lines)):
        content = lines[number].strip()
        is_inside = len(lines[number]) - len(lines[number].lstrip(" ")) > len(dash[1])
        if content and not is_inside and not content.startswith("#"):
            break
        last = number if content and is_inside else last
    return _inserted(lines, last, dash[1], added)


def _inserted(lines: list[str], last: int, indent: str, added: list[str]) -> str:
    """The lines with more of them behind the one numbered `last`, with the same line ends."""
    end = "\r" if any(line.endswith("\r") for line in lines) else ""
    before = [*lines[:last], lines[last].removesuffix("\r") + end]
    return "\n".join([*before, *(f"{indent}{line}{end}" for line in added), *(lines[last + 1 :] or [""])])
