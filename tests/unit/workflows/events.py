"""Everything that can happen to a repository, as far as workflows may answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.unit.workflows.expressions import Value

REPOSITORY = "owner/sample"


@dataclass(frozen=True)
class Event:
    """Something that happens; `brings` says that there is a commit that checks must report on."""

    name: str
    action: str = ""
    branch: str = "main"
    is_tag: bool = False
    is_fork: bool = False
    brings: bool = False
    inputs: Mapping[str, Value] = field(default_factory=dict)

    @property
    def contexts(self) -> dict[str, Value]:
        """Values by full name."""
        pull = self.name == "pull_request"
        head = ("somebody/fork" if self.is_fork else REPOSITORY) if pull else None
        found: dict[str, Value] = {
            "github.event_name": self.name,
            "github.repository": REPOSITORY,
            "github.workflow": "w",
            "github.sha": "c" * 40,
            "github.run_id": "77",
            "github.event.pull_request.number": 5.0 if pull else None,
            "github.event.pull_request.head.repo.full_name": head,
        }
        return {**found, **{f"inputs.{name}": value for name, value in self.inputs.items()}}


_TYPES = [
    "assigned",
    "unassigned",
    "labeled",
    "unlabeled",
    "opened",
    "edited",
    "closed",
    "reopened",
    "synchronize",
    "converted_to_draft",
    "locked",
    "unlocked",
    "enqueued",
    "dequeued",
    "milestoned",
    "demilestoned",
    "ready_for_review",
    "review_requested",
    "review_request_removed",
    "auto_merge_enabled",
    "auto_merge_disabled",
]
EVENTS = (
    *(Event("push", branch=branch) for branch in ("main", "feature/x")),
    Event("push", branch="v1.0", is_tag=True),
    *(
        Event("pull_request", one, base, is_fork=fork, brings=one in {"opened", "reopened", "synchronize"})
        for one in _TYPES
        for base in ("main", "release/1")
        for fork in (False, True)
    ),
    *(Event("merge_group", "checks_requested", branch, brings=True) for branch in ("main", "release/1")),
    Event("schedule"),
    *(Event("workflow_dispatch", inputs={"version": "1.0", "dry-run": dry, "resume-run-id": earlier})
      for dry in (False, True) for earlier in ("", "12")),
)  # fmt: skip
