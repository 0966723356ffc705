"""What GitHub Actions may do in a repository, and the names and ages of its secrets."""

from __future__ import annotations

from typing import Literal

import msgspec

from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, Json

_PLACE = "actions/permissions"


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


_SHAPES: dict[str, type[msgspec.Struct]] = {
    "permissions": _Permissions,
    "selected-actions": _Selected,
    "workflow": _Workflow,
}


@route("GET", _PLACE, "administration:read")
@route("GET", f"{_PLACE}/selected-actions", "administration:read")
@route("GET", f"{_PLACE}/workflow", "administration:read")
@route("PUT", _PLACE, "administration:write")
@route("PUT", f"{_PLACE}/selected-actions", "administration:write")
@route("PUT", f"{_PLACE}/workflow", "administration:write")
def _setting(call: Call) -> Json:
    """What is not said in a PUT stays; where no actions run, nothing more is told."""
    name, settings = call.address.rpartition("/")[2], call.repo["actions"]
    selected = settings["permissions"]["allowed_actions"] == "selected"
    if name == "selected-actions" and not selected:
        raise Refusal(409, "Allowed actions are not set to selected")
    if call.method == "PUT":
        return settings[name].update(msgspec.to_builtins(call.given(_SHAPES[name])))
    if name != "permissions":
        return settings[name]
    where = {"selected_actions_url": f"{call.root}/{_PLACE}/selected-actions"} if selected else {}
    return {**settings[name], **where} if settings[name]["enabled"] else {"enabled": False}


@route("GET", "actions/secrets", "secrets:read")
@route("GET", "actions/organization-secrets", "secrets:read")
@route("GET", "dependabot/secrets", "dependabot_secrets:read")
@route("GET", "environments/{environment_name}/secrets", "environments:read")
def _secrets(call: Call) -> Json:
    """Names and times, never values, of the repository, its organization, Dependabot, or an environment."""
    kind = {"secrets": "actions", "organization-secrets": "organization"}[call.address.rpartition("/")[2]]
    found: list[Data] = call.repo["secrets"]["dependabot" if "/dependabot/" in call.address else kind]
    if "environment_name" in call.args:
        found = call.find(call.repo["environments"].values(), name=call.args["environment_name"])["secrets"]
    if not call.has_role("push") and not call.who.is_app:
        raise Refusal(403, "Must have collaborator access to repository")
    known = [{key: one[key] for key in ("name", "created_at", "updated_at")} for one in found]
    return {"total_count": len(known), "secrets": call.page(known)}
