"""Loggers: set-up, destinations, threads."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Mapping

from mypylogger import _logger, get_logger
from mypylogger._config import Config, read_config

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from conftest import Printed, Read


def test_asking_twice_gives_the_same_logger_with_one_handler(printed: Printed) -> None:
    log = get_logger("app")
    assert get_logger("app") is log is logging.getLogger("app")
    assert len(log.handlers) == 1
    log.info("once")
    assert len(printed()) == 1


def test_asking_again_does_not_undo_what_the_application_set() -> None:
    log = get_logger("app")
    log.setLevel(logging.ERROR)
    log.propagate = True
    get_logger("app")
    assert (log.level, log.propagate) == (logging.ERROR, True)


def test_parent_and_child_print_once_each(printed: Printed) -> None:
    for name in ("app", "app.db"):
        get_logger(name).info("x")
    assert [record["logger"] for record in printed()] == ["app", "app.db"]


def test_the_level_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, printed: Printed
) -> None:
    monkeypatch.setenv("MYPYLOGGER_LEVEL", "warning")
    log = get_logger("app")
    log.info("hidden")
    log.warning("shown")
    assert [record["message"] for record in printed()] == ["shown"]


def test_a_logger_that_already_exists_is_taken_over(printed: Printed) -> None:
    log = logging.getLogger("existed.before")
    assert get_logger("existed.before") is log
    log.info("x", extra={"message": "mine"})  # noqa: G101 - what is tested
    assert printed()[0]["message_"] == "mine"


def test_a_logger_class_of_the_application_is_kept(printed: Printed) -> None:
    class Custom(logging.Logger):
        pass

    logging.setLoggerClass(Custom)
    try:
        log = get_logger("custom")
    finally:
        logging.setLoggerClass(logging.Logger)
    log.info("x")
    assert type(log) is Custom
    assert len(printed()) == 1


def test_the_root_logger_brings_libraries_in(printed: Printed) -> None:
    get_logger("")
    logging.getLogger("library").info("x")
    assert printed()[0]["logger"] == "library"


def test_stdout_is_looked_up_at_each_record(printed: Printed, read: Read) -> None:
    log = get_logger("app")
    log.info("before")
    with contextlib.redirect_stdout(io.StringIO()) as buffer:
        log.info("redirected")
    assert [record["message"] for record in printed()] == ["before"]
    assert [record["message"] for record in read(buffer.getvalue())] == ["redirected"]


def test_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], read: Read
) -> None:
    monkeypatch.setenv("MYPYLOGGER_STREAM", "stderr")
    get_logger("app").info("x")
    out, err = capsys.readouterr()
    assert out == ""
    assert len(read(err)) == 1


def test_a_stream_that_is_gone_does_not_stop_the_application(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = get_logger("app")
    monkeypatch.setattr(sys, "stdout", None)
    log.info("lost")
    assert "Logging error" in capsys.readouterr().err


def test_a_file_is_appended_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printed: Printed, read: Read
) -> None:
    path = tmp_path / "app.log"
    path.write_text('{"old": 1}\n', encoding="utf-8")
    monkeypatch.setenv("MYPYLOGGER_FILE", str(path))
    get_logger("app").info("new")
    old, new = read(path.read_text(encoding="utf-8"))
    assert (old, new["message"]) == ({"old": 1}, "new")
    assert printed() == []


def test_a_file_that_cannot_be_opened_is_told_and_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printed: Printed
) -> None:
    monkeypatch.setenv("MYPYLOGGER_FILE", str(tmp_path / "missing" / "app.log"))
    get_logger("app").info("x")
    told, record = printed()
    assert (told["level"], told["logger"]) == ("WARNING", "mypylogger")
    assert told["message"].startswith("MYPYLOGGER_FILE cannot be opened: [Errno 2]")
    assert told["message"].endswith("using stdout")
    assert record["message"] == "x"


def test_a_bad_setting_is_told_once_whatever_the_level(
    monkeypatch: pytest.MonkeyPatch, printed: Printed
) -> None:
    monkeypatch.setenv("MYPYLOGGER_LEVEL", "ERROR")
    monkeypatch.setenv("MYPYLOGGER_STREAM", "printer")
    get_logger("app")
    get_logger("app.db")
    assert [record["level"] for record in printed()] == ["WARNING"]


def test_threads_that_ask_first_together_share_one_handler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slowly(env: Mapping[str, str]) -> Config:
        time.sleep(0.01)  # lets every other thread in, if anything does
        return read_config(env)

    monkeypatch.setattr(_logger, "read_config", slowly)
    with ThreadPoolExecutor(8) as pool:
        logs = list(pool.map(get_logger, [f"app.{number % 4}" for number in range(8)]))
    assert len({handler for log in logs for handler in log.handlers}) == 1
    assert all(len(log.handlers) == 1 for log in logs)


def test_threads_write_whole_lines(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "stdout"
    threads, records = 8, 50

    def work(thread: int) -> None:
        for number in range(records):
            log = get_logger(f"app.{thread % 3}")
            log.info("x" * 500, extra={"who": [thread, number]})

    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    with path.open("w", encoding="utf-8") as stdout, contextlib.redirect_stdout(stdout):
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        text = path.read_text(encoding="utf-8")  # before the file is closed: all is flushed

    who = sorted(record["who"] for record in read(text))
    assert who == [[thread, number] for thread in range(threads) for number in range(records)]
