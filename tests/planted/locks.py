"""Planted tampering with a real lock: every case changes one thing in what `uv lock` wrote."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

PROJECT = """\
[project]
name = "planted"
version = "1"
requires-python = ">=3.11"
dependencies = ["idna==3.6", "certifi==2024.2.2"]

[tool.uv]
package = false
"""
_FILE = re.compile(r'\{ url = "(https://files[^"]*idna-3\.6-py3[^"]*)", hash = "(sha256:[0-9a-f]{64})"')
_EVIL = "0123456789abcdef" * 4


def _file(lock: str) -> tuple[str, str]:
    found = _FILE.search(lock)
    if found is None:
        raise ValueError("the lock has no such file")
    return found[1], found[2]


def _url(new: Callable[[str], str]) -> Callable[[str], str]:
    return lambda lock: lock.replace(_file(lock)[0], new(_file(lock)[0]))


def _swapped(lock: str) -> str:
    url, digest = _file(lock)
    return lock.replace(url, "https://files.evil.example/idna-3.6-py3-none-any.whl").replace(digest, f"sha256:{_EVIL}")


def _other_package(lock: str) -> str:
    url, digest = _file(lock)
    other = re.search(r'\{ url = "(https://files[^"]*certifi[^"]*\.whl)", hash = "(sha256:[0-9a-f]{64})"', lock)
    if other is None:
        raise ValueError("the lock has no such file")
    return lock.replace(url, other[1]).replace(digest, other[2])


def _source(text: str) -> Callable[[str], str]:
    marker = 'name = "idna"\nversion = "3.6"\nsource = { registry = "https://pypi.org/simple" }'
    return lambda lock: lock.replace(marker, f'name = "idna"\nversion = "3.6"\nsource = {{ {text} }}')


# Name: what becomes of the lock.
CHANGES: dict[str, Callable[[str], str]] = {
    "address and hash swapped": _swapped,
    "hash swapped": lambda lock: lock.replace(_file(lock)[1], f"sha256:{_EVIL}"),
    "address on another host": _url(
        lambda url: url.replace("files.pythonhosted.org", "files.pythonhosted.org.evil.example")
    ),
    "address with a user": _url(lambda url: url.replace("https://", "https://files.pythonhosted.org@evil.example/")),
    "address on another path": _url(lambda url: url.replace("/packages/", "/packages/00/")),
    "address without encryption": _url(lambda url: url.replace("https://", "http://")),
    "address on this machine": _url(lambda _url: "file:///tmp/idna-3.6-py3-none-any.whl"),
    "file of another package": _other_package,
    "file of another version": _url(lambda url: url.replace("idna-3.6", "idna-3.5")),
    "file that does not exist": _url(lambda url: url.replace("py3-none-any", "py3-none-linux_x86_64")),
    "no hash": lambda lock: lock.replace(f', hash = "{_file(lock)[1]}"', ""),
    "weak hash": lambda lock: lock.replace(_file(lock)[1], "md5:" + "0" * 32),
    "another index": lambda lock: lock.replace("https://pypi.org/simple", "https://pypi.evil.example/simple"),
    "index without encryption": lambda lock: lock.replace("https://pypi.org/simple", "http://pypi.org/simple"),
    "git source": _source('git = "https://github.com/evil/idna?rev=main#0123456789abcdef0123456789abcdef01234567"'),
    "direct source": _source('url = "https://evil.example/idna-3.6-py3-none-any.whl"'),
    "path source": _source('directory = "../idna"'),
    "editable source": _source('editable = "vendored/idna"'),
    "stale": lambda lock: lock.replace('specifier = "==3.6"', 'specifier = "==3.5"'),
    "package added by hand": lambda lock: lock.replace(
        'name = "idna"\nversion = "3.6"', 'name = "idna-evil"\nversion = "3.6"'
    ),
}
# Releases that were yanked long ago.
YANKED = PROJECT.replace('"idna==3.6", "certifi==2024.2.2"', '"attrs==21.1.0"')


def tampered(name: str, lock: str) -> str:
    """The lock after the change."""
    changed = CHANGES[name](lock)
    if changed == lock:
        raise ValueError(f"{name}: nothing was changed")
    return changed


def write_project(root: Path, text: str = PROJECT) -> Path:
    """The project without its lock."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(text, encoding="utf-8")
    return root
