"""What an index takes in and what it refuses: the rules of the legacy upload API, in PyPI's order and words."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import zipfile
from typing import Any

import msgspec
from packaging.metadata import Metadata
from packaging.utils import InvalidWheelFilename, canonicalize_name, canonicalize_version, parse_wheel_filename

from lockgate.loopback.index import attestations
from lockgate.loopback.index.form import Form
from lockgate.loopback.index.store import File, Grant, Project, Release, State

_REUSE = "See https://pypi.org/help/#file-name-reuse for more information."
_DIFFERENT = f"Use a different version. {_REUSE}"
_OPEN_DAYS = 14
_LONGEST_SUMMARY = 512
_EXTENSIONS = {"sdist": ".tar.gz", "bdist_wheel": ".whl"}
_INFO = """
    summary description description_content_type home_page download_url author author_email maintainer maintainer_email
    license license_expression license_files classifiers project_urls provides_extra dynamic
""".split()
_PLATFORM = re.compile(
    r"any|win32|win_(amd64|arm64|ia64)|linux_(armv6l|armv7l)|manylinux(1|2010|2014)_\w+|(many|musl)linux_\d+_\d+_\w+"
    r"|macosx_\d+_\d+_\w+|ios_\d+_\d+_\w+|android_\d+_\w+|(pyodide|pyemscripten)_\d+_\d+_wasm32"
)


class RejectedError(Exception):
    """An upload is refused; the message is what the index says."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A file that may be stored, its project with its release, and a wheel's METADATA."""

    file: File
    project: Project
    metadata: bytes | None


def accept(state: State, form: Form, grant: Grant | None, now: float, largest: int) -> Accepted | None:
    """What an upload with this grant adds, of at most `largest` bytes; None when the very same file is there already.

    Raises:
        RejectedError: The upload is refused.
    """
    project = _permitted(state, form.first("name"), grant, now)
    kind, named, content = form.first("filetype"), form.filename or "", form.content
    _refuse_if(
        ((form.first("protocol_version") or "1") != "1", "Unknown protocol version."),
        (kind not in _EXTENSIONS, "Invalid value for filetype. Error: Use a known file type."),
        (not any(form.first(one) for one in _digests(b"")), "Error: Include at least one message digest."),
        (form.filename is None, "Upload payload does not have a file."),
        ("/" in named or "\\" in named, "Cannot upload a file with '/' or '\\' in the name."),
        (not named.endswith(_EXTENSIONS.get(kind, "")), f"Invalid file extension: {named} is invalid for {kind}."),
        (len(content) > largest, f"File too large. Limit for project {project.name!r} is {largest >> 20} MB."),
    )
    digests = _digests(content)
    wrong = [one for one, value in digests.items() if form.first(one).lower() not in {"", value}]
    _refuse_if((bool(wrong), "The digest supplied does not match a digest calculated from the uploaded file."))
    same, sha256 = state.files.get(named), digests["sha256_digest"]
    if same is not None and same.sha256 == sha256:
        return None
    name, version = canonicalize_name(project.name), canonicalize_version(form.first("version"))
    release = project.releases.get(version)
    others = [one for one in state.of(name) if release is not None and one.version == release.version]
    _refuse_if(
        (
            same is not None or any(one.sha256 == sha256 for one in state.files.values()),
            f"File already exists ({named!r}, with blake2_256 hash {digests['blake2_256_digest']!r}). {_REUSE}",
        ),
        (
            named in state.used,
            f"This filename was previously used by a file that has since been deleted. {_DIFFERENT}",
        ),
        (
            release is not None and now - release.created > _OPEN_DAYS * 86400,
            f"Uploading new files to releases older than {_OPEN_DAYS} days is not allowed.",
        ),
        (
            kind == "sdist" and any(one.kind == "sdist" for one in others),
            "Only one sdist may be uploaded per release.",
        ),
    )
    inside, text = _unpacked(named, content)
    meta = _metadata(text)
    _refuse_if(
        (canonicalize_name(meta.name) != name, f"The metadata is of {meta.name!r}, the upload of {project.name!r}."),
        (
            canonicalize_version(str(meta.version)) != version,
            f"The metadata is of version {meta.version}, the upload of {form.first('version')}.",
        ),
    )
    (_check_sdist if kind == "sdist" else _check_wheel)(named, meta, inside)
    release = release or Release(version=str(meta.version), created=now, info=_info(meta))
    file = File(
        name=named,
        project=name,
        version=release.version,
        kind="sdist" if kind == "sdist" else "bdist_wheel",
        sha256=sha256,
        size=len(content),
        uploaded=now,
        requires_python=str(meta.requires_python) if meta.requires_python else None,
        metadata=None if kind == "sdist" else hashlib.sha256(text).hexdigest(),
        provenance=_provenance(form, sha256, grant),
    )
    project = Project(name=meta.name, releases={**project.releases, version: release})
    return Accepted(file=file, project=project, metadata=text if file.metadata else None)


def _refuse_if(*objections: tuple[bool, str]) -> None:
    """Raise the first objection that holds."""
    for holds, message in objections:
        if holds:
            raise RejectedError(message)


