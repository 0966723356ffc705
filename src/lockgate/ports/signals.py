"""Being asked to end: a signal stops the work instead of the process, so that nothing is left behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """While it lasts, a signal asks it to stop; twice means at once. Afterwards all is as before."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            # Who starts lockgate with a signal ignored (nohup, a shell's background job) means it.
            for number in (one for one in _SIGNALS if signal.getsignal(one) is not signal.SIG_IGN):
                self._before[number] = signal.signal(number, self._handle)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._stop()
