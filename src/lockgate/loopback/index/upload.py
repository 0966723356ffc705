"""What an index takes in and what it refuses: the rules of the legacy upload API, in PyPI's order and words."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from packaging.metadata import Metadata
from packaging.utils import InvalidWheelFilename, canonicalize_name, canonicalize_version, parse_wheel_filename

from lockgate.loopback.index import attestations
from lockgate.loopback.index.form import Form
from lockgate.loopback.index.store import File, Grant, Project, Release, State

_REUSE = "See https://pypi.org/help/#file-name-reuse for more information."
_CORE = "See https://packaging.python.org/specifications/core-metadata for more information."
_GONE = "This filename was previously used by a file that has since been deleted. Use a different version."
_LICENSES = "License is deprecated when License-Expression is present. Only License-Expression should be present."
_STRANGER = """
    Non-user identities cannot create new projects. This was probably caused by successfully using a pending publisher
    but specifying the project name incorrectly (either in the publisher or in your project's metadata). Please ensure
    that both match. See: https://docs.pypi.org/trusted-publishers/troubleshooting/
"""
_OPEN_DAYS = 14
_LONGEST_SUMMARY = 512
_EXTENSIONS = {"sdist": ".tar.gz", "bdist_wheel": ".whl"}
_NAME = re.compile(r"[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9]", re.IGNORECASE | re.ASCII)
_PLATFORM = re.compile(
    r"any|win32|win_(amd64|arm64|ia64)|linux_(armv6l|armv7l)|manylinux(1|2010|2014)_\w+|(many|musl)linux_\d+_\d+_\w+"
    r"|macosx_\d+_\d+_\w+|ios_\d+_\d+_\w+|android_\d+_\w+|(pyodide|pyemscripten)_\d+_\d+_wasm32"
)
_INFO = """
    summary description description_content_type home_page download_url author author_email maintainer maintainer_email
    license license_expression license_files classifiers project_urls provides_extra dynamic
""".split()


class RejectedError(Exception):
    """An upload is refused; the message is what the index says."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def accept(state: State, form: Form, grant: Grant | None, now: float, largest: int) -> bytes | None:
    """Take an upload with this grant, of at most `largest` bytes, into `state`, unless the very same file is there.

    Returns the METADATA of a wheel that is new.

    Raises:
        RejectedError: The upload is refused.
    """
    project = _permitted(state, form["name"], grant, now)
    kind, named, digests = form["filetype"], form.filename or "", _digests(form.content)
    name, version = canonicalize_name(project.name), canonicalize_version(form["version"])
    wrong = any(form[one].lower() not in {"", digest} for one, digest in digests.items())
    _refuse_if(
        {
            "Unknown protocol version.": form["protocol_version"] not in {"", "1"},
            "Invalid value for filetype. Error: Use a known file type.": kind not in _EXTENSIONS,
            "Error: Include at least one message digest.": not any(form[one] for one in digests),
            "Upload payload does not have a file.": form.filename is None,
            "Cannot upload a file with '/' or '\\' in the name.": "/" in named or "\\" in named,
            f"Invalid file extension: {named} is invalid for {kind}.": not named.endswith(_EXTENSIONS.get(kind, "")),
            f"File too large. Limit for project {project.name!r} is {largest >> 20} MB.": len(form.content) > largest,
            "The digest supplied does not match a digest calculated from the uploaded file.": wrong,
        }
    )
    same, release, sha256 = state.files.get(named), project.releases.get(version), digests["sha256_digest"]
    if same is not None and same.sha256 == sha256:
        return None
    taken = same is not None or any(one.sha256 == sha256 for one in state.files.values())
    sdists = [one for one in state.of(name) if one.kind == "sdist" and release and one.version == release.version]
    closed = release is not None and now - release.created > _OPEN_DAYS * 86400
    _refuse_if(
        {
            f"File already exists ({named!r}, with blake2_256 hash {digests['blake2_256_digest']!r}). {_REUSE}": taken,
            f"{_GONE} {_REUSE}": named in state.used,
            f"Uploading new files to releases older than {_OPEN_DAYS} days is not allowed.": closed,
            "Only one sdist may be uploaded per release.": kind == "sdist" and bool(sdists),
        }
    )
    inside, text = _unpacked(named, form.content)
    meta = _metadata(text)
    other = canonicalize_version(str(meta.version)) != version
    _refuse_if(
        {
            f"The metadata is of {meta.name!r}, the upload of {project.name!r}.": canonicalize_name(meta.name) != name,
            f"The metadata is of version {meta.version}, the upload of {form['version']}.": other,
            **(_sdist if kind == "sdist" else _wheel)(named, meta, inside),
        }
    )
    release = release or Release(version=str(meta.version), created=now, info=_info(meta))
    state.files[named] = File(
        name=named,
        project=name,
        version=release.version,
        kind="sdist" if kind == "sdist" else "bdist_wheel",
        sha256=sha256,
        size=len(form.content),
        uploaded=now,
        requires_python=str(meta.requires_python) if meta.requires_python else None,
        metadata=None if kind == "sdist" else hashlib.sha256(text).hexdigest(),
        provenance=_provenance(form, sha256, grant),
    )
    state.projects[name] = Project(name=meta.name, releases={**project.releases, version: release})
    state.used.append(named)
    return None if kind == "sdist" else text


def _refuse_if(objections: Mapping[str, bool]) -> None:
    """Refuse with the first objection that holds."""
    for message, holds in objections.items():
        if holds:
            raise RejectedError(message)


def _permitted(state: State, name: str, grant: Grant | None, now: float) -> Project:
    """The project that the token may upload to: one that is there, or a new one for a user's token."""
    if grant is None:
        seek = "See https://pypi.org/help/#invalid-auth for more information."
        raise RejectedError(f"Invalid or non-existent authentication information. {seek}", 403)
    if grant.expires is not None and now >= grant.expires:
        raise RejectedError("Invalid API Token: token is expired", 403)
    begin = "Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'."
    project = state.projects.get(canonicalize_name(name))
    _refuse_if(
        {
            f"{name!r} is an invalid value for Name. Error: {begin} {_CORE}": _NAME.fullmatch(name) is None,
            " ".join(_STRANGER.split()): project is None and grant.publisher is not None,
        }
    )
    if grant.projects is not None and canonicalize_name(name) not in grant.projects:
        scoped = f"OIDC scoped token is not valid for project {name!r}, " if grant.publisher else ""
        raise RejectedError(f"Invalid API Token: {scoped}project-scoped token is not valid for project: {name!r}", 403)
    return project or Project(name=name)


def _digests(content: bytes) -> dict[str, str]:
    return {
        "md5_digest": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "sha256_digest": hashlib.sha256(content).hexdigest(),
        "blake2_256_digest": hashlib.blake2b(content, digest_size=32).hexdigest(),
    }


def _unpacked(name: str, content: bytes) -> tuple[set[str], bytes]:
    """The names in an archive, and the metadata in it."""
    sdist = name.endswith(".tar.gz")
    path = f"{name.removesuffix('.tar.gz')}/PKG-INFO" if sdist else f"{_dist_info(name)}/METADATA"
    try:
        if sdist:
            with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
                found = archive.extractfile(path)
                return set(archive.getnames()), found.read() if found else b""
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return set(packed.namelist()), packed.read(path)
    except KeyError:
        raise RejectedError(f"Invalid distribution file. {path.rpartition('/')[2]} not found at {path}") from None
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError):
        raise RejectedError(f"Invalid distribution file. File is not a {'tar' if sdist else 'zip'}file") from None


