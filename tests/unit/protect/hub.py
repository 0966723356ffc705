"""A repository on the embedded GitHub, its checkout, and an index: what `lockgate protect` talks to."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockgate.flows.render import survey, write
from lockgate.loopback.github import GitHub
from lockgate.ports.github import GitHub as Client
from lockgate.ports.pyproject import read_project
from lockgate.ports.service import Reply, Request, Service
from tests.support import package

REPOSITORY = "octo/sample"
CHECKS = ("test-matrix (3.12)", "quality-checks", "coverage-report", "security-scan")
TABLE = '[tool.lockgate]\npython = ["3.12"]\n'


class Index(Service):
    """An index with one project; `files` are (name, publisher or None, yanked)."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[tuple[str, dict[str, Any] | None, bool]] = []
        self.status = 200

    def respond(self, request: Request) -> Reply:
        """The list of the files, or one's provenance."""
        if self.status != 200 or not self.files:
            return Reply(self.status if self.status != 200 else 404)
        if request.target == "/simple/sample/":
            listed = [
                {"filename": name, "url": f"/f/{name}", "hashes": {}, "yanked": yanked,
                 **({} if publisher is None else {"provenance": f"{self.url}/integrity/{number}"})}
                for number, (name, publisher, yanked) in enumerate(self.files)
            ]  # fmt: skip
            return Reply(200, body=json.dumps({"files": listed}).encode())
        publisher = self.files[int(request.target.rpartition("/")[2])][1]
        bundles = [{"publisher": publisher, "attestations": []}] if publisher else []
        return Reply(200, body=json.dumps({"version": 1, "attestation_bundles": bundles}).encode())


class Hub:
    """One repository, whose owner is `octo` and in which `ann` may push."""

    def __init__(self, github: GitHub, index: Index, root: Path) -> None:
        self.github = github
        self.index = index
        self.root = root
        self.token = github.add_token("octo")
        self.app = Client(github.api, github.add_token("octo", "app", {"checks": "write", "metadata": "read"}))
        self.clients = {login: Client(github.api, github.add_token(login)) for login in ("octo", "ann", "eve")}

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which lockgate finds it."""
        return {
            "GITHUB_API_URL": self.github.api,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GH_TOKEN": self.token,
            "UV_DEFAULT_INDEX": f"{self.index.url}/simple",
        }

    def git(self, *arguments: str) -> str:
        """Run git in the checkout; returns what it said."""
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        alone = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.root, check=True, capture_output=True, text=True, env=alone
        )
        return done.stdout.strip()

    def commit(self, name: str, base: str = "origin/main", count: int = 1, path: str | None = None) -> str:
        """A branch with `count` commits behind `base`, pushed; returns its tip."""
        self.git("fetch", "-q", "origin")
        self.git("checkout", "-q", "-B", name, base)
        for number in range(count):
            file = self.root / (path or f"{name}-{number}.txt")
            file.write_text(f"{name} {number}\n", encoding="utf-8")
            self.git("add", "-f", str(file))
            self.git("commit", "-q", "-m", f"{name} {number}")
        self.git("push", "-q", "-f", "origin", name)
        return self.git("rev-parse", "HEAD")

    def send(self, who: Client, method: str, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """A request that must be taken."""
        answer = who.send(method, f"repos/{REPOSITORY}/{path}", body)
        assert answer.status < 300, (path, answer.status, answer.body)
        return answer.json() if answer.body else None

    def report(self, sha: str, name: str, conclusion: str | None = "success") -> None:
        """Report a check as an app does."""
        self.send(self.app, "POST", "check-runs", {"name": name, "head_sha": sha, "conclusion": conclusion})

    def open(self, name: str, who: str = "ann") -> int:
        """Open a pull request for a branch; returns its number."""
        made = self.send(self.clients[who], "POST", "pulls", {"title": f"Change {name}", "head": name, "base": "main"})
        return int(made["number"])

    def review(self, number: int, who: str = "octo", event: str = "APPROVE") -> None:
        """Review a pull request."""
        self.send(self.clients[who], "POST", f"pulls/{number}/reviews", {"event": event, "body": "x"})

    def merge(self, number: int, method: str = "squash", who: str = "octo") -> None:
        """Merge it."""
        self.send(self.clients[who], "PUT", f"pulls/{number}/merge", {"merge_method": method})

    def land(
        self,
        name: str,
        *,
        checks: Mapping[str, str | None] | None = None,
        approve: bool = True,
        method: str = "squash",
        who: str = "octo",
        meanwhile: Callable[[], object] = lambda: None,
        **commits: Any,  # noqa: ANN401
    ) -> int:
        """A pull request of ann's that is merged; all is in order unless told otherwise."""
        tip = self.commit(name, **commits)
        number = self.open(name)
        for check, conclusion in (checks if checks is not None else dict.fromkeys(CHECKS, "success")).items():
            self.report(tip, check, conclusion)
        if approve:
            self.review(number)
        meanwhile()
        self.merge(number, method, who)
        return number


@contextmanager
def hub(folder: Path, table: str = TABLE) -> Iterator[Hub]:
    """The repository with the rendered workflows of a small package."""
    with GitHub(folder / "github") as github, Index() as index:
        for login in ("octo", "ann", "eve"):
            github.add_user(login)
        github.add_repository(REPOSITORY)
        with github.changing() as data:
            data["repositories"][REPOSITORY]["collaborators"]["ann"] = "push"
        root = package(folder / "checkout", table)
        made = Hub(github, index, root)
        made.git("init", "-q", "-b", "main")
        (root / ".github/lockgate").mkdir(parents=True)
        (root / ".github/lockgate/uv.lock").write_text("version = 1\n", encoding="utf-8")
        write(survey(read_project(root)), overwrite=False)
        made.git("remote", "add", "origin", github.remote(REPOSITORY, made.token))
        made.git("add", "-A")
        made.git("commit", "-q", "-m", "Begin")
        made.git("push", "-q", "origin", "main")
        yield made
