"""Where GitHub's description is wrong or silent, each with what is known to be right."""

from __future__ import annotations

from typing import Any

REPO = "/repos/{owner}/{repo}"
PROTECTION = f"{REPO}/branches/{{branch}}/protection"
BASIC = {"$ref": "#/components/schemas/basic-error"}

# Statuses that every operation may answer with: the general part of GitHub's documentation says so, not each operation.
ANYWHERE = {
    "400": "an unknown API version, or a body that is no JSON",
    "401": "a token that is not known",
    "403": "a missing permission, a plan that has not the feature, a rate limit",
    "404": "a missing permission on what is not public",
    "422": "a body that is not what the operation takes",
    "429": "a secondary rate limit",
}

# (operation, status): the body where the description knows only another, or none.
ANSWERS: dict[tuple[str, str], tuple[Any, str]] = {
    (f"PUT {REPO}/pulls/{{pull_number}}/merge", "409"): (BASIC, "described"),
    (f"GET {REPO}/vulnerability-alerts", "404"): (BASIC, "has a message, which alone tells it from a missing right"),
    (f"GET {REPO}/actions/permissions/selected-actions", "409"): (BASIC, "what is not selected cannot be read"),
    (f"PUT {REPO}/actions/permissions/selected-actions", "409"): (BASIC, "what is not selected cannot be set"),
}

_STRINGS = {
    "type": "object",
    "required": ["message"],
    "properties": {"errors": {"type": "array", "items": {"type": "string"}}, "message": {"type": "string"}},
}
for _name in (f"POST {REPO}/rulesets", f"PUT {REPO}/rulesets/{{ruleset_id}}"):
    ANSWERS[_name, "422"] = (_STRINGS, "says what is wrong in sentences, not in objects")

# (operation, path within the request's schema): what replaces it.
REQUESTS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    f"PUT {PROTECTION}": (
        ("properties", "required_status_checks", "required"),
        ["strict"],
        "`contexts` is being closed down: `checks` alone is taken as well",
    ),
}
