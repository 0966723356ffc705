"""An embedded GitHub with a repository, people and a clone: what tests of it and of its users begin with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockgate.loopback.github import GitHub
from lockgate.ports.github import GitHub as Client
from lockgate.ports.http import Answer
from tests.e2e.clones import Clone, git

REPOSITORY = "octo/sample"


class Hosted:
    """`octo/sample`, owned by octo; mona may push, hubot may read. `github` is the server."""

    def __init__(self, github: GitHub, folder: Path) -> None:
        self.github, self.folder = github, folder
        for login in ("octo", "mona", "hubot"):
            github.add_user(login)
        github.add_repository(REPOSITORY)
        self.change(collaborators={"mona": "push", "hubot": "pull"})
        self.tokens = {login: github.add_token(login) for login in ("octo", "mona", "hubot")}
        self.tokens["actions"] = github.add_token(
            "github-actions[bot]", "workflow", {"contents": "write", "checks": "write", "statuses": "write"}
        )

    def change(self, **settings: Any) -> None:  # noqa: ANN401
        """Set parts of the repository's state, as somebody would in the settings."""
        with self.github.changing() as data:
            data["repositories"][REPOSITORY].update(settings)

    @property
    def state(self) -> dict[str, Any]:
        """The repository's state."""
        return self.github.repository(REPOSITORY)

    def client(self, who: str | None = "octo") -> Client:
        """The API, asked by somebody."""
        return Client(self.github.api, None if who is None else self.tokens.get(who, who), limit=20)

    def ask(self, method: str, path: str, body: object = None, who: str | None = "octo") -> Answer:
        """One request below the repository."""
        place = f"repos/{REPOSITORY}/{path}".rstrip("/")
        return self.client(who).get(place) if method == "GET" else self.client(who).send(method, place, body)

    def clone(self, name: str, who: str = "mona") -> Clone:
        """A clone whose pushes are somebody's; the first one begins the history."""
        root = self.folder / name
        git(self.folder, "clone", "-q", self.github.remote(REPOSITORY, self.tokens[who]), str(root))
        clone = Clone(root)
        clone.name(name)
        return clone

    def begin(self, files: dict[str, str] | None = None) -> Clone:
        """A clone of the owner's with a first commit on main."""
        clone = self.clone("begun", "octo")
        clone.git("checkout", "-q", "-B", "main")
        clone.commit("Begin", {"README.md": "# sample\n", **(files or {})})
        self.store(clone, "main")
        return clone

    def store(self, clone: Clone, branch: str) -> None:
        """Bring a branch of a clone into the repository without asking anybody."""
        place = self.github.folder / "git" / f"{REPOSITORY}.git"
        git(place, "fetch", "-q", str(clone.root), f"+{branch}:{branch}")

    def push(self, clone: Clone, *arguments: str, who: str = "mona") -> tuple[bool, str]:
        """Push by somebody: whether it was taken, and what the server said."""
        url = self.github.remote(REPOSITORY, self.tokens[who])
        argv = ["git", "push", url, *arguments]
        done = subprocess.run(argv, cwd=clone.root, capture_output=True, text=True, check=False, env=os.environ)
        return done.returncode == 0, done.stderr


@pytest.fixture
def hosted(tmp_path: Path, own_git: None) -> Iterator[Hosted]:  # noqa: ARG001  (git's own configuration)
    """The server while the test runs."""
    with GitHub(tmp_path / "github") as github:
        yield Hosted(github, tmp_path)
