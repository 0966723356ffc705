"""Desired and remote state, compared both ways (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from lockgate.model.protection import TO_DO, Change, ChangeKind, Remote, Setting, Unseen
from lockgate.protect.normal import flat, is_usual

FORMS: Mapping[str, Literal["classic", "ruleset"]] = {"classic": "ruleset", "ruleset": "classic"}
_INCLUDE = "ruleset.conditions.ref_name.include"
_STAYS = "not in the table, and stays"
_TWICE = "the other form has no other kinds of rules than the one in the table, whose values count"
_BESIDE = "stays beside the form in the table, because it asks for more; the stricter of both counts"


def difference(settings: Sequence[Setting], other: Sequence[Setting], remote: Remote) -> tuple[Change, ...]:
    """One line for each setting, and one for everything that the remote has besides.

    Args:
        settings: The desired state.
        other: What the table would ask for in the other form of branch protection.
        remote: What is there.
    """
    wanted = {setting.key for setting in settings}
    doubled = {setting.section for setting in other}
    lines = [_line(setting, remote) for setting in settings]
    for section, value in remote.sections.items():
        if section in doubled:
            lines += _other_form(section, other, value)
        else:
            lines += _unmanaged(section, wanted, value)
    return tuple(lines)


def _line(setting: Setting, remote: Remote) -> Change:
    section = remote.sections.get(setting.section)
    before = section if isinstance(section, Unseen) else flat(setting.section, section).get(setting.key)
    if isinstance(before, Unseen):
        return _unknown(setting.key, before, setting.value, setting.why)
    line = Change(kind="keep", key=setting.key, before=before, after=setting.value, why=setting.why)
    # True is not 1 here: both come from JSON, where they differ.
    if before == setting.value and isinstance(before, bool) == isinstance(setting.value, bool):
        return line
    if setting.key == "environment.reviewers":
        hidden = next((one for one in map(remote.reviewers.get, setting.value) if isinstance(one, Unseen)), None)
        if hidden is not None:
            return _unknown(setting.key, hidden, setting.value, setting.why)
    kind: ChangeKind = "add" if before is None else "remove" if setting.value is None else "change"
    return msgspec.structs.replace(line, kind=kind)


def _unknown(key: str, hidden: Unseen, after: Any = None, why: str = "") -> Change:  # noqa: ANN401  (JSON)
    why = why or "what cannot be seen can be neither promised nor kept"
    return Change(kind="unknown", key=key, after=after, why=why, permission=hidden.permission)


def _unmanaged(section: str, wanted: set[str], value: Any, why: str = _STAYS) -> Iterator[Change]:  # noqa: ANN401
    if isinstance(value, Unseen):
        if not any(key.startswith(f"{section}.") for key in wanted):
            yield _unknown(section, value)
        return
    for key, one in flat(section, value).items():
        if key in wanted:
            continue
        if isinstance(one, Unseen):
            # It binds others, and takes nothing from the rules in the table.
            yield Change(kind="unmanaged", key=key, why=why, permission=one.permission)
        elif not is_usual(key, one):
            yield Change(kind="unmanaged", key=key, before=one, why=why)


def _other_form(section: str, other: Sequence[Setting], value: Any) -> Iterator[Change]:  # noqa: ANN401
    """Whatever the table does not ask for is not thrown away; a mere duplicate is."""
    there = {} if isinstance(value, Unseen) else flat(section, value)
    # A ruleset may protect other branches as well.
    covered = {one.key for one in other if one.key != _INCLUDE or set(there.get(_INCLUDE, ())) <= set(one.value)}
    if value is None or isinstance(value, Unseen):
        yield from _unmanaged(section, set(), value)
    elif not any(_unmanaged(section, covered, value)):
        before = {key: one for key, one in there.items() if not isinstance(one, Unseen)}
        yield Change(kind="remove", key=section, before=before, why=_TWICE)
    else:
        yield from _unmanaged(section, set(), value, _BESIDE)


def continues(reviewed: Sequence[Change], now: Sequence[Change]) -> bool:
    """Whether `now` is what is left of `reviewed`: nothing else was changed, and nothing else will be."""
    before, left = {line.key: line for line in reviewed}, {line.key for line in now}
    gone = [line for line in reviewed if line.key not in left]
    return all(_follows(before.get(line.key), line) for line in now) and all(line.kind == "remove" for line in gone)


def _follows(then: Change | None, now: Change) -> bool:
    if then is None or then == now:
        return then is not None
    if then.kind not in TO_DO or now.after != then.after:
        return False
    # The only list that is filled and emptied one by one.
    return now.kind == "keep" or (
        now.key == "environment.policies"
        and all(one in [*(then.before or ()), *then.after] for one in now.before or ())
    )


def unsettled(changes: Sequence[Change], section: str) -> bool:
    """Whether something of a section is still to be done, or cannot be seen."""
    return any(line.key.partition(".")[0] == section and line.kind in {*TO_DO, "unknown"} for line in changes)


def missing_reviewers(settings: Sequence[Setting], remote: Remote) -> list[str]:
    """Reviewers in the table whom GitHub does not know."""
    asked: Mapping[str, Any] = {setting.key: setting.value for setting in settings}
    return [name for name in asked.get("environment.reviewers", ()) if remote.reviewers.get(name, "") is None]
