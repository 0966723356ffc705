"""`dependabot.yml` and `CODEOWNERS` (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lockgate.workflows.facts import NESTED, Facts


def dependabot(facts: Facts) -> dict[str, Any]:
    """Updates of the package, of lockgate and of the actions: grouped, and new releases only after the cool-down.

    Dependabot applies a cool-down to version updates only: a security update comes at once.
    """
    package, nested = f"/{facts.folder}", f"/{NESTED}"
    entries = (
        [_entry(facts, "uv", (package, nested))]
        if facts.locked
        else [_entry(facts, "pip", (package,)), _entry(facts, "uv", (nested,))]
    )
    return {"version": 2, "updates": [*entries, _entry(facts, "github-actions", ("/",))]}


def _entry(facts: Facts, ecosystem: str, folders: Sequence[str]) -> dict[str, Any]:
    where = {"directory": folders[0]} if len(folders) == 1 else {"directories": list(folders)}
    kinds = {"": "version-updates", "-security": "security-updates"}
    groups = {f"{ecosystem}{end}": {"applies-to": kind, "patterns": ["*"]} for end, kind in kinds.items()}
    return {
        "package-ecosystem": ecosystem,
        **where,
        "schedule": {"interval": facts.schedule},
        "cooldown": {"default-days": facts.cool_down},
        "open-pull-requests-limit": 5,
        "groups": groups,
    }


def codeowners(facts: Facts, heading: Sequence[str]) -> str:
    """Who must review what; the files that decide what is checked come last, so that no pattern takes them over."""
    lines = [f"# {text}".rstrip() for text in heading]
    if not facts.owners:
        return "".join(f"{line}\n" for line in (*lines, "", "# Nobody yet: [tool.lockgate] owners names them."))
    guarded = [facts.inside(name) for name in ("pyproject.toml", *(["uv.lock"] if facts.locked else []))]
    patterns = [f"/{facts.folder}/" if facts.folder else "*", "/.github/", *(f"/{name}" for name in guarded)]
    owners = " ".join(facts.owners)
    return "".join(f"{line}\n" for line in (*lines, "", *(f"{_path(pattern)} {owners}" for pattern in patterns)))


def _path(pattern: str) -> str:
    """Spaces, and what would start a comment, as CODEOWNERS takes them."""
    return re.sub(r"([ #])", r"\\\1", pattern)
