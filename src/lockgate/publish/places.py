"""Where things are on an index, by its address (pure)."""

from __future__ import annotations

import urllib.parse

import msgspec

_PYPI, _TEST = "https://pypi.org", "https://test.pypi.org"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An index.

    Attributes:
        address: Without a path for PyPI.
        upload: Where files are sent.
    """

    address: str
    upload: str

    @property
    def simple(self) -> str:
        """The list of projects that installers read (PEP 503)."""
        return f"{self.address}/simple/"

    @property
    def has_pages(self) -> bool:
        """Whether people manage their projects on it as on PyPI."""
        return self.address in {_PYPI, _TEST}

    def about(self, project: str, version: str) -> str:
        """What the JSON API says of a release."""
        return f"{self.address}/pypi/{project}/{version}/json"

    def provenance(self, project: str, version: str, file: str) -> str:
        """A file's attestations (PEP 740)."""
        return f"{self.address}/integrity/{project}/{version}/{urllib.parse.quote(file)}/provenance"

    def publishing(self, project: str) -> str:
        """Where trusted publishers are entered."""
        return f"{self.address}/manage/project/{project}/settings/publishing/"

    def yank(self, project: str) -> str:
        """Where a release can be yanked: by people only, there is no API for it."""
        return f"{self.address}/manage/project/{project}/releases/"


def place_of(address: str, upload: str | None = None) -> Place:
    """The index at `address`; `upload` is where it takes files when it is not PyPI, and that not the usual place."""
    known = {_PYPI: "https://upload.pypi.org/legacy/", _TEST: f"{_TEST}/legacy/"}
    return Place(address=address, upload=known.get(address) or upload or f"{address}/legacy/")
