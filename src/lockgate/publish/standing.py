"""Where each file of a release stands: what the ledger promises beside what the index shows (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from lockgate.model.release import ReleaseFile


class Shown(msgspec.Struct, frozen=True):
    """A file as an index shows it; `sha256` is None where it gives no such digest, `uploaded` is ISO 8601."""

    sha256: str | None
    uploaded: str | None = None


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


def compare(files: Iterable[ReleaseFile], shown: Mapping[str, Shown]) -> Standing:
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


def together(first: Mapping[str, Shown], second: Mapping[str, Shown]) -> dict[str, Shown]:
    """Two views of one index as one: what only one shows is there; where they differ, `first` is believed.

    A digest is taken from either.
    """
    both = {**second, **first}
    return {
        name: second[name] if one.sha256 is None and name in second and second[name].sha256 else one
        for name, one in both.items()
    }