def _dist_info(name: str) -> str:
    return "-".join(name.split("-")[:2]) + ".dist-info"


def _metadata(text: bytes) -> Metadata:
    """Core metadata as PyPI accepts it: by the standard's rules and its own."""
    try:
        found = Metadata.from_email(text)
    except ExceptionGroup as group:
        first = ("metadata-version", "name", "version")
        said = str(min(group.exceptions, key=lambda one: getattr(one, "field", "") not in first))
        raise RejectedError(f"{said.removesuffix('.')}. {_CORE}") from None
    direct = [f"Can't have direct dependency: {one}." for one in found.requires_dist or [] if one.url is not None]
    private = [f"{one!r} is not a valid classifier." for one in found.classifiers or [] if one.startswith("Private ::")]
    local = f"The use of local versions in '{found.version}' is not allowed."
    objections = {
        local: bool(found.version.local),
        "'summary' field must be 512 characters or less.": len(found.summary or "") > _LONGEST_SUMMARY,
        _LICENSES: bool(found.license and found.license_expression),
        **dict.fromkeys([*private, *direct], True),
    }
    _refuse_if({f"{said} {_CORE}": holds for said, holds in objections.items()})
    return found


def _sdist(name: str, meta: Metadata, inside: set[str]) -> dict[str, bool]:
    """What can be objected to an sdist: its name (PEP 625), and licences that are not in it (PEP 639)."""
    expected = f"{canonicalize_name(meta.name).replace('-', '_')}-{meta.version}.tar.gz"
    wrong = {f"Filename {name!r} is invalid, should be {expected!r}.": name != expected}
    return wrong | _licenses(name, meta, inside, name.removesuffix(".tar.gz"))


