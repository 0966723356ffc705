"""One class per exit code: a message says what happened, why, and the next command."""

from __future__ import annotations


class LockgateError(Exception):
    """An ending that the user can act on.

    Attributes:
        message: What happened, and where (`file:line` when a file is at fault).
        hint: The next thing to do, or None when the message says it.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LockgateError):
    """The command line or the configuration is wrong (exit 2)."""

    exit_code = 2


class UnknownError(LockgateError):
    """A tool, interpreter, network or permission was missing, so nothing can be promised (exit 3)."""

    exit_code = 3


class RefusedError(LockgateError):
    """A remote said no, or has what may not be overwritten (exit 4)."""

    exit_code = 4


class InterruptedByUserError(LockgateError):
    """The user or the system asked lockgate to stop (exit 130)."""

    exit_code = 130
