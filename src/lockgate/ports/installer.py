"""uv at work: tried again while the network is at fault, and explained when it fails."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from lockgate.model.errors import UnknownError
from lockgate.model.verdict import Status
from lockgate.ports import process, surroundings, uv

_TIMEOUT = 1800.0
_ATTEMPTS = 3
_FIRST_WAIT = 4.0  # seconds at most, doubled with each attempt
# Whole phrases: a package may well be called network-something.
_OFFLINE = re.compile(
    r"error sending request|failed to fetch|dns error|connect error|connection (?:refused|reset|closed|timed out)"
    r"|(?:request|operation) (?:failed|timed out)|network (?:was|is|connectivity is) (?:disabled|unreachable)"
)
# What another attempt may mend, at the beginning of one of uv's own lines (`error:`, `cause:`, …).
_TRANSIENT = re.compile(
    r"^ {0,2}(?:error: |cause: |caused by: |[├╰]─▶ |\u00d7 )"
    r"(request failed after \d+ retr.*|http status server error \(5\d\d.*|http status client error \((?:408|429)\b.*"
    r"|connection (?:refused|reset|closed|timed out|error)\b.*|operation timed out.*|tcp connect error.*"
    r"|dns error.*|failed to lookup address.*|network is unreachable.*|unexpected end of file.*)$",
    re.IGNORECASE | re.MULTILINE,
)
# From here on a build backend speaks.
_OTHERS = re.compile(r"^\s*(?:\[std(?:out|err)\]|--- std(?:out|err))\s*$", re.MULTILINE)


class NoEnvironmentError(Exception):
    """The environment cannot be had; `status` says whether that is the package's fault (fail) or not (unknown)."""

    def __init__(self, status: Status, reason: str, output: str = "") -> None:
        super().__init__(reason)
        self.status: Status = status
        self.reason = reason
        self.output = output


class Errand(msgspec.Struct, frozen=True):
    """On whose behalf uv works.

    Attributes:
        say: Told what is going on, for the display.
        note: Told what belongs into the report.
    """

    cancel: process.Cancel
    say: Callable[[str], None]
    note: Callable[[str], None]


class Installer:
    """Runs uv in the folder of one project."""

    def __init__(self, root: Path, *, offline: bool) -> None:
        self._root = root
        self._offline = offline

    def install(self, arguments: list[str], errand: Errand, folder: Path) -> None:
        """Change the environment in `folder`.

        Raises:
            NoEnvironmentError: uv could not, or was stopped.
        """
        done = self.run(tuple(arguments), errand, UV_PROJECT_ENVIRONMENT=str(folder))
        if done.cancelled:
            raise NoEnvironmentError("skipped", "stopped while installing")
        if done.code != 0:
            raise explain(done, arguments)

    def run(self, arguments: tuple[str, ...], errand: Errand, **extra: str) -> process.Finished:
        """The end of a uv command, or of its last attempt when the network was at fault; each attempt is noted.

        Raises:
            NoEnvironmentError: There is no uv.
        """
        name = " ".join(itertools.takewhile(lambda word: not word.startswith("-"), ("uv", *arguments)))
        attempt, waited = 0, True
        while waited:
            attempt += 1
            done = self._once(arguments, extra, errand.cancel)
            final = self._offline or done.code == 0 or done.cancelled or done.timed_out
            why = None if final else transient(done.output)
            told = f"{name}: attempt {attempt} of {_ATTEMPTS}"
            if why is None or attempt == _ATTEMPTS:
                if attempt > 1:
                    errand.note(
                        f"{told} {'succeeded' if done.code == 0 else f'failed: {why or last_line(done.output)}'}"
                    )
                return done
            # Anything up to the limit ("full jitter"): cells that failed together do not come back together.
            pause = random.uniform(0, _FIRST_WAIT * 2 ** (attempt - 1))  # noqa: S311  (no secret)
            errand.note(f"{told} failed: {why}; waited {pause:.1f} s")
            errand.say(f"attempt {attempt} of {_ATTEMPTS} failed ({why}): trying again in {pause:.1f} s")
            waited = errand.cancel.wait(pause)
            errand.say(f"attempt {attempt + 1} of {_ATTEMPTS}")
        return msgspec.structs.replace(done, cancelled=True)

    def _once(self, arguments: tuple[str, ...], extra: dict[str, str], cancel: process.Cancel) -> process.Finished:
        offline = ("--offline",) if self._offline else ()
        try:
            binary = uv.find_uv()
        except UnknownError as error:
            raise NoEnvironmentError("unknown", f"{error.message}; {error.hint}") from error
        command = process.Command(
            argv=(str(binary), *arguments, *offline),
            cwd=self._root,
            environment={**surroundings.for_uv(), **extra},
            timeout=_TIMEOUT,
        )
        return process.run(command, cancel)


def transient(text: str) -> str | None:
    """What uv says of a failure that another attempt may mend, without the address; None when it is none."""
    found = _TRANSIENT.findall(_OTHERS.split(text, maxsplit=1)[0])
    # uv breaks long lines: the address may stand on the next one.
    return re.split(r" for url\b", found[-1])[0] if found else None


def explain(done: process.Finished, arguments: list[str]) -> NoEnvironmentError:
    """Uv's refusal in the gate's words: is the package at fault, or was something missing?"""
    text = done.output or done.error
    lower = text.lower()
    if done.code is None:
        return NoEnvironmentError("unknown", f"uv could not be started: {done.error}")
    if done.timed_out:
        return NoEnvironmentError("unknown", f"uv {arguments[0]} did not end within 30 minutes", text)
    if "needs to be updated" in lower and "lock" in lower:
        return NoEnvironmentError("fail", "uv.lock does not match pyproject.toml; run `uv lock` and commit it", text)
    if "no space left" in lower or "disk quota" in lower:
        return NoEnvironmentError("unknown", f"the disk is full; free some space: {last_line(text)}", text)
    if _OFFLINE.search(lower) is not None:
        return NoEnvironmentError("unknown", f"the package index could not be reached: {last_line(text)}", text)
    if "failed to build" in lower or "build backend" in lower or "build failed" in lower:
        what = re.search(r"failed to build `?([^`\n]+)`?", text, re.IGNORECASE)
        return NoEnvironmentError("fail", f"{what[1].strip() if what else 'a dependency'} does not build", text)
    if "no solution found" in lower or "unsatisfiable" in lower:
        return NoEnvironmentError("fail", "its requirements cannot be met on this Python", text)
    if "parse" in lower and "uv.lock" in lower:
        return NoEnvironmentError("fail", "uv.lock cannot be read; run `uv lock` and commit it", text)
    return NoEnvironmentError("unknown", f"uv {arguments[0]} failed (exit {done.code}): {last_line(text)}", text)


def last_line(text: str) -> str:
    """The line that says most: uv's last `error:` or `cause:` line, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("error:", "cause:", "\u00d7", "Caused by:"))]
    return (errors or lines or ["no message"])[-1].removeprefix("error: ").removeprefix("cause: ")
