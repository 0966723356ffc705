"""What an index answers: the simple API in JSON and HTML (PEP 503, 691, 700), and the JSON API."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from packaging.version import Version

from lockgate.loopback.index.state import File, Release, State

API = "1.4"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
SIMPLE_HTML = "application/vnd.pypi.simple.v1+html"
_SINGLE = """
    summary description description_content_type keywords home_page download_url author author_email maintainer
    maintainer_email license license_expression platform requires_python
""".split()
_LISTS = {"classifiers": "classifiers", "requires_dist": "requires_dist", "provides_extra": "provides_extra"}


def projects(state: State) -> dict[str, Any]:
    """The list of projects."""
    listed = [{"name": project.name} for _, project in sorted(state.projects.items())]
    return {"meta": {"api-version": API, "_last-serial": state.serial}, "projects": listed}


def projects_html(document: dict[str, Any]) -> str:
    """The list of projects for a browser."""
    names = [one["name"] for one in document["projects"]]
    return _page("Simple index", (f'<a href="/simple/{_normal(name)}/">{html.escape(name)}</a>' for name in names))


def project(state: State, name: str, files: list[File], base: str) -> dict[str, Any]:
    """A project's files; `base` is the address of the index."""
    releases = {release.version: release for release in state.projects[name].releases.values()}
    ordered = sorted(files, key=lambda file: (Version(file.version), file.name))
    return {
        "meta": {"api-version": API, "_last-serial": state.serial},
        "name": name,
        "versions": list(dict.fromkeys(file.version for file in ordered)),
        "project-status": {"status": "active"},
        "alternate-locations": [],
        "files": [_simple_file(file, releases[file.version], base) for file in ordered],
    }


def project_html(document: dict[str, Any]) -> str:
    """A project's files for those who speak HTML only."""
    return _page(f"Links for {document['name']}", map(_anchor, document["files"]))


def release(state: State, name: str, version: str | None, base: str) -> dict[str, Any] | None:
    """The JSON API's document of a version, or of the newest one that is no pre-release; None when there is none."""
    known = state.projects[name]
    ordered = sorted(known.releases.values(), key=lambda one: Version(one.version))
    stable = [one for one in ordered if not Version(one.version).is_prerelease]
    found = (stable or ordered)[-1:] if version is None else [one for one in ordered if _same(one.version, version)]
    if not found:
        return None
    files = state.of(name)
    described = {one.version: [_json_file(f, one, base) for f in files if f.version == one.version] for one in ordered}
    chosen = found[0]
    document = {
        "info": _info(known.name, chosen, base),
        "last_serial": state.serial,
        "releases": described,
        "urls": described[chosen.version],
        "vulnerabilities": chosen.vulnerabilities,
        "ownership": {"organization": None, "roles": []},
    }
    if version is not None:
        del document["releases"]
    return document


def download(file: File, base: str) -> str:
    """Where a file is found: an address with its digest, which can never mean other bytes."""
    return f"{base}/packages/{file.sha256[:2]}/{file.sha256[2:4]}/{file.sha256[4:]}/{file.name}"


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _normal(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)


def _same(one: str, other: str) -> bool:
    from packaging.utils import canonicalize_version

    return canonicalize_version(one) == canonicalize_version(other)


def _simple_file(file: File, of: Release, base: str) -> dict[str, Any]:
    described = {"sha256": file.metadata} if file.metadata else False
    provenance = f"{base}/integrity/{file.project}/{file.version}/{file.name}/provenance"
    return {
        "filename": file.name,
        "url": download(file, base),
        "hashes": {"sha256": file.sha256},
        "requires-python": file.requires_python,
        "size": file.size,
        "upload-time": _stamp(file.uploaded),
        "yanked": (of.yanked or True) if of.yanked is not None else False,
        "core-metadata": described,
        "data-dist-info-metadata": described,
        "provenance": provenance if file.provenance else None,
    }


def _anchor(file: dict[str, Any]) -> str:
    attributes = {"href": f"{file['url']}#sha256={file['hashes']['sha256']}"}
    if file["requires-python"]:
        attributes["data-requires-python"] = file["requires-python"]
    if file["yanked"] is not False:
        attributes["data-yanked"] = "" if file["yanked"] is True else file["yanked"]
    if file["core-metadata"]:
        for name in ("data-dist-info-metadata", "data-core-metadata"):
            attributes[name] = f"sha256={file['core-metadata']['sha256']}"
    if file["provenance"]:
        attributes["data-provenance"] = file["provenance"]
    written = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<a {written}>{html.escape(file['filename'])}</a>"


def _page(title: str, links: Iterable[str]) -> str:
    body = "".join(f"    {link}<br />\n" for link in links)
    head = f'<meta name="pypi:repository-version" content="{API}">\n    <title>{html.escape(title)}</title>'
    return (
        f"<!DOCTYPE html>\n<html>\n  <head>\n    {head}\n  </head>\n  <body>\n    <h1>{html.escape(title)}</h1>\n"
        f"{body}  </body>\n</html>\n"
    )


def _info(name: str, of: Release, base: str) -> dict[str, Any]:
    urls = dict(value.split(", ", 1) for value in of.info.get("project_urls", []) if ", " in value)
    package = f"{base}/project/{name}/"
    return {
        "name": name,
        "version": of.version,
        **{field: of.info.get(field, [None])[0] for field in _SINGLE},
        **{field: of.info.get(source) for field, source in _LISTS.items()},
        "project_urls": urls or None,
        "package_url": package,
        "project_url": package,
        "release_url": f"{package}{of.version}/",
        "yanked": of.yanked is not None,
        "yanked_reason": of.yanked or None,
    }


def _json_file(file: File, of: Release, base: str) -> dict[str, Any]:
    return {
        "filename": file.name,
        "url": download(file, base),
        "packagetype": file.kind,
        "python_version": "source" if file.kind == "sdist" else file.name.split("-")[-3],
        "requires_python": file.requires_python,
        "size": file.size,
        "digests": {"md5": file.md5, "sha256": file.sha256, "blake2b_256": file.blake2},
        "md5_digest": file.md5,
        "upload_time": _stamp(file.uploaded)[:19],
        "upload_time_iso_8601": _stamp(file.uploaded),
        "has_sig": False,
        "comment_text": "",
        "downloads": -1,
        "yanked": of.yanked is not None,
        "yanked_reason": of.yanked or None,
    }
