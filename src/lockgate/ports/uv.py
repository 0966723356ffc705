"""uv: where it is, and how it is called."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from lockgate.model.errors import UnknownError


def find_uv(environment: Mapping[str, str] = os.environ) -> Path:
    """Uv's binary: the one that started lockgate, on PATH, beside lockgate, or in its usual places.

    Raises:
        UnknownError: There is none.
    """
    candidates = [
        environment.get("UV"),
        shutil.which("uv", path=environment.get("PATH", "")),
        Path(sys.prefix) / "bin" / "uv",
        Path(environment.get("HOME", "/")) / ".local/bin/uv",
        Path(environment.get("HOME", "/")) / ".cargo/bin/uv",
    ]
    for candidate in candidates:
        if candidate and Path(candidate).is_file() and os.access(candidate, os.X_OK):
            return Path(candidate)
    raise UnknownError(
        "uv was not found: lockgate makes every environment with it",
        "install it with `pip install uv` or as https://docs.astral.sh/uv/ says, and see that it is on PATH",
    )


def may_download_pythons(environment: Mapping[str, str], *, offline: bool) -> bool:
    """Whether uv may fetch an interpreter."""
    forbidden = environment.get("UV_PYTHON_DOWNLOADS", "").lower() in {"never", "manual", "false", "0"}
    return not (offline or forbidden or environment.get("UV_OFFLINE", "").lower() in {"1", "true", "yes", "on"})
