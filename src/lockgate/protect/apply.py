"""A plan's calls, in an order that never leaves the branch less protected than before."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from lockgate.model.errors import LockgateError
from lockgate.model.protection import TO_DO, Change, Remote, Setting, Step, Unseen
from lockgate.ports.github import GitHub, said
from lockgate.protect import normal
from lockgate.protect.desired import RULESET
from lockgate.protect.difference import FORMS, unsettled

_REDIRECT, _SEE_OTHER, _SERVER_ERROR = 300, 303, 500
_SWITCHES = {
    "dependabot_alerts": "vulnerability-alerts",
    "dependabot_updates": "automated-security-fixes",
    "private_vulnerability_reporting": "private-vulnerability-reporting",
    "immutable_releases": "immutable-releases",
}
_PATHS = {"actions": "actions/permissions", "workflow_token": "actions/permissions/workflow", **_SWITCHES}
# What GitHub wants to be told of every rule of pull requests.
_PULL_REQUEST = ("require_last_push_approval", "required_review_thread_resolution")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        after: The section whose calls must all have succeeded before; it must hold before something is taken away.
        restores: It sets again what another call may have switched off.
    """

    section: str
    what: str
    method: str
    path: str
    body: Any = None
    after: str | None = None
    restores: bool = False


def calls(
    changes: Sequence[Change], settings: Sequence[Setting], remote: Remote, *, branch: str, environment: str
) -> tuple[Call, ...]:
    """The requests that make the changes, in order.

    What asks for more comes before what takes away: the environment and the switches, then the branch's rules, then
    a duplicate. Values that nobody manages are sent back as they were: GitHub replaces whole sections.
    """
    touched = {line.key.partition(".")[0] for line in changes if line.kind in TO_DO}
    base = f"repos/{remote.repository['full_name']}"
    found: list[Call] = []
    if "environment" in touched:
        rest = {line.key for line in changes if line.kind in TO_DO} - {"environment.policies"}
        whole = any(key.startswith("environment.") for key in rest)
        found += _environment(
            base, environment, _overlaid("environment", settings, changes, remote), remote, whole=whole
        )
    for section, path in _PATHS.items():
        if section in touched:
            needs = "dependabot_alerts" if section == "dependabot_updates" else None
            what = section.replace("_", " ")
            body = None if section in _SWITCHES else _overlaid(section, settings, changes, remote)
            found.append(Call(section=section, what=what, method="PUT", path=f"{base}/{path}", body=body, after=needs))
    if "security" in touched:
        status = {line.key.partition(".")[2]: {"status": line.after} for line in changes
                  if line.kind in TO_DO and line.key.startswith("security.")}  # fmt: skip
        body = {"security_and_analysis": status}
        found.append(Call(section="security", what="secret scanning", method="PATCH", path=base, body=body))
    form = "classic" if any(setting.section == "classic" for setting in settings) else "ruleset"
    protection = f"{base}/branches/{urllib.parse.quote(branch, safe='')}/protection"
    rules = _overlaid(form, settings, changes, remote)
    if form in touched:
        found += _classic(protection, rules, remote) if form == "classic" else [_ruleset(base, rules)]
    if FORMS[form] in touched:
        path = protection if form == "ruleset" else f"{base}/rulesets/{remote.sections['ruleset']['id']}"
        what = {"classic": "the classic protection, a duplicate", "ruleset": "our ruleset, a duplicate"}[FORMS[form]]
        found.append(Call(section=FORMS[form], what=f"remove {what}", method="DELETE", path=path, after=form))
    return tuple(found)


def _overlaid(section: str, settings: Sequence[Setting], changes: Sequence[Change], remote: Remote) -> dict[str, Any]:
    """The section's values with the desired ones over them; what cannot be seen is left out."""
    hidden = {line.key for line in changes if line.kind == "unknown"}
    there = remote.sections.get(section)
    empty = normal.classic({}) if section == "classic" else {}
    found: dict[str, Any] = _copied(there if isinstance(there, Mapping) else empty)
    for setting in settings:
        if setting.section != section:
            continue
        *parents, name = setting.key.split(".")[1:]
        place = found
        for parent in parents:
            inner = place.get(parent)
            place[parent] = place = {} if inner is None else inner
        if setting.key not in hidden:
            place[name] = {} if parents[-1:] == ["rules"] else setting.value
        elif isinstance(place.get(name), Unseen):
            del place[name]
    return found


def _copied(value: Any) -> Any:  # noqa: ANN401  (JSON)
    return {name: _copied(one) for name, one in value.items()} if isinstance(value, Mapping) else value