def _wheel(name: str, meta: Metadata, inside: set[str]) -> dict[str, bool]:
    """What can be objected to a wheel: its name and tags, and what is not in it."""
    try:
        project, version, _, tags = parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        return {str(error): True}
    given, folder, normalized = name.partition("-")[0], _dist_info(name), canonicalize_name(meta.name).replace("-", "_")
    said, denormal = f"Binary wheel '{name}' has an unsupported platform tag", given != normalized
    return {
        f"Invalid distribution file. WHEEL not found at {folder}/WHEEL": f"{folder}/WHEEL" not in inside,
        **{f"{said} '{tag}'.": _PLATFORM.fullmatch(tag) is None for tag in sorted(one.platform for one in tags)},
        f"Start filename for {meta.name!r} with {normalized!r}.": project != canonicalize_name(meta.name),
        f"Filename {name!r} should contain the normalized project name {normalized!r}, not {given!r}.": denormal,
        f"Version in filename should be {str(meta.version)!r} not {str(version)!r}.": version != meta.version,
        **_licenses(name, meta, inside, f"{folder}/licenses"),
        f"Wheel '{name}' does not contain the required RECORD file: {folder}/RECORD": f"{folder}/RECORD" not in inside,
    }


def _licenses(name: str, meta: Metadata, inside: set[str], folder: str) -> dict[str, bool]:
    missing = [one for one in meta.license_files or [] if f"{folder}/{one}" not in inside]
    return {f"License-File {one} does not exist in distribution file {name} at {folder}/{one}": True for one in missing}


def _info(meta: Metadata) -> dict[str, Any]:
    """What the JSON API tells of a release."""
    return {
        **{name: getattr(meta, name) for name in _INFO},
        "keywords": ",".join(meta.keywords) if meta.keywords else None,
        "requires_python": str(meta.requires_python) if meta.requires_python else None,
        "requires_dist": [str(one) for one in meta.requires_dist] if meta.requires_dist else None,
    }


def _provenance(form: Form, sha256: str, grant: Grant | None) -> dict[str, Any] | None:
    publisher = grant.publisher if grant else None
    try:
        given = form.fields.get("attestations")
        return attestations.provenance(given, form.filename or "", sha256, publisher) if given is not None else None
    except ValueError as error:
        raise RejectedError(f"Invalid attestations supplied during upload: {error}") from None
