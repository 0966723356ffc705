"""The line: its keys, their order, extras and exceptions."""

from __future__ import annotations

import logging
import logging.config
import re
from typing import TYPE_CHECKING
from unittest.mock import MagicMock

import pytest

from mypylogger import JsonFormatter, get_logger
from mypylogger._formatter import RECORD_ATTRIBUTES, RESERVED_KEYS

if TYPE_CHECKING:
    from conftest import Printed, Read

STANDARD = ["timestamp", "level", "logger", "message", "module", "function", "line"]


class BadStr(Exception):  # noqa: N818 - the name says what is wrong with it
    def __str__(self) -> str:
        raise BadStr


def test_standard_keys_come_first_and_in_order(printed: Printed) -> None:
    get_logger("app").info("hello %s", "world", extra={"zebra": 1, "ant": 2})
    (record,) = printed()
    assert list(record) == [*STANDARD, "zebra", "ant"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
    assert record.pop("line") > 0
    assert record == {
        "level": "INFO",
        "logger": "app",
        "message": "hello world",
        "module": "test_formatter",
        "function": "test_standard_keys_come_first_and_in_order",
        "zebra": 1,
        "ant": 2,
    }


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (951782400.5, "2000-02-29T00:00:00.500Z"),
        (1767225599.9996, "2025-12-31T23:59:59.999Z"),
    ],
)
def test_timestamp_is_utc_to_the_millisecond(created: float, expected: str) -> None:
    record = logging.makeLogRecord({"created": created})
    assert JsonFormatter().formatTime(record) == expected


def test_a_record_is_one_line_of_ascii() -> None:
    hostile = 'quote " newline \n return \r separator \u2028 next \x85 null \x00 \u00e9 \U0001f600'
    line = JsonFormatter().format(logging.makeLogRecord({"msg": hostile, hostile: hostile}))
    assert line.isascii()
    assert len(line.splitlines()) == 1


def test_no_extra_is_lost_or_overwrites(printed: Printed) -> None:
    names = sorted(RESERVED_KEYS | RECORD_ATTRIBUTES)
    get_logger("app").info("original", extra={name: f"extra {name}" for name in names})
    (record,) = printed()
    assert {name: record[f"{name}_"] for name in names} == {n: f"extra {n}" for n in names}
    assert list(record)[: len(STANDARD)] == STANDARD
    assert (record["level"], record["message"]) == ("INFO", "original")
    assert "exception_type" not in record


def test_a_renamed_extra_does_not_overwrite_another(printed: Printed) -> None:
    get_logger("app").info("x", extra={"level": 1, "level_": 2, "module": 3, "module_": 4})
    (record,) = printed()
    assert (record["level_"], record["level__"]) == (1, 2)
    assert (record["module_"], record["module__"]) == (3, 4)


def test_extras_of_any_kind_print(printed: Printed) -> None:
    ring: dict[str, object] = {}
    ring["self"] = ring
    extra = {"error": BadStr(), "ring": ring, "\udc80": float("nan"), "mock": MagicMock(spec=float)}
    get_logger("app").info("x", extra=extra)
    (record,) = printed()
    assert record["error"] == "<unprintable BadStr: BadStr>"
    assert record["ring"] == {"self": "<circular reference>"}
    assert record["\\udc80"] == "nan"
    assert "MagicMock" in record["mock"]


@pytest.mark.parametrize(
    ("message", "args", "expected", "error"),
    [
        ("%d items", ("many",), "%d items", "TypeError: %d format"),
        (["%d"], ("many",), "['%d']", "TypeError: %d format"),
        ("%s", (BadStr(),), "%s", "BadStr: <unprintable BadStr: BadStr>"),
        (BadStr(), (), "<unprintable BadStr: BadStr>", "BadStr: "),
    ],
)
def test_a_message_that_cannot_be_made_is_shown_in_parts(
    message: object, args: tuple[object, ...], expected: str, error: str, printed: Printed
) -> None:
    get_logger("app").info(message, *args, extra={"message_error": "mine"})
    (record,) = printed()
    assert record["message_error_"] == "mine"
    assert record["message"] == expected
    assert record["message_error"].startswith(error)
    assert len(record["message_args"]) == len(args)


def test_an_exception_becomes_flat_keys_with_its_causes(printed: Printed) -> None:
    try:
        try:
            raise KeyError("key")  # noqa: EM101, TRY301 - the cause
        except KeyError as error:
            message = "no settings"
            raise RuntimeError(message) from error
    except RuntimeError:
        get_logger("app").exception("failed", extra={"user": 3, "exception_type": "mine"})
    (record,) = printed()
    exception = ["exception_type", "exception_message", "exception_traceback"]
    assert list(record) == [*STANDARD, "user", "exception_type_", *exception]
    assert record["exception_type"] == "RuntimeError"
    assert record["exception_message"] == "no settings"
    assert "KeyError: 'key'" in record["exception_traceback"]
    assert "direct cause" in record["exception_traceback"]


def test_causes_that_form_a_circle_end(printed: Printed) -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    get_logger("app").error("failed", exc_info=one)
    assert "ValueError: two" in printed()[0]["exception_traceback"]


def test_an_exception_that_cannot_be_printed(printed: Printed) -> None:
    get_logger("app").error("failed", exc_info=BadStr())
    (record,) = printed()
    assert record["exception_type"] == "BadStr"
    assert record["exception_message"] == "<unprintable BadStr: BadStr>"


def test_a_traceback_that_cannot_be_made() -> None:
    class Failing(JsonFormatter):
        def formatException(self, ei: object) -> str:  # noqa: ARG002, N802
            raise RecursionError

    error = ValueError("no")
    record = logging.makeLogRecord({"exc_info": (ValueError, error, None)})
    assert '"exception_traceback": "<no traceback: RecursionError>"' in Failing().format(record)


def test_exc_info_without_an_exception_adds_nothing(printed: Printed) -> None:
    get_logger("app").error("failed", exc_info=True)
    assert list(printed()[0]) == STANDARD


def test_stack_info_is_a_key(printed: Printed) -> None:
    get_logger("app").info("here", stack_info=True)
    (record,) = printed()
    assert list(record) == [*STANDARD, "stack_info"]
    assert "test_stack_info_is_a_key" in record["stack_info"]


def test_the_formatter_works_in_dict_config(capsys: pytest.CaptureFixture[str], read: Read) -> None:
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": "mypylogger.JsonFormatter"}},
            "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "json"}},
            "loggers": {"plain": {"handlers": ["err"], "propagate": False}},
        }
    )
    logging.getLogger("plain").warning("hello", extra={"user": 3, "level": "mine"})
    (record,) = read(capsys.readouterr().err)
    assert list(record) == [*STANDARD, "user", "level_"]
