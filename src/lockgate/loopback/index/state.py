"""What an index knows, as one document."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Kind = Literal["sdist", "bdist_wheel"]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a release.

    Attributes:
        project: Normalized name.
        version: As the release spells it.
        uploaded: Seconds since the epoch.
        metadata: SHA-256 of its METADATA (PEP 658); None for an sdist.
        provenance: The provenance object of PEP 740, None without attestations.
    """

    name: str
    project: str
    version: str
    kind: Kind
    sha256: str
    md5: str
    blake2: str
    size: int
    uploaded: float
    requires_python: str | None = None
    metadata: str | None = None
    provenance: dict[str, Any] | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a project.

    Attributes:
        yanked: The reason, "" without one, None when it is not yanked.
        info: The fields of the first file's form.
        vulnerabilities: In the form of the JSON API.
    """

    version: str
    created: float
    yanked: str | None = None
    info: dict[str, list[str]] = {}
    vulnerabilities: list[dict[str, Any]] = []


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A project.

    Attributes:
        name: As its metadata spells it.
        releases: By canonical version.
    """

    name: str
    releases: dict[str, Release] = {}


class Publisher(msgspec.Struct, frozen=True, kw_only=True):
    """Who may publish a project without a stored credential: a workflow of a repository on GitHub.

    Attributes:
        repository: `owner/name`.
        workflow: The file's name in `.github/workflows`.
        environment: "" when any will do.
        pending: The project does not exist yet; it is created when this publisher's first token is minted.
    """

    project: str
    repository: str
    workflow: str
    environment: str = ""
    owner_id: str = "1"
    pending: bool = False


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a token allows.

    Attributes:
        projects: Normalized names; None for every project, and new ones.
        expires: Seconds since the epoch, None for never.
        publisher: Whose it is when an identity was exchanged for it.
    """

    projects: list[str] | None
    expires: float | None = None
    publisher: Publisher | None = None


class State(msgspec.Struct, kw_only=True):
    """Everything but the bytes.

    Attributes:
        files: By name.
        used: Every name that a file ever had: none returns with other bytes, or after it was deleted.
        tokens: By the SHA-256 of the token, which itself is kept nowhere.
        spent: Identities (`jti`) that were exchanged, and when they expire.
    """

    serial: int = 0
    projects: dict[str, Project] = {}
    files: dict[str, File] = {}
    used: dict[str, str] = {}
    publishers: list[Publisher] = []
    tokens: dict[str, Grant] = {}
    spent: dict[str, float] = {}
    disabled: bool = False

    def of(self, project: str) -> list[File]:
        """The files of a project, in the order in which they came."""
        return [file for file in self.files.values() if file.project == project]
