"""What an index answers: the simple API in JSON and HTML (PEP 503, 691, 700), and the JSON API."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import Version

from lockgate.loopback.index.store import File, Release, State

_API = "1.4"


def projects(state: State) -> dict[str, Any]:
    """The list of projects."""
    listed = [{"name": one.name} for _, one in sorted(state.projects.items())]
    return {"meta": {"api-version": _API, "_last-serial": state.serial}, "projects": listed}


def project(state: State, name: str, files: Iterable[File], base: str) -> dict[str, Any]:
    """A project's files; `base` is the address of the index."""
    releases = {one.version: one for one in state.projects[name].releases.values()}
    ordered = sorted(files, key=lambda one: (Version(one.version), one.name))
    return {
        "meta": {"api-version": _API, "_last-serial": state.serial},
        "name": name,
        "versions": list(dict.fromkeys(one.version for one in ordered)),
        "project-status": {"status": "active"},
        "alternate-locations": [],
        "files": [_simple_file(one, releases[one.version], base) for one in ordered],
    }


def as_html(document: dict[str, Any]) -> str:
    """Either of those documents for clients that speak HTML only."""
    title = f"Links for {document['name']}" if "name" in document else "Simple index"
    links = [
        *(
            {"href": f"/simple/{canonicalize_name(one['name'])}/", "": one["name"]}
            for one in document.get("projects", ())
        ),
        *(_link(one) for one in document.get("files", ())),
    ]
    anchors = "".join(f"<a{_written(link)}>{html.escape(link[''])}</a><br />\n" for link in links)
    head = f'<meta name="pypi:repository-version" content="{_API}"><title>{html.escape(title)}</title>'
    return f"<!DOCTYPE html>\n<html><head>{head}</head><body><h1>{html.escape(title)}</h1>\n{anchors}</body></html>\n"


def _written(link: dict[str, str]) -> str:
    return "".join(f' {name}="{html.escape(text)}"' for name, text in link.items() if name)


def release(state: State, name: str, version: str, base: str) -> dict[str, Any] | None:
    """The JSON API on a version, or with "" on the newest that is no pre-release; None when there is none."""
    known = state.projects[name]
    ordered = sorted(known.releases.values(), key=lambda one: Version(one.version))
    newest = [one for one in ordered if not Version(one.version).is_prerelease] or ordered
    asked = [one for one in ordered if canonicalize_version(one.version) == canonicalize_version(version)]
    found = (asked if version else newest)[-1:]
    if not found:
        return None
    files = {
        of.version: [_json_file(one, of, base) for one in state.of(name) if one.version == of.version] for of in ordered
    }
    chosen, package = found[0], f"{base}/project/{name}/"
    addresses = {"package_url": package, "project_url": package, "release_url": f"{package}{chosen.version}/"}
    return {
        "info": {"name": known.name, "version": chosen.version, **chosen.info, **addresses, **_yanked(chosen)},
        "last_serial": state.serial,
        **({} if version else {"releases": files}),
        "urls": files[chosen.version],
        "vulnerabilities": chosen.vulnerabilities,
        "ownership": {"organization": None, "roles": []},
    }


def _address(file: File, base: str) -> str:
    """Where a file is found: under its digest, so that the address can never mean other bytes."""
    return f"{base}/packages/{file.sha256[:2]}/{file.sha256[2:4]}/{file.sha256[4:]}/{file.name}"


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _yanked(of: Release) -> dict[str, Any]:
    return {"yanked": of.yanked is not None, "yanked_reason": of.yanked or None}


def _simple_file(file: File, of: Release, base: str) -> dict[str, Any]:
    described = {"sha256": file.metadata} if file.metadata else False
    provenance = f"{base}/integrity/{file.project}/{file.version}/{file.name}/provenance"
    return {
        "filename": file.name,
        "url": _address(file, base),
        "hashes": {"sha256": file.sha256},
        "requires-python": file.requires_python,
        "size": file.size,
        "upload-time": _stamp(file.uploaded),
        "yanked": (of.yanked or True) if of.yanked is not None else False,
        "core-metadata": described,
        "data-dist-info-metadata": described,
        "provenance": provenance if file.provenance else None,
    }


def _link(file: dict[str, Any]) -> dict[str, str]:
    """A file's anchor: its attributes, and its text under ""."""
    described = f"sha256={file['core-metadata']['sha256']}" if file["core-metadata"] else None
    attributes = {
        "": file["filename"],
        "href": f"{file['url']}#sha256={file['hashes']['sha256']}",
        "data-requires-python": file["requires-python"],
        "data-yanked": {True: "", False: None}.get(file["yanked"], file["yanked"]),
        "data-core-metadata": described,
        "data-dist-info-metadata": described,
        "data-provenance": file["provenance"],
    }
    return {name: text for name, text in attributes.items() if text is not None}


def _json_file(file: File, of: Release, base: str) -> dict[str, Any]:
    return {
        "filename": file.name,
        "url": _address(file, base),
        "packagetype": file.kind,
        "python_version": "source" if file.kind == "sdist" else file.name.split("-")[-3],
        "requires_python": file.requires_python,
        "size": file.size,
        "digests": {"sha256": file.sha256},
        "upload_time": _stamp(file.uploaded)[:19],
        "upload_time_iso_8601": _stamp(file.uploaded),
        **_yanked(of),
    }
