"""What the embedded GitHub knows: plain JSON data in one file, behind one lock."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from lockgate.ports import clock
from lockgate.ports.files import write_atomic

Data = dict[str, Any]
Json = Any  # what a handler answers: JSON, or a status with JSON
ACTIONS_APP = 15368  # GitHub Actions, as an app


LONG_AGO = "2020-01-01T00:00:00Z"  # of what nobody asks when it was made: an answer changes only with the state


def stamp() -> str:
    """Now, as GitHub writes it."""
    return dt.datetime.fromtimestamp(clock.now(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """The data of one server, in `folder/github.json`.

    Attributes:
        data: `users`, `tokens` and `repositories` (each by name), and the `last_id`.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "github.json"
        self.lock = threading.RLock()
        self.data: Data = {"last_id": 1000, "users": {}, "tokens": {}, "repositories": {}}
        if self._path.exists():
            self.data = msgspec.json.decode(self._path.read_bytes(), type=dict)

    @contextlib.contextmanager
    def changing(self) -> Iterator[Data]:
        """The data, to be changed: nobody else sees it meanwhile, and it is kept afterwards."""
        with self.lock:
            try:
                yield self.data
            finally:
                write_atomic(self._path, msgspec.json.format(msgspec.json.encode(self.data)))

    def new_id(self) -> int:
        """A number that nothing else has."""
        with self.lock:
            self.data["last_id"] += 1
            return int(self.data["last_id"])


def new_repository(number: int, full_name: str, plan: str, *, private: bool) -> Data:
    """A repository as GitHub makes it: nothing protected, scanning on where it is free."""
    scanning = {} if private else {
        "secret_scanning": "enabled", "secret_scanning_push_protection": "enabled",
        "secret_scanning_non_provider_patterns": "disabled", "secret_scanning_validity_checks": "disabled",
    }  # fmt: skip
    return {
        "id": number, "full_name": full_name, "private": private, "plan": plan, "default_branch": "main",
        "description": None, "archived": False, "created_at": stamp(), "updated_at": stamp(),
        "settings": {
            "allow_squash_merge": True, "allow_merge_commit": True, "allow_rebase_merge": True,
            "allow_auto_merge": False, "delete_branch_on_merge": False, "allow_update_branch": False,
            "web_commit_signoff_required": False,
            "has_issues": True, "has_projects": True, "has_wiki": True, "is_template": False,
        },
        "security_and_analysis": scanning,
        "collaborators": {}, "teams": [], "protection": {}, "rulesets": [], "environments": {},
        "actions": {
            "permissions": {"enabled": True, "allowed_actions": "all", "sha_pinning_required": False},
            "selected-actions": {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": []},
            "workflow": {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
        },
        "security": {
            "vulnerability-alerts": False, "automated-security-fixes": False,
            "private-vulnerability-reporting": False, "immutable-releases": False,
        },
        "default_setup": {"state": "not-configured", "languages": ["python"], "query_suite": "default"},
        "secrets": {"actions": [], "organization": [], "dependabot": []},
        "pulls": [], "check_runs": [], "statuses": [], "releases": [], "issues": [],
    }  # fmt: skip
