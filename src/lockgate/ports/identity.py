"""The identity that GitHub gives a job, for looking at it."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Mapping

import msgspec

from lockgate.ports.http import exchange

_LIMIT = 10.0


def token(audience: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """An identity token that only `audience` would take; None where there is none to be had."""
    address = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    secret = environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not address.startswith("https://") or not secret:
        return None
    mark = "&" if "?" in address else "?"
    url = f"{address}{mark}{urllib.parse.urlencode({'audience': audience})}"
    try:
        answer = exchange("GET", url, headers={"Authorization": f"Bearer {secret}"}, limit=_LIMIT)
        value = msgspec.json.decode(answer.body, type=dict[str, object]).get("value")
    except (OSError, msgspec.DecodeError):
        return None
    return value if isinstance(value, str) else None
