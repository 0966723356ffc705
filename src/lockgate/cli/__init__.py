"""One file per command: parse, call, print, exit code. No logic."""

from __future__ import annotations

import errno
import os
import sys

from lockgate import __version__
from lockgate.model.errors import LockgateError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code, the same meaning for every command."""
    if sys.platform == "win32":
        sys.stderr.write("lockgate: Windows is not supported yet; Linux and macOS are (WSL works)\n")
        return 3
    try:
        if arguments[:1] == ["push"]:
            from lockgate.cli.plain import plain

            wishes = plain(arguments[1:])
            if wishes is not None:
                from lockgate.flows.push import push

                return push(wishes)
        from lockgate.cli.app import called

        return called(arguments)
    except LockgateError as error:
        return _show(error)
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001  (a bug: told as one, with a log)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return _out_of_room(error)
        return _crashed(error, arguments)


def _show(error: LockgateError) -> int:
    from lockgate.ports.console import Console

    console = Console(no_color="--no-color" in sys.argv)
    console.say(f"lockgate: {error.message}", "fail" if error.exit_code != 130 else "")  # noqa: PLR2004
    if error.hint:
        console.say(f"  → {error.hint}")
    return error.exit_code


def _out_of_room(error: OSError) -> int:
    """A full disk where nobody expected one, mostly behind `lockgate … > file`: no bug."""
    from lockgate.model.errors import UnknownError
    from lockgate.ports.console import forget

    forget(1)
    return _show(UnknownError(f"{error.filename or 'the output'}: {error.strerror}", "free some space"))


def _crashed(error: Exception, arguments: list[str]) -> int:
    """A bug: the traceback goes into a file that can be attached to a report."""
    import platform
    import tempfile
    import traceback
    from pathlib import Path

    text = "".join(traceback.format_exception(error))
    head = (
        f"lockgate {__version__}, Python {platform.python_version()}, {platform.platform()}\narguments: {arguments}\n"
    )
    try:
        handle, name = tempfile.mkstemp(prefix="lockgate-crash-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(head + text)
        where = f"the log is {Path(name)}"
    except OSError as reason:
        where = f"no log could be written ({reason.strerror})"
    sys.stderr.write(
        f"lockgate: this is a bug in lockgate: {type(error).__name__}: {error}\n  → {where}; please report it\n"
    )
    return 70
