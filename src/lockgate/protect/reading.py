"""Reads everything that protects a repository; what may not be seen is `Unseen`, never taken for absent."""

from __future__ import annotations

from lockgate.model.protection import Remote
from lockgate.ports.github import GitHub


def read(github: GitHub, repository: str, *, branch: str, environment: str, reviewers: tuple[str, ...]) -> Remote:
    """The remote's state; sends nothing but GET.

    Raises:
        UnknownError: The repository itself cannot be read, or GitHub gives no answer.
    """
    raise NotImplementedError
