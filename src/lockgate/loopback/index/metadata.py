"""Core metadata as PyPI accepts it: the standard's rules, and its own."""

from __future__ import annotations

from packaging.metadata import InvalidMetadata, Metadata

from lockgate.loopback.index.form import Form

_HEADERS = {"project_urls": "Project-URL", "classifiers": "Classifier"}
_FIELDS = """
    metadata_version name version summary description_content_type keywords home_page download_url author author_email
    maintainer maintainer_email license license_expression license_file platform supported_platform requires_python
    requires_dist requires_external project_urls provides_extra provides_dist obsoletes_dist dynamic classifiers
""".split()
_FIRST = ("metadata-version", "name", "version")
_LONGEST_SUMMARY = 512


def read(form: Form) -> Metadata:
    """The metadata in a form.

    Raises:
        ValueError: It is refused, in PyPI's words.
    """
    lines = [
        f"{_HEADERS.get(name, name.replace('_', '-'))}: {' '.join(value.split())}"
        for name in _FIELDS
        for value in form.fields.get(name, ())
        if value
    ]
    text = "\n".join([*lines, "", form.first("description")])
    try:
        found = Metadata.from_email(text.encode())
        errors = list(_own(found))
    except ExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, InvalidMetadata)]
        found = None
    if found is None or errors:
        errors.sort(key=lambda one: (_FIRST.index(one.field) if one.field in _FIRST else len(_FIRST), one.field))
        said = str(errors[0]) if errors else "invalid metadata"
        said += "" if said.endswith(".") else "."
        raise ValueError(f"{said} See https://packaging.python.org/specifications/core-metadata for more information.")
    return found


def _own(found: Metadata) -> list[InvalidMetadata]:
    """What PyPI refuses although the standard allows it."""
    errors = [
        InvalidMetadata("classifier", f"{one!r} is not a valid classifier.")
        for one in found.classifiers or []
        if one.startswith("Private ::")
    ]
    errors += [
        InvalidMetadata("requires-dist", f"Can't have direct dependency: {one}")
        for one in found.requires_dist or []
        if one.url is not None
    ]
    if found.version.local:
        errors.append(InvalidMetadata("version", f"The use of local versions in '{found.version}' is not allowed."))
    if len(found.summary or "") > _LONGEST_SUMMARY:
        errors.append(InvalidMetadata("summary", "'summary' field must be 512 characters or less."))
    if found.license and found.license_expression:
        errors.append(
            InvalidMetadata(
                "license",
                "License is deprecated when License-Expression is present. Only License-Expression should be present.",
            )
        )
    return errors
