"""The nested project `.github/lockgate/`, by which a package gets a lockgate of its own, locked."""

from __future__ import annotations

import re
from pathlib import Path

from lockgate.model.actions import NESTED

# As uv writes a lock; parsing hundreds of packages for one line would take longer than a cached gate.
_LOCKED = re.compile(r'^\[\[package\]\]\nname = "lockgate"\nversion = "([^"]+)"$', re.MULTILINE)


def locked_version(root: Path) -> str | None:
    """The version of lockgate that the package in `root`, or else its repository, locks; None without such a lock."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    for folder in dict.fromkeys((root, top)):
        try:
            text = (folder / NESTED / "uv.lock").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found = _LOCKED.search(text)
        return found[1] if found else None
    return None
