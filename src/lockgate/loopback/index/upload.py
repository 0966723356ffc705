"""What an index takes in and what it refuses: the rules of the legacy upload API, in PyPI's order and words."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import zipfile
from typing import NoReturn

import msgspec
from packaging.metadata import Metadata
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    canonicalize_version,
    parse_wheel_filename,
)

from lockgate.loopback.index import attestations, metadata
from lockgate.loopback.index.form import Form
from lockgate.loopback.index.state import File, Grant, Project, Release, State

_HELP = "See https://pypi.org/help/#"
_OPEN_DAYS = 14
_EXTENSIONS = {"sdist": ".tar.gz", "bdist_wheel": ".whl"}
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_PLATFORM = re.compile(
    r"any|win32|win_(amd64|arm64|ia64)|linux_(armv6l|armv7l)|manylinux(1|2010|2014)_\w+|(many|musl)linux_\d+_\d+_\w+"
    r"|macosx_\d+_\d+_\w+|ios_\d+_\d+_\w+|android_\d+_\w+|(pyodide|pyemscripten)_\d+_\d+_wasm32"
)


class RejectedError(Exception):
    """An upload is refused; the message is what the index says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A file that may be stored.

    Attributes:
        project: The project with the release and without anything that was there before lost.
        metadata: A wheel's METADATA.
    """

    file: File
    project: Project
    metadata: bytes | None


def accept(state: State, form: Form, grant: Grant | None, now: float, largest: int) -> Accepted | None:
    """What an upload adds; None when the very same file is there already.

    Args:
        grant: What the token allows, None without a valid one.
        largest: Bytes that a file may have.

    Raises:
        RejectedError: The upload is refused.
    """
    if grant is None:
        _refuse(f"Invalid or non-existent authentication information. {_HELP}invalid-auth for more information.", 403)
    if (form.first("protocol_version") or "1") != "1":
        _refuse("Unknown protocol version.")
    _check_fields(form)
    try:
        meta = metadata.read(form)
    except ValueError as error:
        _refuse(str(error))
    if form.filename is None:
        _refuse("Upload payload does not have a file.")
    name = canonicalize_name(meta.name)
    project = _permitted(state, meta, grant, now)
    version = canonicalize_version(meta.version)
    release = project.releases.get(version) or Release(version=str(meta.version), created=now, info=dict(form.fields))
    _check_filename(form.filename, form.first("filetype"))
    if len(form.content) > largest:
        _refuse(
            f"File too large. Limit for project {project.name!r} is {largest >> 20} MB. "
            "See https://docs.pypi.org/project-management/storage-limits for more information."
        )
    file = _described(form, meta, name, release.version, now)
    known = [one for one in state.files.values() if one.name == file.name or one.sha256 == file.sha256]
    if any(one.name == file.name and one.sha256 == file.sha256 for one in known):
        return None
    if known:
        _refuse(
            f"File already exists ({file.name!r}, with blake2_256 hash {file.blake2!r}). "
            f"{_HELP}file-name-reuse for more information."
        )
    if file.name in state.used:
        _refuse(
            "This filename was previously used by a file that has since been deleted. Use a different version. "
            f"{_HELP}file-name-reuse for more information."
        )
    if now - release.created > _OPEN_DAYS * 86400:
        _refuse(f"Uploading new files to releases older than {_OPEN_DAYS} days is not allowed.")
    if file.kind == "sdist" and any(
        one.kind == "sdist" and canonicalize_version(one.version) == version for one in state.of(name)
    ):
        _refuse("Only one sdist may be uploaded per release.")
    text = _check_sdist(form, meta, file) if file.kind == "sdist" else _check_wheel(form, meta, file)
    if text is not None:
        file = msgspec.structs.replace(file, metadata=hashlib.sha256(text).hexdigest())
    if "attestations" in form.fields:
        try:
            given = attestations.provenance(form.first("attestations"), file.name, file.sha256, grant.publisher)
        except ValueError as error:
            _refuse(f"Invalid attestations supplied during upload: {error}")
        file = msgspec.structs.replace(file, provenance=given)
    project = Project(name=meta.name, releases={**project.releases, version: release})
    return Accepted(file=file, project=project, metadata=text)


def _refuse(message: str, status: int = 400) -> NoReturn:
    raise RejectedError(status, message)


def _check_fields(form: Form) -> None:
    """The fields that describe the file rather than the project."""
    kind, python = form.first("filetype"), form.first("pyversion")
    if kind not in _EXTENSIONS:
        _refuse("Invalid value for filetype. Error: Use a known file type.")
    for name, words in (("sha256_digest", "SHA256"), ("blake2_256_digest", "BLAKE2")):
        if form.first(name) and _HEX.fullmatch(form.first(name)) is None:
            _refuse(f"Invalid value for {name}. Error: Use a valid, hex-encoded, {words} message digest.")
    if kind == "sdist" and python not in {"", "source"}:
        _refuse("Invalid value for pyversion. Error: Use 'source' as Python version for an sdist.")
    if kind != "sdist" and not python:
        _refuse("Invalid value for pyversion. Error: Python version is required for binary distribution uploads.")
    if not any(form.first(f"{name}_digest") for name in ("md5", "sha256", "blake2_256")):
        _refuse("Error: Include at least one message digest.")


def _permitted(state: State, meta: Metadata, grant: Grant, now: float) -> Project:
    """The project, made when it is new and the token is a user's."""
    name = canonicalize_name(meta.name)
    project = state.projects.get(name)
    if project is None and grant.publisher is not None:
        _refuse(
            "Non-user identities cannot create new projects. This was probably caused by successfully using a pending "
            "publisher but specifying the project name incorrectly (either in the publisher or in your project's "
            "metadata). Please ensure that both match. See: https://docs.pypi.org/trusted-publishers/troubleshooting/"
        )
    if grant.expires is not None and now >= grant.expires:
        _refuse("Invalid API Token: token is expired", 403)
    if grant.projects is not None and name not in grant.projects:
        scoped = f"project-scoped token is not valid for project: {meta.name!r}"
        if grant.publisher is not None:
            scoped = f"OIDC scoped token is not valid for project {meta.name!r}, {scoped}"
        _refuse(f"Invalid API Token: {scoped}", 403)
    return project or Project(name=meta.name)


