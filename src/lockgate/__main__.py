"""The door: turns every ending into its exit code, and a bug into a crash log instead of a traceback."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line and exit."""
    # An inherited PYTHONDONTWRITEBYTECODE would compile lockgate anew at each start: 0.2 s.
    sys.dont_write_bytecode = False
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))  # noqa: PTH123, SIM115  (pathlib takes 20 ms)
    # What is imported is no garbage: to look for some meanwhile takes longer than most imports.
    gc.set_threshold(20_000)
    # Being asked to end by the system is an ending like Ctrl-C: cleaned up, and told.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)
    try:
        from lockgate.cli import run  # Ctrl-C while importing is an ending like any other

        code = run(sys.argv[1:])
        _decided()
        if sys.argv[1:2] == ["push"]:
            # Nothing is open any more: to take the interpreter apart would cost as much as to start it.
            sys.stdout.flush()
            os._exit(code)
    except KeyboardInterrupt:
        _decided()
        sys.stderr.write("\nlockgate: interrupted\n")
        code = 130
    except BrokenPipeError:
        from lockgate.ports.console import forget

        # The reader of our output has gone: nothing is wrong, and nobody is there to be told.
        for descriptor in (1, 2):
            forget(descriptor)
        code = 141
    sys.exit(code)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _decided() -> None:
    """The ending stands: a further signal must not turn it into a death by signal."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    # CPython remembers a KeyboardInterrupt that came out of exec() (dataclasses use it), even a caught one, and
    # would end by SIGINT; the next exec() makes it forget.
    exec("")  # noqa: S102


if __name__ == "__main__":
    main()
