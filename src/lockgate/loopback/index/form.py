"""A form with a file, as upload tools send it (RFC 7578)."""

from __future__ import annotations

import email
from collections.abc import Mapping

import msgspec


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The fields by name, and the file in the field `content`; `filename` is None without one."""

    fields: Mapping[str, str]
    filename: str | None = None
    content: bytes = b""

    def __getitem__(self, name: str) -> str:
        """A field's first value, "" without one."""
        return self.fields.get(name, "")


def parse(kind: str, body: bytes) -> Form:
    """The form in a body of content type `kind`.

    Raises:
        ValueError: It is no such form, or not all of it.
    """
    boundary = email.message_from_string(f"Content-Type: {kind}\n\n").get_param("boundary")
    if not kind.startswith("multipart/form-data") or not isinstance(boundary, str):
        raise ValueError("no multipart/form-data")
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if not parts[-1].startswith(b"--"):
        raise ValueError("the form has no end")
    fields: dict[str, str] = {}
    filename, content = None, b""
    for part in parts[1:-1]:
        head, found, value = part.partition(b"\r\n\r\n")
        headers = email.message_from_bytes(head.lstrip())
        name = headers.get_param("name", header="content-disposition")
        if not found or not isinstance(name, str):
            raise ValueError("a part of the form has no name")
        if name == "content" and headers.get_filename() is not None:
            filename, content = headers.get_filename(), value
        else:
            fields.setdefault(name, value.decode(errors="replace"))
    return Form(fields=fields, filename=filename, content=content)