def _permitted(state: State, name: str, grant: Grant | None, now: float) -> Project:
    """The project that the token may upload to: one that is there, or a new one for a user's token."""
    if grant is None:
        seek = "See https://pypi.org/help/#invalid-auth for more information."
        raise RejectedError(f"Invalid or non-existent authentication information. {seek}", 403)
    if grant.expires is not None and now >= grant.expires:
        raise RejectedError("Invalid API Token: token is expired", 403)
    if re.fullmatch(r"[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9]", name, re.IGNORECASE | re.ASCII) is None:
        seek = "See https://packaging.python.org/specifications/core-metadata for more information."
        begin = "Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'."
        raise RejectedError(f"{name!r} is an invalid value for Name. Error: {begin} {seek}")
    project = state.projects.get(canonicalize_name(name))
    if project is None and grant.publisher is not None:
        raise RejectedError(
            "Non-user identities cannot create new projects. This was probably caused by successfully using a pending "
            "publisher but specifying the project name incorrectly (either in the publisher or in your project's "
            "metadata). Please ensure that both match. See: https://docs.pypi.org/trusted-publishers/troubleshooting/"
        )
    if grant.projects is not None and canonicalize_name(name) not in grant.projects:
        scoped = f"OIDC scoped token is not valid for project {name!r}, " if grant.publisher else ""
        scoped += f"project-scoped token is not valid for project: {name!r}"
        raise RejectedError(f"Invalid API Token: {scoped}", 403)
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
    folder = name.removesuffix(".tar.gz") if sdist else "-".join(name.split("-")[:2]) + ".dist-info"
    path = f"{folder}/{'PKG-INFO' if sdist else 'METADATA'}"
    try:
        if sdist:
            with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
                found = archive.extractfile(path)
                return set(archive.getnames()), found.read() if found else b""
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return set(packed.namelist()), packed.read(path)
    except KeyError:
        raise RejectedError(f"Invalid distribution file. {path.rpartition('/')[2]} not found at {path}") from None
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, NotImplementedError):
        raise RejectedError(f"Invalid distribution file. File is not a {'tar' if sdist else 'zip'}file") from None


def _metadata(text: bytes) -> Metadata:
    """Core metadata as PyPI accepts it: by the standard's rules and its own."""
    try:
        found = Metadata.from_email(text)
    except ExceptionGroup as group:
        first = ("metadata-version", "name", "version")
        said = min(group.exceptions, key=lambda one: getattr(one, "field", "") not in first)
        raise RejectedError(_seek(str(said))) from None
    direct = [str(one) for one in found.requires_dist or [] if one.url is not None]
    private = [repr(one) for one in found.classifiers or [] if one.startswith("Private ::")]
    _refuse_if(
        (bool(found.version.local), _seek(f"The use of local versions in '{found.version}' is not allowed.")),
        (len(found.summary or "") > _LONGEST_SUMMARY, _seek("'summary' field must be 512 characters or less.")),
        (bool(private), _seek(f"{' '.join(private[:1])} is not a valid classifier.")),
        (bool(direct), _seek(f"Can't have direct dependency: {' '.join(direct[:1])}")),
        (
            bool(found.license and found.license_expression),
            _seek(
                "License is deprecated when License-Expression is present. Only License-Expression should be present."
            ),
        ),
    )
    return found


def _seek(said: str) -> str:
    return (
        f"{said.removesuffix('.')}. See https://packaging.python.org/specifications/core-metadata for more information."
    )


def _check_sdist(name: str, meta: Metadata, inside: set[str]) -> None:
    """The name of an sdist (PEP 625), and the licences that it promises (PEP 639)."""
    folder = name.removesuffix(".tar.gz")
    expected = f"{canonicalize_name(meta.name).replace('-', '_')}-{meta.version}.tar.gz"
    _refuse_if((name != expected, f"Filename {name!r} is invalid, should be {expected!r}."))
    _check_licenses(name, meta, inside, folder)


def _check_wheel(name: str, meta: Metadata, inside: set[str]) -> None:
    """The name and tags of a wheel, and what must be in it."""
    try:
        project, version, _, tags = parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise RejectedError(str(error)) from None
    given, folder = name.partition("-")[0], "-".join(name.split("-")[:2]) + ".dist-info"
    normalized = canonicalize_name(meta.name).replace("-", "_")
    strange = sorted(one.platform for one in tags if _PLATFORM.fullmatch(one.platform) is None)
    _refuse_if(
        (f"{folder}/WHEEL" not in inside, f"Invalid distribution file. WHEEL not found at {folder}/WHEEL"),
        (bool(strange), f"Binary wheel '{name}' has an unsupported platform tag '{''.join(strange[:1])}'."),
        (project != canonicalize_name(meta.name), f"Start filename for {meta.name!r} with {normalized!r}."),
        (
            given != normalized,
            f"Filename {name!r} should contain the normalized project name {normalized!r}, not {given!r}.",
        ),
        (version != meta.version, f"Version in filename should be {str(meta.version)!r} not {str(version)!r}."),
        (
            f"{folder}/RECORD" not in inside,
            f"Wheel '{name}' does not contain the required RECORD file: {folder}/RECORD",
        ),
    )
    _check_licenses(name, meta, inside, f"{folder}/licenses")


def _check_licenses(name: str, meta: Metadata, inside: set[str], folder: str) -> None:
    for one in meta.license_files or []:
        path = f"{folder}/{one}"
        _refuse_if((path not in inside, f"License-File {one} does not exist in distribution file {name} at {path}"))


def _info(meta: Metadata) -> dict[str, Any]:
    """What the JSON API tells of a release."""
    return {
        **{name: getattr(meta, name) for name in _INFO},
        "keywords": ",".join(meta.keywords) if meta.keywords else None,
        "requires_python": str(meta.requires_python) if meta.requires_python else None,
        "requires_dist": [str(one) for one in meta.requires_dist] if meta.requires_dist else None,
    }


def _provenance(form: Form, sha256: str, grant: Grant | None) -> dict[str, Any] | None:
    if "attestations" not in form.fields:
        return None
    publisher = grant.publisher if grant else None
    try:
        return attestations.provenance(form.first("attestations"), form.filename or "", sha256, publisher)
    except ValueError as error:
        raise RejectedError(f"Invalid attestations supplied during upload: {error}") from None
