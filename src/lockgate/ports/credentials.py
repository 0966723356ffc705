"""How git proves who it is in GitHub Actions, for one process only; and texts without anybody's secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

BOT = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
_IN_ADDRESS = re.compile(r"(?<=://)[^/@\s]+@")
_HEADER = re.compile(r"(authorization: *(?:basic|bearer) +)\S+", re.IGNORECASE)
_SHORTEST = 8


def in_actions(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a job of GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def for_git(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that let git authenticate to the job's server with the job's token.

    They go to git through its environment: nothing is written to disk, and no command line shows them. A header that
    actions/checkout left in the repository is replaced: servers refuse two.
    """
    server = environment.get("GITHUB_SERVER_URL", "").rstrip("/")
    token = environment.get("GH_TOKEN") or environment.get("GITHUB_TOKEN")
    if not in_actions(environment) or not server or not token:
        return {}
    import base64  # in jobs only

    secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key = f"http.{server}/.extraheader"
    pairs = [(key, ""), (key, f"AUTHORIZATION: basic {secret}")]
    return {"GIT_TERMINAL_PROMPT": "0", **configured(pairs, environment)}


def configured(pairs: Sequence[tuple[str, str]], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that give one git process more configuration, behind what `environment` gives it already."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdigit() else 0
    found = {"GIT_CONFIG_COUNT": str(first + len(pairs))}
    for number, (key, value) in enumerate(pairs, start=first):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def redacted(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """`text` without passwords in addresses, authorization headers and the values of token variables; always UTF-8."""
    text = text.encode(errors="backslashreplace").decode()
    text = _HEADER.sub(r"\1***", _IN_ADDRESS.sub("***@", text))
    for name, value in environment.items():
        if name.endswith(("TOKEN", "PASSWORD", "SECRET")) and len(value) >= _SHORTEST:
            text = text.replace(value, "***")
    return text
