"""Writes the pages of the rules from the docstrings of their files: `python -m tests.unit.scan.pages`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lockgate.scan.rules import code, workflows
from lockgate.scan.rules.rule import Rule

FOLDER = Path(__file__).parents[3] / "docs" / "rules"
RULES: tuple[Rule[Any], ...] = (*code.RULES, *workflows.RULES)


def page(rule: Rule[Any]) -> str:
    """The page of a rule."""
    head, _, body = rule.page.partition("\n\n")
    title = head.partition(": ")[2]
    language = "python" if rule.scanner == "code" else "yaml"
    lines = [f"# {rule.id}", "", f"{title[0].upper()}{title[1:]}", ""]
    lines += [f"Scanner `{rule.scanner}`, severity {rule.severity}, confidence {rule.confidence}.", ""]
    inside = False
    for line in body.splitlines():
        is_example = line.startswith("    ") or (inside and not line)
        if is_example != inside:
            fence = "```" if inside else f"```{language}"
            while inside and lines[-1] == "":
                lines.pop()
            lines += [fence, ""] if inside else [fence]
            inside = is_example
        lines.append(line[4:] if inside else line)
    lines += ["```"] if inside else []
    return "\n".join([*lines, "", f"**Remedy:** {rule.help}."]).replace("\n\n\n", "\n\n") + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for one in RULES:
        (FOLDER / f"{one.id}.md").write_text(page(one), encoding="utf-8")
