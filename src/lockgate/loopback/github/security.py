"""Security settings that are on or off, and CodeQL's default setup."""

from __future__ import annotations

from typing import Literal

import msgspec

from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, Json, stamp

ALERTS, FIXES = "vulnerability-alerts", "automated-security-fixes"
REPORTING, IMMUTABLE = "private-vulnerability-reporting", "immutable-releases"


@route("GET", ALERTS, "administration:read")
@route("GET", FIXES, "administration:read")
@route("GET", REPORTING)
@route("GET", IMMUTABLE, "administration:read")
def _state(call: Call) -> Json:
    name = _named(call)
    enabled = call.repo["security"][name]
    if name == ALERTS:
        if not enabled:
            # Only the message tells it from a missing permission.
            raise Refusal(404, "Vulnerability alerts are disabled.")
        return None
    return {"enabled": enabled, **{FIXES: {"paused": False}, IMMUTABLE: {"enforced_by_owner": False}}.get(name, {})}


@route("PUT", ALERTS, "administration:write")
@route("PUT", FIXES, "administration:write")
@route("PUT", REPORTING, "administration:write")
@route("PUT", IMMUTABLE, "administration:write")
@route("DELETE", ALERTS, "administration:write")
@route("DELETE", FIXES, "administration:write")
@route("DELETE", REPORTING, "administration:write")
@route("DELETE", IMMUTABLE, "administration:write")
def _switch(call: Call) -> None:
    name, settings, on = _named(call), call.repo["security"], call.method == "PUT"
    if name == FIXES and on and not settings[ALERTS]:
        raise Refusal(422, "Vulnerability alerts must be enabled to configure automated security fixes.")
    settings[name] = on
    settings[FIXES] = settings[FIXES] and settings[ALERTS]


def _named(call: Call) -> str:
    name = call.address.rpartition("/")[2]
    if name == REPORTING and call.repo["private"]:
        raise Refusal(422, "Private vulnerability reporting is only available for public repositories.")
    return name


class _Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    state: Literal["configured", "not-configured"] | None = None
    runner_type: str | None = None
    runner_label: str | None = None
    query_suite: Literal["default", "extended"] | None = None
    threat_model: Literal["remote", "remote_and_local"] | None = None
    languages: list[str] | None = None


@route("GET", "code-scanning/default-setup", "administration:read")
def _setup(call: Call) -> Json:
    if call.repo["private"] and call.repo["plan"] != "enterprise":
        raise Refusal(403, "Code Security must be enabled for this repository to use code scanning.")
    found: Data = call.repo["default_setup"]
    return {"updated_at": None, "schedule": "weekly" if found["state"] == "configured" else None, **found}


@route("PATCH", "code-scanning/default-setup", "administration:write")
def _set_up(call: Call) -> Json:
    _setup(call)
    given = call.given(_Setup)
    call.repo["default_setup"].update(msgspec.to_builtins(given), updated_at=stamp())
    if given.state != "configured":
        return {}
    number = call.github.store.new_id()
    return 202, {"run_id": number, "run_url": f"{call.root}/actions/runs/{number}"}
