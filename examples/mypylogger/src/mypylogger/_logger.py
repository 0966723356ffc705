"""Loggers: one handler for the whole process, made from the environment at first use."""

from __future__ import annotations

import logging
import os
import sys
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Mapping

from mypylogger._config import read_config
from mypylogger._formatter import RECORD_ATTRIBUTES, JsonFormatter
from mypylogger._safe import free_key

if TYPE_CHECKING:
    from logging import _ArgsType, _SysExcInfoType

_lock = threading.Lock()


def get_logger(name: str) -> logging.Logger:
    """Return the standard logger *name*, set up to write JSON lines.

    The first call for a name attaches the handler, sets the level and stops propagation, so
    that each record is written once. Later calls change nothing.
    """
    with _lock:
        handler, level = process_handler()
        return _set_up(name, handler, level)


@lru_cache(maxsize=None)
def process_handler() -> tuple[logging.Handler, int]:
    """Return the one handler that all loggers share, and the level; call it under the lock.

    One handler means one lock, which is what keeps the lines of many threads whole.
    """
    level, stream, file, problems = read_config(os.environ)
    handler: logging.Handler = StreamHandler(stream)
    if file:
        try:
            handler = logging.FileHandler(file, encoding="utf-8")
        except OSError as error:
            problems.append(f"MYPYLOGGER_FILE cannot be opened: {error}; using {stream}")
    handler.setFormatter(JsonFormatter())
    # Told as log lines, not with warnings.warn(), which `python -W error` turns into a crash.
    for problem in problems:
        _set_up("mypylogger", handler, logging.WARNING).warning(problem)
    return handler, level


def _set_up(name: str, handler: logging.Handler, level: int) -> logging.Logger:
    logger = logging.getLogger(name)
    if handler not in logger.handlers:
        # logging.setLoggerClass() would change the loggers of every other library too, and
        # would miss a logger that already exists.
        if type(logger) is logging.Logger:
            logger.__class__ = JsonLogger
        logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = False
    return logger


class JsonLogger(logging.Logger):
    """A logger that renames an extra where the standard one raises KeyError."""

    def makeRecord(  # noqa: N802, PLR0913, PLR0917 - so is it in logging.Logger
        self,
        name: str,
        level: int,
        fn: str,
        lno: int,
        msg: object,
        args: _ArgsType,
        exc_info: _SysExcInfoType | None,
        func: str | None = None,
        extra: Mapping[str, object] | None = None,
        sinfo: str | None = None,
    ) -> logging.LogRecord:
        record = super().makeRecord(name, level, fn, lno, msg, args, exc_info, func, None, sinfo)
        for key, value in (extra or {}).items():
            vars(record)[free_key(key, RECORD_ATTRIBUTES, vars(record))] = value
        return record


class StreamHandler(logging.Handler):
    """Write to whatever ``sys.stdout`` or ``sys.stderr`` is at the moment of each record.

    logging.StreamHandler keeps the stream it was made with, and so misses redirections.
    """

    def __init__(self, stream: str) -> None:
        """Take the stream's name, ``stdout`` or ``stderr``."""
        super().__init__()
        self.stream_name = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record as one line, at once; as in all handlers, never raise."""
        try:
            stream = getattr(sys, self.stream_name)
            stream.write(self.format(record) + "\n")
            stream.flush()
        except Exception:  # noqa: BLE001 - a full disk must not stop the application
            self.handleError(record)
