"""Security settings that are on or off, and CodeQL's default setup."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lockgate.loopback.github.routes import Call, Refusal, route
from lockgate.loopback.github.state import Data, stamp

_READ, _WRITE = "administration:read", "administration:write"
ALERTS, FIXES = "vulnerability-alerts", "automated-security-fixes"
REPORTING, IMMUTABLE = "private-vulnerability-reporting", "immutable-releases"


@route("GET", ALERTS, _READ)
def alerts(call: Call) -> None:
    """204 where they are on, 404 where they are off: only the message tells it from a missing permission."""
    if not call.repo["security"][ALERTS]:
        raise Refusal(404, "Vulnerability alerts are disabled.")


@route("GET", FIXES, _READ)
def fixes(call: Call) -> Any:  # noqa: ANN401  (JSON)
    """Whether Dependabot proposes updates."""
    return {"enabled": call.repo["security"][FIXES], "paused": False}


@route("GET", REPORTING)
def reporting(call: Call) -> Any:  # noqa: ANN401
    """Whether anybody can report a hole in private."""
    _public(call)
    return {"enabled": call.repo["security"][REPORTING]}


@route("GET", IMMUTABLE, _READ)
def immutable(call: Call) -> Any:  # noqa: ANN401
    """Whether releases can no longer be changed."""
    return {"enabled": call.repo["security"][IMMUTABLE], "enforced_by_owner": False}


def _public(call: Call) -> None:
    if call.repo["private"]:
        raise Refusal(422, "Private vulnerability reporting is only available for public repositories.")


def _switch(name: str, *, on: bool) -> None:
    def handler(call: Call) -> None:
        settings = call.repo["security"]
        if name == REPORTING:
            _public(call)
        if name == FIXES and on and not settings[ALERTS]:
            raise Refusal(422, "Vulnerability alerts must be enabled to configure automated security fixes.")
        settings[name] = on
        if name == ALERTS and not on:
            settings[FIXES] = False

    route("PUT" if on else "DELETE", name, _WRITE)(handler)


for _name in (ALERTS, FIXES, REPORTING, IMMUTABLE):
    _switch(_name, on=True)
    _switch(_name, on=False)


class _Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    state: Literal["configured", "not-configured"] | None = None
    runner_type: str | None = None
    runner_label: str | None = None
    query_suite: Literal["default", "extended"] | None = None
    threat_model: Literal["remote", "remote_and_local"] | None = None
    languages: list[str] | None = None


@route("GET", "code-scanning/default-setup", _READ)
def default_setup(call: Call) -> Any:  # noqa: ANN401
    """CodeQL's default setup: while it is configured, other uploads of CodeQL's are rejected."""
    if call.repo["private"] and call.repo["plan"] != "enterprise":
        raise Refusal(403, "Code Security must be enabled for this repository to use code scanning.")
    found: Data = call.repo["default_setup"]
    return {"updated_at": None, "schedule": "weekly" if found["state"] == "configured" else None, **found}


@route("PATCH", "code-scanning/default-setup", _WRITE)
def set_default_setup(call: Call) -> Any:  # noqa: ANN401
    """Change it; switching it on starts a run."""
    default_setup(call)
    given = call.given(_Setup)
    call.repo["default_setup"].update(msgspec.to_builtins(given), updated_at=stamp())
    if given.state != "configured":
        return {}
    number = call.github.store.new_id()
    return 202, {"run_id": number, "run_url": f"{call.root}/actions/runs/{number}"}