def _check_filename(name: str, kind: str) -> None:
    if any(ord(char) < ord(" ") or ord(char) == 127 for char in name):  # noqa: PLR2004  (DEL)
        _refuse(
            "Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127) "
            "in the name."
        )
    if "/" in name or "\\" in name:
        _refuse("Cannot upload a file with '/' or '\\' in the name.")
    if not name.endswith(_EXTENSIONS[kind]):
        extension = "." + name.rpartition(".")[2]
        _refuse(
            f"Invalid file extension: Extension {extension} is invalid for filetype {kind}. "
            "See https://www.python.org/dev/peps/pep-0527 for more information."
        )


def _described(form: Form, meta: Metadata, name: str, version: str, now: float) -> File:
    """The file, whose digests are those that the form promised."""
    content = form.content
    digests = {
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "blake2_256": hashlib.blake2b(content, digest_size=32).hexdigest(),
    }
    if any(form.first(f"{one}_digest").lower() not in {"", value} for one, value in digests.items()):
        _refuse("The digest supplied does not match a digest calculated from the uploaded file.")
    return File(
        name=form.filename or "",
        project=name,
        version=version,
        kind="sdist" if form.first("filetype") == "sdist" else "bdist_wheel",
        sha256=digests["sha256"],
        md5=digests["md5"],
        blake2=digests["blake2_256"],
        size=len(content),
        uploaded=now,
        requires_python=str(meta.requires_python) if meta.requires_python else None,
    )


def _check_sdist(form: Form, meta: Metadata, file: File) -> None:
    """The archive and name of an sdist (PEP 625)."""
    try:
        with tarfile.open(fileobj=io.BytesIO(form.content), mode="r:gz") as archive:
            names = archive.getnames()
    except (tarfile.TarError, OSError, EOFError):
        _refuse("Invalid distribution file. File is not a tarfile")
    folders = {one.partition("/")[0] for one in names}
    if len(folders) != 1:
        _refuse("Invalid distribution file. Incorrect number of top-level directories in sdist")
    folder = folders.pop()
    if f"{folder}/PKG-INFO" not in names:
        _refuse(f"Invalid distribution file. PKG-INFO not found at {folder}/PKG-INFO")
    expected = f"{file.project.replace('-', '_')}-{meta.version}.tar.gz"
    if file.name != expected:
        _refuse(f"Filename {file.name!r} is invalid, should be {expected!r}.")
    for one in meta.license_files or []:
        if f"{folder}/{one}" not in names:
            _refuse(f"License-File {one} does not exist in distribution file {file.name} at {folder}/{one}")


def _check_wheel(form: Form, meta: Metadata, file: File) -> bytes:
    """The archive and name of a wheel; returns its METADATA."""
    try:
        name, version, _, tags = parse_wheel_filename(file.name)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        _refuse(str(error))
    try:
        with zipfile.ZipFile(io.BytesIO(form.content)) as archive:
            inside = set(archive.namelist())
            folder = "-".join(file.name.split("-")[:2]) + ".dist-info"
            text = archive.read(f"{folder}/METADATA") if f"{folder}/METADATA" in inside else None
    except (zipfile.BadZipFile, OSError, EOFError):
        _refuse("Invalid distribution file. File is not a zipfile")
    if f"{folder}/WHEEL" not in inside:
        _refuse(f"Invalid distribution file. WHEEL not found at {folder}/WHEEL")
    for tag in tags:
        if _PLATFORM.fullmatch(tag.platform) is None:
            _refuse(f"Binary wheel '{file.name}' has an unsupported platform tag '{tag.platform}'.")
    normalized, given = file.project.replace("-", "_"), file.name.split("-")[0]
    if name != file.project:
        _refuse(f"Start filename for {meta.name!r} with {normalized!r}.")
    if given != normalized:
        _refuse(f"Filename {file.name!r} should contain the normalized project name {normalized!r}, not {given!r}.")
    if version != meta.version:
        _refuse(f"Version in filename should be {str(meta.version)!r} not {str(version)!r}.")
    for one in meta.license_files or []:
        if f"{folder}/licenses/{one}" not in inside:
            path = f"{folder}/licenses/{one}"
            _refuse(f"License-File {one} does not exist in distribution file {file.name} at {path}")
    if f"{folder}/RECORD" not in inside:
        _refuse(f"Wheel '{file.name}' does not contain the required RECORD file: {folder}/RECORD")
    if text is None:
        _refuse(f"Wheel '{file.name}' does not contain the required METADATA file: {folder}/METADATA")
    return text
