"""lockgate scan as a running process, on packages that change from test to test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support import Ran, lockgate
from tests.unit.scan.benches import clean_package

GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
PICKLE = "import pickle\n\n\ndef load(data):\n    return pickle.loads(data)\n"
CODEQL: dict[str, Any] = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": "CodeQL",
                    "rules": [
                        {"id": "py/sql-injection", "properties": {"security-severity": "8.8", "precision": "high"}},
                        {"id": "py/unused-import", "properties": {}},
                    ],
                }
            },
            "results": [],
        }
    ],
}
SQL = {
    "ruleId": "py/sql-injection",
    "message": {"text": "This query depends on a user-provided value."},
    "locations": [
        {"physicalLocation": {"artifactLocation": {"uri": "src/sample/__init__.py"}, "region": {"startLine": 1}}}
    ],
}


def scan(root: Path, *arguments: str, **changes: Any) -> Ran:  # noqa: ANN401
    """`lockgate scan --format json …`."""
    return lockgate(root, "scan", "--format", "json", *arguments, **changes)


def scanner(ran: Ran, name: str) -> dict[str, Any]:
    """One scanner of the JSON document."""
    found: dict[str, Any] = next(one for one in ran.document["scanners"] if one["name"] == name)
    return found


def git(root: Path, *arguments: str) -> str:
    """Run git; returns what it said."""
    done = subprocess.run([*GIT, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def commit_all(root: Path, message: str = "Change") -> str:
    """Commit everything; returns the commit's hash."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)
    return git(root, "rev-parse", "HEAD").strip()


def sarif(path: Path, *results: dict[str, Any]) -> Path:
    """A report of CodeQL's."""
    document = json.loads(json.dumps(CODEQL))
    document["runs"][0]["results"] = list(results)
    path.write_text(json.dumps(document))
    return path


__all__ = ["CODEQL", "PICKLE", "SQL", "clean_package", "commit_all", "git", "sarif", "scan", "scanner"]
