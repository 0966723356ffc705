"""Metadata that an index would refuse, seen before it does (pure)."""

from __future__ import annotations

from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


def objections(fields: dict[str, str], name: str, version: str) -> tuple[str, ...]:
    """What is wrong with a distribution's metadata, in words; `fields` are those of `contents.metadata_of`."""
    try:
        found = Metadata.from_email(fields[""], validate=True)
    except ExceptionGroup as group:
        return tuple(str(error) for error in group.exceptions)
    wrong = []
    if canonicalize_name(found.name) != canonicalize_name(name):
        wrong.append(f"Name is {found.name}, not {name}")
    if found.version != Version(version):
        wrong.append(f"Version is {found.version}, not {version}")
    linked = [one for one in found.requires_dist or () if Requirement(str(one)).url]
    wrong += [f"Requires-Dist: {one}: an index refuses direct references" for one in linked]
    wrong += [
        f"Classifier {one!r} forbids publishing" for one in found.classifiers or () if one.startswith("Private ::")
    ]
    return tuple(wrong)
