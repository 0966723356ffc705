"""unneeded-secrets: secrets that nothing needs, above all an index token beside trusted publishing."""

from __future__ import annotations

import re

from lockgate.model.protection import Trap, Unseen
from lockgate.protect.traps.facts import Facts, Secret
from lockgate.protect.traps.told import AGAIN, listed, unseen

NAME = "unneeded-secrets"
_UPLOADS = re.compile(
    r"\w*PYPI\w*(?:TOKEN|PASSWORD|API|KEY)\w*|TWINE_\w+|UV_PUBLISH_\w+|FLIT_(?:PASSWORD|USERNAME)|HATCH_INDEX_\w+|PDM_PUBLISH_\w+"
)
_ALL = re.compile(r"(?im)\btoJSON\(\s*secrets\s*\)|\bsecrets\[\s*(?!['\"])|^\s*secrets:\s*inherit\b")


def look(facts: Facts) -> Trap | None:
    """Names only: what a secret holds, and who reads it, is told to nobody (the audit log of Enterprise aside)."""
    if isinstance(facts.secrets, Unseen):
        return unseen(NAME, "the names of the secrets", facts.secrets)
    texts = "\n".join("\n".join(one.lines) for one in facts.here.workflows)
    trusted = any(
        job.publishes is not None and job.permission("id-token") == "write"
        for one in facts.here.workflows
        for job in one.jobs
    )
    tokens = [one for one in facts.secrets if trusted and _UPLOADS.fullmatch(one.name)]
    every = _ALL.search(texts) is not None
    unused = [one for one in facts.secrets if one not in tokens and not every and not _is_used(one, texts)]
    if not tokens and not unused:
        return None
    why = f"{listed(map(shown, tokens))}: releases go out by trusted publishing, which needs no token" if tokens else ""
    why += "; " if tokens and unused else ""
    why += f"{listed(map(shown, unused))}: no workflow in this checkout names it" if unused else ""
    first = (tokens or unused)[0]
    place = f" --env {first.environment}" if first.environment else ""
    remedy = f"revoke it where it was issued, then gh secret delete {first.name}{place}; {AGAIN}"
    return Trap(NAME, "warn", f"secrets that nothing needs can only leak: {why}", remedy)


def shown(secret: Secret) -> str:
    """A secret's name, with its environment."""
    return f"{secret.name} (environment {secret.environment})" if secret.environment else secret.name


def _is_used(secret: Secret, texts: str) -> bool:
    return re.search(rf"(?i)\bsecrets(?:\.|\[\s*['\"]){re.escape(secret.name)}\b", texts) is not None
