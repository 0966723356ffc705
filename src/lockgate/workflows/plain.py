"""`dependabot.yml` and `CODEOWNERS` (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lockgate.model.actions import NESTED
from lockgate.workflows.facts import Facts


def dependabot(facts: Facts) -> dict[str, Any]:
    """Updates of the package, of lockgate and of the actions: grouped, and new releases only after the cool-down.

    Dependabot applies a cool-down to version updates only: a security update comes at once.
    """
    # A workspace's lock lies above its members; Dependabot is told where the lock is.
    locked, nested = f"/{facts.lock.removesuffix('uv.lock').rstrip('/')}", f"/{NESTED}"
    entries = (
        [_entry(facts, "uv", (locked, nested))]
        if facts.lock
        else [_entry(facts, "pip", (f"/{facts.folder}",)), _entry(facts, "uv", (nested,))]
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
    guarded = [facts.inside("pyproject.toml"), *([facts.lock] if facts.lock else [])]
    patterns = [f"/{facts.folder}/" if facts.folder else "*", "/.github/", *(f"/{name}" for name in guarded)]
    owners = " ".join(facts.owners)
    rules = (f"{pattern.replace(' ', chr(92) + ' ')} {owners}" for pattern in patterns)
    return "".join(f"{line}\n" for line in (*lines, "", *rules))
