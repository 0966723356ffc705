"""What is built twice and proved before one byte of it is promoted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from packaging.utils import canonicalize_name

from lockgate.model.release import kind_of
from lockgate.ports import clock
from lockgate.ports.installer import Errand, NoEnvironmentError
from lockgate.ports.releases import sha256
from lockgate.publish import contents, metadata, rendering
from lockgate.publish.prerequisites import version_of
from lockgate.publish.workshop import Workshop

_TICK = 2.1  # seconds: no archive format sees a shorter time pass


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What was built; `wheel` is what the backend makes here, also where the caller's wheels are released instead."""

    sdist: Path
    wheel: Path
    notes: tuple[str, ...] = ()


def build_twice(shop: Workshop, sources: Sequence[Path], folder: Path) -> Made:
    """Build in both sources, which are equal, and compare.

    Raises:
        NoEnvironmentError: It does not build, or not twice the same.
    """
    begun = clock.monotonic()
    first = {kind: shop.build(sources[0], folder / f"{kind}-1", kind) for kind in ("sdist", "wheel")}
    # A file that says when it was made has to say it differently.
    time.sleep(max(0.0, begun + _TICK - clock.monotonic()))
    second = {kind: shop.build(sources[1], folder / f"{kind}-2", kind, salt=1) for kind in ("sdist", "wheel")}
    notes = []
    for kind, one in first.items():
        other = second[kind]
        if one.name != other.name:
            raise NoEnvironmentError("fail", f"built twice, it is {one.name} and {other.name}")
        if sha256(one) == sha256(other):
            continue
        words = contents.difference(one, other)
        if words:
            raise NoEnvironmentError("fail", f"built twice, {one.name} is not the same: {contents.shortened(words)}")
        how = f"{one.name}: built again it has the same content, but other bytes: {contents.arrangement(one, other)}"
        if kind == "wheel":
            raise NoEnvironmentError("fail", how)
        notes.append(how)
    return Made(sdist=first["sdist"], wheel=first["wheel"], notes=tuple(notes))


def from_sdist(shop: Workshop, made: Made, folder: Path) -> str:
    """Build the wheel once more, from the sdist: that is what those get who build it themselves.

    Raises:
        NoEnvironmentError: It does not build, or is another one.
    """
    wheel = shop.build(made.sdist, folder / "from-sdist", "wheel")
    words = contents.difference(made.wheel, wheel)
    if wheel.name != made.wheel.name:
        words = (f"it is called {wheel.name}", *words)
    if words:
        raise NoEnvironmentError("fail", f"the wheel built from the sdist is another one: {contents.shortened(words)}")
    return "the wheel built from the sdist is the same"


def supplied(paths: Sequence[Path], made: Made) -> tuple[Path, ...]:
    """The wheels to release: the one that was built, or those that the caller made elsewhere.

    Raises:
        NoEnvironmentError: The wheel is for this platform only, and none was given; or one given is of something else.
    """
    found = [one for path in paths for one in (sorted(path.glob("*.whl")) if path.is_dir() else [path])]
    if not found and not made.wheel.name.endswith("-none-any.whl"):
        raise NoEnvironmentError(
            "unknown",
            f"{made.wheel.name} is for one platform: build the wheels of all platforms elsewhere (cibuildwheel), "
            "and give them with --wheels DIR",
        )
    if not found and paths:
        raise NoEnvironmentError("unknown", f"there is no wheel in {', '.join(map(str, paths))}")
    name, version = made.wheel.name.split("-")[:2]
    for one in found:
        if kind_of(one.name) != "wheel" or version_of(one.name) is None:
            raise NoEnvironmentError("fail", f"{one} is no wheel")
        other = one.name.split("-")[:2]
        if (canonicalize_name(other[0]), other[1]) != (canonicalize_name(name), version):
            raise NoEnvironmentError("fail", f"{one.name} is not of {name} {version}")
    return tuple(found) or (made.wheel,)


def clean(files: Sequence[Path], tracked: Mapping[str, str], declared: Sequence[str]) -> str:
    """Nothing in the files that git does not have or that looks like a secret.

    Raises:
        NoEnvironmentError: There is.
    """
    for path in files:
        words = (*contents.secrets(path, declared), *contents.undeclared(path, tracked, declared))
        if words:
            why = f"{path.name}: {contents.shortened(words)}"
            raise NoEnvironmentError("fail", f"{why}; if it is meant: [tool.lockgate.publish] declared = [PATTERN]")
    return "nothing that is not in git or declared"


def described(files: Sequence[Path], name: str, version: str, folder: Path, errand: Errand) -> tuple[str, ...]:
    """Metadata that an index takes and can show, the same in every file; returns what to note.

    Raises:
        NoEnvironmentError: It would not, or the renderer cannot be had.
    """
    seen: set[str] = set()
    notes: dict[str, None] = {}
    for path in files:
        fields = contents.metadata_of(path)
        words = metadata.objections(fields, name, version)
        if words:
            raise NoEnvironmentError("fail", f"{path.name}: {contents.shortened(words)}")
        if fields[""] not in seen:
            seen.add(fields[""])
            place = folder / f"described-{len(seen)}"
            place.mkdir()
            why, note = rendering.unshown(fields, place, errand)
            if why is not None:
                raise NoEnvironmentError("fail", f"{path.name}: {why}")
            notes |= {note: None} if note else {}
    return tuple(notes)


class Proof(msgspec.Struct, frozen=True):
    """How one ended; `output` is that of the tool that failed."""

    status: Literal["pass", "fail", "unknown"]
    detail: str
    output: str = ""


def proved(step: Callable[[], str]) -> Proof:
    """Take one."""
    try:
        return Proof("pass", step())
    except NoEnvironmentError as error:
        return Proof("fail" if error.status == "fail" else "unknown", error.reason, error.output)
    except contents.Unreadable as error:
        return Proof("fail", str(error))
