"""Where each file of a release stands: what the ledger promises beside what the index shows (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from lockgate.model.release import ReleaseFile
from lockgate.ports.index import Listed


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a release, each in exactly one place.

    Attributes:
        stored: The index has these very bytes.
        taken: The index has other bytes under the name.
        unread: The index has the name and does not say which bytes.
        missing: The index does not show it; in the order in which files are sent.
    """

    stored: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    missing: tuple[ReleaseFile, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the index has the whole release."""
        return not (self.taken or self.unread or self.missing)


def compare(files: Iterable[ReleaseFile], shown: Mapping[str, Listed]) -> Standing:
    """Sort the files by what the index shows of them."""
    stored, taken, unread, missing = [], [], [], []
    for file in in_order(files):
        there = shown.get(file.name)
        if there is None:
            missing.append(file)
        elif there.sha256 is None:
            unread.append(file.name)
        elif there.sha256.lower() == file.sha256:
            stored.append(file.name)
        else:
            taken.append(file.name)
    return Standing(stored=tuple(stored), taken=tuple(taken), unread=tuple(unread), missing=tuple(missing))


def in_order(files: Iterable[ReleaseFile]) -> tuple[ReleaseFile, ...]:
    """Wheels first, the sdist last: nobody builds from a source while the wheel is on its way."""
    return tuple(sorted(files, key=lambda file: (file.kind == "sdist", file.name)))