def _classic(path: str, rules: Mapping[str, Any], remote: Remote) -> Iterator[Call]:
    body = dict(rules)
    there = (remote.sections["classic"] or {}).get("required_pull_request_reviews") or {}
    signed = body.pop("required_signatures")
    checks, reviews = body["required_status_checks"], dict(body["required_pull_request_reviews"])
    # Either `checks` or `contexts`: GitHub refuses both, whatever its description says. -1 is any app.
    anybody = [{**one, "app_id": -1 if one["app_id"] is None else one["app_id"]} for one in checks["checks"]]
    body["required_status_checks"] = {"strict": checks["strict"], "checks": anybody}
    for name in ("bypass_pull_request_allowances", "dismissal_restrictions"):
        # Repositories of persons have neither, and refuse to be told so: named only to keep or to empty it.
        if reviews.get(name) is None:
            reviews.pop(name, None)
            if there.get(name) is not None:
                reviews[name] = {kind: [] for kind in normal.ACTORS}
    body["required_pull_request_reviews"] = reviews
    yield Call(section="classic", what="protect the branch", method="PUT", path=path, body=body)
    if signed is True:
        # Not part of that request; on again, should that have switched it off.
        what, signatures = "keep required signatures", f"{path}/required_signatures"
        yield Call(section="classic", what=what, method="POST", path=signatures, restores=True)


def _ruleset(base: str, rules: Mapping[str, Any]) -> Call:
    sent = []
    for name, parameters in rules["rules"].items():
        kind = name.partition("#")[0]
        whole = {**dict.fromkeys(_PULL_REQUEST, False), **parameters} if kind == "pull_request" else parameters
        sent.append({"type": kind, "parameters": whole} if whole else {"type": kind})
    body = {"name": RULESET, **{name: rules[name] for name in rules if name not in {"id", "rules"}}, "rules": sent}
    method, path = ("PUT", f"{base}/rulesets/{rules['id']}") if "id" in rules else ("POST", f"{base}/rulesets")
    return Call(section="ruleset", what="protect the branch", method=method, path=path, body=body)


def _environment(base: str, name: str, wanted: Mapping[str, Any], remote: Remote, *, whole: bool) -> Iterator[Call]:
    path = f"{base}/environments/{urllib.parse.quote(name, safe='')}"
    reviewers = [remote.reviewers[one] for one in wanted.get("reviewers", ())]
    body = {
        "wait_timer": wanted.get("wait_timer", 0),
        "prevent_self_review": wanted.get("prevent_self_review", False),
        "reviewers": reviewers or None,
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
    }
    if whole:
        yield Call(section="environment", what=f"environment {name}", method="PUT", path=path, body=body)
    there = remote.sections["environment"] or {"policies": [], "policy_ids": {}}
    policies = f"{path}/deployment-branch-policies"
    for one in wanted["policies"]:
        if one not in there["policies"]:
            what = f"environment {name}: allow the {one['type']} {one['name']}"
            yield Call(section="environment", what=what, method="POST", path=policies, body=one)
    for one in there["policies"]:
        if one not in wanted["policies"]:
            what = f"environment {name}: no longer allow the {one['type']} {one['name']}"
            which = there["policy_ids"][f"{one['type']} {one['name']}"]
            yield Call(section="environment", what=what, method="DELETE", path=f"{policies}/{which}")


def send(
    github: GitHub, todo: Sequence[Call], look: Callable[[], Sequence[Change]], note: Callable[[Step], None]
) -> list[Step]:
    """Send the calls; returns what became of each. One that ends without an answer is the last that is tried.

    A refused call stops those of its section and those that come after it; the others go on.

    Args:
        github: Where to.
        todo: In order.
        look: Reads again and compares, before something is taken away.
        note: Hears of every step at once, should this be interrupted.
    """
    steps: list[Step] = []
    failed: set[str] = set()

    def ended(call: Call, status: Literal["applied", "refused", "unknown", "not-tried"], detail: str = "") -> None:
        steps.append(Step(call.what, status, detail))
        note(steps[-1])

    for call in todo:
        if steps and steps[-1].status == "unknown":
            break
        if call.section in failed or call.after in failed:
            ended(call, "not-tried", "what it depends on was refused")
            continue
        try:
            if call.after is not None and call.method == "DELETE" and unsettled(look(), call.after):
                ended(call, "not-tried", "what it depends on does not hold")
                continue
            answer = github.send(call.method, call.path, call.body)
        except LockgateError as error:
            ended(call, "unknown", error.message)
            continue
        except KeyboardInterrupt:
            ended(call, "unknown", "interrupted")
            raise
        # 303: a deployment policy that is there already.
        if answer.status < _REDIRECT or answer.status == _SEE_OTHER:
            ended(call, "applied")
        elif answer.status >= _SERVER_ERROR:
            ended(call, "unknown", said(answer))
        else:
            failed.add(call.section)
            ended(call, "refused", f"{call.method} {call.path}: {said(answer)}")
    return [*steps, *(Step(call.what, "not-tried", "the call before it has no answer") for call in todo[len(steps) :])]
