"""A job on GitHub, as the claims of its identity token describe it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

_LIFE = 300  # seconds, as on GitHub


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job that may ask for identity tokens (`permissions: id-token: write`).

    Attributes:
        repository: `owner/name`.
        workflow: The file's name in `.github/workflows` of the workflow that was triggered.
        called: `owner/name/.github/workflows/FILE@REF` of the reusable workflow that the job stands in, None when in `workflow` itself.
        environment: None for a job without one.
        claims: What shall differ, by claim: a wrong audience, an `exp` long past, a `jti` that comes twice; None leaves the claim out.
    """

    repository: str
    workflow: str = "publish.yml"
    environment: str | None = None
    ref: str = "refs/tags/v1.0"
    sha: str = "0123456789abcdef0123456789abcdef01234567"
    event: str = "push"
    owner_id: str = "1"
    called: str | None = None
    claims: Mapping[str, Any] = {}

    def identity(self, issuer: str, audience: str, now: float) -> dict[str, Any]:
        """The claims of a fresh identity token."""
        owner = self.repository.partition("/")[0]
        path = f"{self.repository}/.github/workflows/{self.workflow}@{self.ref}"
        place = f"environment:{self.environment}" if self.environment else f"ref:{self.ref}"
        made = {
            "jti": str(uuid.uuid4()),
            "iss": issuer,
            "aud": audience,
            "sub": f"repo:{self.repository}:{place}",
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now) + _LIFE,
            "repository": self.repository,
            "repository_owner": owner,
            "repository_owner_id": self.owner_id,
            "repository_id": "1",
            "repository_visibility": "public",
            "workflow_ref": path,
            "workflow_sha": self.sha,
            "job_workflow_ref": self.called or path,
            "job_workflow_sha": self.sha,
            "environment": self.environment,
            "ref": self.ref,
            "ref_type": "tag" if self.ref.startswith("refs/tags/") else "branch",
            "sha": self.sha,
            "event_name": self.event,
            "run_id": "1",
            "run_number": "1",
            "run_attempt": "1",
            "actor": owner,
            "actor_id": self.owner_id,
            "runner_environment": "github-hosted",
            **self.claims,
        }
        return {name: value for name, value in made.items() if value is not None}
