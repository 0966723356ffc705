"""Stamps: fields that say when something was made. Which are, and which of two is newer (pure)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Side = Literal["ours", "theirs"]

# Not `created_at`, `expires_at`, `date`: those are data, and the newer one is not the right one.
_NAMES = (
    "generated generated_at generated_on generated_date generation_time generated_time "
    "updated updated_at updated_on last_updated last_updated_at last_updated_on last_update "
    "modified modified_at last_modified last_modified_at modified_on "
    "timestamp time_stamp last_run last_run_at run_at started started_at start_time ended ended_at end_time "
    "finished finished_at completed completed_at collected_at checked_at last_checked last_checked_at "
    "scanned_at last_scan last_scanned measured_at fetched_at exported_at built_at build_time build_date "
    "rendered_at published_at refreshed_at last_refreshed synced_at last_synced recorded_at "
)
NAMES = frozenset(_NAMES.split())
_BEGINNING, _END = re.compile(r"start|begin|begun"), re.compile(r"^end|finish|complete")
_ZONE = r"(?: ?(?P<zone>Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
ISO = (
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]+))?)?" + _ZONE + ")?"
)
_ISO = re.compile(ISO)
_EPOCH = re.compile(r"[0-9]{9,19}(?:\.[0-9]+)?")
# Seconds since 1973, and the same in the finer units that programs write; the ranges do not meet.
_UNITS = ((10**8, 10**11, "seconds"), (10**11, 10**14, "milliseconds"), (10**14, 10**17, "microseconds"),
          (10**17, 10**20, "nanoseconds"))  # fmt: skip


class Scalar(NamedTuple):
    """A value as written: `kind` is its type, so that 1, 1.0, "1" and true stay four things."""

    kind: str
    text: str


class Stamps:
    """Which fields are stamps: the known names, and those that the project declares (`name` or `path.to.name`)."""

    def __init__(self, declared: Iterable[str] = ()) -> None:
        parts = [tuple(_normal(part) for part in name.split(".")) for name in declared]
        self._names = NAMES | {path[0] for path in parts if len(path) == 1}
        self._paths = {path for path in parts if len(path) > 1}

    def include(self, path: Sequence[str]) -> bool:
        """Whether the field at `path` is a stamp."""
        if not path:
            return False
        normal = tuple(_normal(part) for part in path if not part.startswith("["))
        return normal[-1:] != () and (normal[-1] in self._names or normal in self._paths)


def _normal(name: str) -> str:
    """`lastUpdated`, `Last-Updated` and `last updated` are one name."""
    return re.sub(r"[\s_-]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())).lower()


# Whole seconds, and the digits behind the point without zeros at their end: as such they compare as numbers do.
Instant = tuple[int, str]


def instant(value: Scalar) -> tuple[str, Instant] | None:
    """A stamp as (what it can be compared with, when); None when it is no date that means one thing."""
    if value.kind == "number":
        if _EPOCH.fullmatch(value.text) is None:
            return None
        whole, _, part = value.text.partition(".")
        when = int(whole), part.rstrip("0")
        return next(((unit, when) for low, high, unit in _UNITS if low <= when[0] < high), None)
    found = _ISO.fullmatch(value.text.strip()) if value.kind in {"string", "date"} else None
    if found is None:
        return None
    year, month, day = (int(found[name]) for name in ("year", "month", "day"))
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    try:
        days = dt.date(year, month, day).toordinal()
        dt.time(hour, minute, second)
        offset = _offset(found["zone"])
    except ValueError:
        return None
    seconds = days * 86400 + hour * 3600 + minute * 60 + second - (offset or 0)
    shape = "day" if found["hour"] is None else "without zone" if offset is None else "with zone"
    return f"{value.kind} {shape}", (seconds, (found["part"] or "").rstrip("0"))


def _offset(zone: str | None) -> int | None:
    """Seconds east of UTC.

    Raises:
        ValueError: There is no such zone.
    """
    if zone is None or zone.upper() in {"Z", "UTC", "GMT"}:
        return None if zone is None else 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:  # noqa: PLR2004  (UTC+14 is the furthest)
        raise ValueError(zone)
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def newer(ours: Scalar, theirs: Scalar) -> Side | None:
    """Which of two stamps is the newer; None when they are the same instant.

    Raises:
        ValueError: They cannot be compared, with the reason.
    """
    mine, yours = instant(ours), instant(theirs)
    for found, value in ((mine, ours), (yours, theirs)):
        if found is None:
            raise ValueError(f"{value.text!r} is no date and time that means one thing")
    assert mine is not None and yours is not None  # noqa: S101, PT018  (refused above)
    if mine[0] != yours[0]:
        raise ValueError(f"{mine[0]} against {yours[0]}: which is newer cannot be told")
    if mine[1] == yours[1]:
        return None
    return "ours" if mine[1] > yours[1] else "theirs"


class Win(NamedTuple):
    """Who won one stamp; `contested` when both sides had changed it."""

    path: tuple[str, ...]
    side: Side
    contested: bool


def mixed_runs(wins: Sequence[Win]) -> Win | None:
    """A stamp that shows that two runs would be mixed: another side has won one that belongs to it.

    Stamps beside each other belong together, so do all that both sides changed, and the beginning and the end of
    something when one stands above the other.
    """
    for number, one in enumerate(wins):
        for other in wins[:number]:
            together = one.path[:-1] == other.path[:-1] or (one.contested and other.contested)
            if one.side != other.side and (together or _is_span(one.path, other.path)):
                return one
    return None


def _is_span(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    outer, inner = sorted((one, other), key=len)
    ends = _END.search(_normal(one[-1])), _END.search(_normal(other[-1]))
    begins = _BEGINNING.search(_normal(one[-1])), _BEGINNING.search(_normal(other[-1]))
    return inner[: len(outer) - 1] == outer[:-1] and any(begins) and any(ends)
