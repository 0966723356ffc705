"""The formatter: a log record in, one line of flat JSON out."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone

from mypylogger._safe import free_key, json_safe

# The keys this formatter writes. An extra never takes one, even where it is absent.
RESERVED_KEYS = frozenset({
    "timestamp", "level", "logger", "message", "module", "function", "line",
    "message_error", "message_args",
    "exception_type", "exception_message", "exception_traceback", "stack_info",
})  # fmt: skip
# What every LogRecord has by itself. Whatever else is in one came from the caller.
RECORD_ATTRIBUTES = {"message", "asctime", *vars(logging.LogRecord("", 0, "", 0, "", None, None))}


class JsonFormatter(logging.Formatter):
    """Format a record as one line of ASCII-only JSON that begins with its timestamp."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line end."""
        message, message_problem = _message(record)
        fields = {
            "timestamp": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            "module": record.module,
            "function": record.funcName,
            "line": record.lineno,
            **_extras(record),
            **message_problem,
            **self._exception(record),
        }
        # default: a mock may pass for a float, say, without being one.
        return json.dumps(json_safe(fields), allow_nan=False, default=str)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Return the record's time as ISO 8601 in UTC, to the millisecond, with a Z."""
        moment = datetime.fromtimestamp(record.created, tz=timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _exception(self, record: logging.LogRecord) -> dict[str, object]:
        fields: dict[str, object] = {}
        # Outside an except block, exc_info=True gives (None, None, None): nothing to tell.
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception_type"] = type(record.exc_info[1]).__qualname__
            fields["exception_message"] = str(json_safe(record.exc_info[1]))
            try:
                fields["exception_traceback"] = self.formatException(record.exc_info)
            except Exception as error:  # noqa: BLE001 - Python 3.8 recurses along the causes
                fields["exception_traceback"] = f"<no traceback: {type(error).__name__}>"
        if record.stack_info:
            fields["stack_info"] = record.stack_info
        return fields


def _message(record: logging.LogRecord) -> tuple[str, dict[str, object]]:
    """Return the message; if its arguments do not fit, the template and what was wrong."""
    try:
        return record.getMessage(), {}
    except Exception as error:  # noqa: BLE001 - formatting runs foreign code
        problem = f"{type(error).__name__}: {json_safe(error)}"
        return str(json_safe(record.msg)), {"message_error": problem, "message_args": record.args}


def _extras(record: logging.LogRecord) -> dict[str, object]:
    extras: dict[str, object] = {}
    for key, value in list(vars(record).items()):
        if key not in RECORD_ATTRIBUTES:
            extras[free_key(key, RESERVED_KEYS, extras)] = value
    return extras
