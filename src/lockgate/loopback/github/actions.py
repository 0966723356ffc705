"""What GitHub Actions may do in a repository, and the names and ages of its secrets."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data

_READ, _WRITE = "administration:read", "administration:write"


class _Permissions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    enabled: bool
    allowed_actions: Literal["all", "local_only", "selected"] | None = None
    sha_pinning_required: bool | None = None


class _Selected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    github_owned_allowed: bool | None = None
    verified_allowed: bool | None = None
    patterns_allowed: list[str] | None = None


class _Workflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    default_workflow_permissions: Literal["read", "write"] | None = None
    can_approve_pull_request_reviews: bool | None = None


@route("GET", "actions/permissions", _READ)
def permissions(call: Call) -> Any:  # noqa: ANN401  (JSON)
    """Whether actions run, and which; nothing more is said where none do."""
    found = call.repo["actions"]["permissions"]
    selected = {"selected_actions_url": f"{call.root}/actions/permissions/selected-actions"}
    if not found["enabled"]:
        return {"enabled": False}
    return {**found, **(selected if found["allowed_actions"] == "selected" else {})}


@route("PUT", "actions/permissions", _WRITE)
def set_permissions(call: Call) -> None:
    """Say so; what is not said stays."""
    call.repo["actions"]["permissions"].update(msgspec.to_builtins(call.given(_Permissions)))


@route("GET", "actions/permissions/selected-actions", _READ)
def selected(call: Call) -> Any:  # noqa: ANN401
    """Which actions are allowed, where only some are."""
    if call.repo["actions"]["permissions"]["allowed_actions"] != "selected":
        raise Refusal(409, "Allowed actions are not set to selected")
    return call.repo["actions"]["selected-actions"]


@route("PUT", "actions/permissions/selected-actions", _WRITE)
def select(call: Call) -> None:
    """Say so."""
    selected(call).update(msgspec.to_builtins(call.given(_Selected)))


@route("GET", "actions/permissions/workflow", _READ)
def workflow(call: Call) -> Any:  # noqa: ANN401
    """What a workflow's token may do by default."""
    return call.repo["actions"]["workflow"]


@route("PUT", "actions/permissions/workflow", _WRITE)
def set_workflow(call: Call) -> None:
    """Say so."""
    call.repo["actions"]["workflow"].update(msgspec.to_builtins(call.given(_Workflow)))


def _secrets(call: Call, found: list[Data]) -> Data:
    if not call.has_role("push") and not call.who.is_app:
        raise Refusal(403, "Must have collaborator access to repository")
    known = [{key: one[key] for key in ("name", "created_at", "updated_at")} for one in found]
    return {"total_count": len(known), "secrets": call.page(known)}


@route("GET", "actions/secrets", "secrets:read")
def repository_secrets(call: Call) -> Any:  # noqa: ANN401
    """The repository's secrets: names and times, never values."""
    return _secrets(call, call.repo["secrets"]["actions"])


@route("GET", "actions/organization-secrets", "secrets:read")
def organization_secrets(call: Call) -> Any:  # noqa: ANN401
    """Those of the organization that reach this repository."""
    return _secrets(call, call.repo["secrets"]["organization"])


@route("GET", "dependabot/secrets", "dependabot_secrets:read")
def dependabot_secrets(call: Call) -> Any:  # noqa: ANN401
    """Those that only Dependabot's runs get."""
    return _secrets(call, call.repo["secrets"]["dependabot"])


@route("GET", "environments/{environment_name}/secrets", "environments:read")
def environment_secrets(call: Call) -> Any:  # noqa: ANN401
    """Those of an environment."""
    found = call.repo["environments"].get(call.args["environment_name"])
    if found is None:
        raise Refusal(404, "Not Found")
    return _secrets(call, found["secrets"])
