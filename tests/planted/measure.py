"""Scans the planted set, and counts what was found and what was flagged wrongly."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lockgate.loopback.osv import Osv, advisory
from tests.planted import code, locks, secrets, workflows
from tests.planted.case import Case
from tests.support import commit, environment, write

PROJECT = '[project]\nname = "planted"\nversion = "1"\nrequires-python = ">=3.11"\n'
# Vulnerable pins, as an advisory would name them: package, fixed version, locked version, aliases.
PINS = (
    ("jinja2", "3.1.3", "3.1.2"),
    ("idna", "3.7", "3.6"),
    ("certifi", "2024.7.4", "2024.2.2"),
    ("urllib3", "2.2.2", "2.2.1"),
)


@dataclass
class Score:
    """What became of one kind of cases."""

    planted: int = 0
    missed: list[str] = field(default_factory=list)
    twins: int = 0
    flagged: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def found(self) -> float:
        """Share of the planted flaws that were found, in percent."""
        return 100 * (self.planted - len(self.missed)) / self.planted


def scan(root: Path, *arguments: str) -> dict[str, Any]:
    """The JSON document of a scan."""
    command = [sys.executable, "-m", "lockgate", "scan", *arguments, "--format", "json", "--fresh", "-q"]
    done = subprocess.run(command, cwd=root, env=environment(), capture_output=True, check=False)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _judge(score: Score, cases: Iterable[Case], flawed: dict[str, Any], clean: dict[str, Any], scanner: str) -> Score:
    where = [str(one["path"]).partition("!")[0] for one in flawed["findings"]]
    for case in cases:
        score.planted += 1
        score.twins += 1
        if case.path not in where:
            score.missed.append(case.name)
    score.flagged += [f"{one['rule']} {one['path']}" for one in clean["findings"]]
    for document in (flawed, clean):
        score.unknown += [
            str(one["reason"]) for one in document["scanners"] if one["name"] == scanner and one["reason"]
        ]
    return score


def measure_files(kind: str, cases: list[Case], folder: Path) -> Score:
    """All flaws of a kind in one package, all their twins in another."""
    documents = []
    for side in ("flawed", "clean"):
        root = write(folder / kind / side, {"pyproject.toml": PROJECT})
        for case in cases:
            write(root, getattr(case, side))
        documents.append(scan(commit(root), kind))
    return _judge(Score(), cases, documents[0], documents[1], kind)


def measure_past(folder: Path, dice: random.Random) -> Score:
    """Secrets that are only in the history."""
    root = commit(write(folder / "past", {"pyproject.toml": PROJECT}))
    hidden = secrets.past(root, dice)
    found = scan(root, "secrets")["findings"]
    score = Score(planted=len(hidden), twins=1)
    # Each has a value of its own, so each is a finding of its own.
    score.missed = ["some secret of the history"] * (len(hidden) - min(len(hidden), len(found)))
    score.flagged = [
        f"{one['rule']} {one['path']}"
        for one in scan(commit(write(folder / "new", {"pyproject.toml": PROJECT})), "secrets")["findings"]
    ]
    return score


def measure_locks(folder: Path) -> Score:
    """Tampered locks, against the index."""
    root = locks.write_project(folder / "lock")
    subprocess.run(["uv", "lock", "-q"], cwd=root, check=True, env=environment())
    lock = (root / "uv.lock").read_text()
    score = Score(twins=1, flagged=[str(one["rule"]) for one in scan(root, "supply-chain")["findings"]])
    for name in locks.CHANGES:
        (root / "uv.lock").write_text(locks.tampered(name, lock))
        document = scan(root, "supply-chain")
        score.planted += 1
        if document["verdict"] != "fail":
            score.missed.append(f"{name} ({document['verdict']})")
    yanked = locks.write_project(folder / "yanked", locks.YANKED)
    subprocess.run(["uv", "lock", "-q"], cwd=yanked, check=True, env=environment())
    score.planted += 1
    if "lock-yanked" not in [one["rule"] for one in scan(yanked, "supply-chain")["findings"]]:
        score.missed.append("yanked")
    return score


def measure_dependencies(folder: Path) -> Score:
    """Vulnerable pins against a vulnerability service on the loopback; without advisories they are their own twins."""
    listed = ", ".join(f'"{name}=={version}"' for name, _, version in PINS)
    text = f'{PROJECT}dependencies = [{listed}]\n\n[dependency-groups]\ndev = ["setuptools==69.0.3"]\n'
    root = locks.write_project(folder / "pins", text)
    subprocess.run(["uv", "lock", "-q"], cwd=root, check=True, env=environment())
    pins = (*PINS, ("setuptools", "70.0.0", "69.0.3"))
    advisories = [
        advisory(f"GHSA-{n:04}-pin", name, fixed, aliases=[f"CVE-2099-{n:04}"])
        for n, (name, fixed, _) in enumerate(pins)
    ]
    advisories += [
        advisory(f"PYSEC-2099-{n}", name, fixed, aliases=[f"CVE-2099-{n:04}"])
        for n, (name, fixed, _) in enumerate(pins)
    ]
    with Osv(advisories) as service:
        found = [str(one["package"]) for one in scan(root, "dependencies", "--osv", service.url)["findings"]]
    with Osv() as service:
        flagged = [str(one["package"]) for one in scan(root, "dependencies", "--osv", service.url)["findings"]]
    # Aliases are one finding.
    missed = [name for name, _, _ in pins if found.count(name) != 1]
    return Score(planted=len(pins), missed=missed, twins=len(pins), flagged=flagged)


def measure(folder: Path, seed: int) -> dict[str, Score]:
    """Score by kind; the credentials depend on `seed`."""
    dice = random.Random(seed)  # noqa: S311  (made-up credentials)
    return {
        "secrets in the tree": measure_files("secrets", secrets.cases(dice), folder),
        "secrets in the history": measure_past(folder, dice),
        "code": measure_files("code", code.cases(), folder),
        "workflows": measure_files("workflows", workflows.cases(), folder),
        "lock": measure_locks(folder),
        "dependencies": measure_dependencies(folder),
    }


def table(scores: dict[str, Score]) -> str:
    """The scores as a Markdown table, and what was missed by name."""
    lines = ["| kind | planted | found | share | clean twins | flagged |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for kind, score in scores.items():
        found = score.planted - len(score.missed)
        lines.append(
            f"| {kind} | {score.planted} | {found} | {score.found:.0f} % | {score.twins} | {len(score.flagged)} |"
        )
    for kind, score in scores.items():
        for what, names in (("missed", score.missed), ("flagged", score.flagged), ("unknown", score.unknown)):
            lines += [f"- {kind}, {what}: {', '.join(names)}"] if names else []
    return "\n".join(lines) + "\n"
