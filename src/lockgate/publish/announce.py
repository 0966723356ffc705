"""The tag and the GitHub release: the part of a release that can be taken back, and is when it fails half way."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lockgate.model.errors import LockgateError, RefusedError, UnknownError
from lockgate.ports.github import GitHub, said
from lockgate.ports.http import Answer
from lockgate.ports.releases import sha256

_OK, _CREATED, _GONE, _INVALID, _NOT_FOUND = 200, 201, 204, 422, 404
_TRIES = 3


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What GitHub is told.

    Attributes:
        commit: What the tag points to.
        notes: Markdown.
        files: What is attached.
    """

    repository: str
    tag: str
    commit: str
    title: str
    notes: str
    prerelease: bool
    files: tuple[Path, ...]


class HalfWayError(LockgateError):
    """It failed, and what this run had made was taken back; `exit_code` is that of the failure.

    Attributes:
        undone: What was removed, in words.
        left: What could not be removed.
    """

    def __init__(self, error: LockgateError, undone: tuple[str, ...], left: tuple[str, ...]) -> None:
        what = [f"taken back: {', '.join(undone)}"] if undone else []
        what += [f"could not be taken back: {', '.join(left)}"] if left else []
        super().__init__("; ".join([error.message, *what]), error.hint)
        self.exit_code = error.exit_code
        self.undone, self.left = undone, left


class _Undo(msgspec.Struct, frozen=True):
    what: str
    path: str
    is_tag: bool = False


def announce(hub: GitHub, what: Announcement, may_go_on: Callable[[], None]) -> tuple[str, tuple[str, ...]]:
    """Make the tag and the release, or finish what an earlier run began; returns its page and what was done.

    A release that is there already is left as people wrote it; files are never replaced.

    Args:
        hub: Where.
        what: What to make.
        may_go_on: Called before each step; what it raises ends the work as any failure does.

    Raises:
        HalfWayError: GitHub refused, did not answer, or the work was stopped; what this run made is gone again.
    """
    work = _Work(hub, what, may_go_on)
    try:
        return work.done()
    except LockgateError as error:
        raise HalfWayError(error, *work.take_back()) from error


class _Work:
    def __init__(self, hub: GitHub, what: Announcement, may_go_on: Callable[[], None]) -> None:
        self._hub, self._what, self._may_go_on = hub, what, may_go_on
        self._base = f"repos/{what.repository}"
        self._undo: list[_Undo] = []
        self._did: list[str] = []

    def done(self) -> tuple[str, tuple[str, ...]]:
        """Tag first looked at, draft, files, tag, and only then to be seen by everybody."""
        has_tag = self._has_tag()
        release = self._found() or self._drafted()
        for path in self._what.files:
            self._may_go_on()
            self._attach(release, path)
        if not has_tag:
            self._may_go_on()
            self._make_tag()
        if release.get("draft"):
            self._may_go_on()
            release = self._published(release)
        return str(release.get("html_url", "")), tuple(self._did)

    def take_back(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Remove what this run made, newest first; returns what is gone and what is not."""
        undone: list[str] = []
        left: list[str] = []
        for one in reversed(self._undo):
            try:
                found = self._found() if one.is_tag else None
                if found is not None and not found.get("draft"):
                    continue  # somebody else's release stands on it by now
                answer = self._hub.send("DELETE", one.path)
            except LockgateError:
                left.append(one.what)
                continue
            (undone if answer.status in {_GONE, _NOT_FOUND} else left).append(one.what)
        return tuple(undone), tuple(left)

    def _has_tag(self) -> bool:
        """Whether the tag is there.

        Raises:
            RefusedError: It is another commit's.
        """
        tag = urllib.parse.quote(self._what.tag)
        answer = self._hub.get(f"{self._base}/git/ref/tags/{tag}")
        if answer.status == _NOT_FOUND:
            return False
        target = self._read(answer)["object"]
        while target["type"] == "tag":
            target = self._read(self._hub.get(f"{self._base}/git/tags/{target['sha']}"))["object"]
        if target["sha"] != self._what.commit:
            raise RefusedError(
                f"the tag {self._what.tag} is at {target['sha'][:12]}, not at the released {self._what.commit[:12]}",
                "see who made it; a tag that people may have fetched is not moved: release the next version",
            )
        return True

    def _found(self) -> dict[str, Any] | None:
        """The release of this tag, also a draft."""
        there = [one for one in self._hub.pages(f"{self._base}/releases") if one.get("tag_name") == self._what.tag]
        return min(there, key=lambda one: bool(one.get("draft")), default=None)

    def _drafted(self) -> dict[str, Any]:
        what = self._what
        body = {"tag_name": what.tag, "target_commitish": what.commit, "name": what.title, "body": what.notes}
        self._may_go_on()
        try:
            answer = self._hub.send(
                "POST", f"{self._base}/releases", {**body, "draft": True, "prerelease": what.prerelease}
            )
        except UnknownError:
            answer = None
        # Whether a request without a clear answer took effect has to be read.
        release = self._found() if answer is None or answer.status >= 500 else self._read(answer, _CREATED)  # noqa: PLR2004
        if release is None:
            raise UnknownError("GitHub made no release", "run it again later")
        self._made("the draft of the release", f"{self._base}/releases/{release['id']}")
        return release

    def _attach(self, release: dict[str, Any], path: Path) -> None:
        name = re.sub(r"[^A-Za-z0-9._-]", ".", path.name)  # as GitHub renames it
        address = str(release["upload_url"]).partition("{")[0] + "?" + urllib.parse.urlencode({"name": name})
        content = path.read_bytes()
        trouble = ""
        for _ in range(_TRIES):
            if self._is_attached(release, name, path):
                return
            try:
                answer = self._hub.attach(address, content)
            except UnknownError as error:
                trouble = error.message
                continue
            if answer.status == _CREATED:
                self._did.append(f"attached {name}")
                return
            if answer.status < 500 and answer.status != _INVALID:  # noqa: PLR2004
                self._read(answer, _CREATED)
            trouble = said(answer)
        if not self._is_attached(release, name, path):
            raise UnknownError(f"{name} could not be attached to the release: {trouble}", "run it again later")

    def _is_attached(self, release: dict[str, Any], name: str, path: Path) -> bool:
        """Whether the release has the file; half of one, as GitHub leaves it behind, is removed."""
        for asset in self._hub.pages(f"{self._base}/releases/{release['id']}/assets"):
            if asset.get("name") != name:
                continue
            if asset.get("state") == "starter":
                self._hub.send("DELETE", f"{self._base}/releases/assets/{asset['id']}")
                return False
            digest = asset.get("digest") or ""
            same = digest == f"sha256:{sha256(path)}" if digest.startswith("sha256:") else True
            if not same or asset.get("size") != path.stat().st_size:
                raise RefusedError(
                    f"the release {self._what.tag} has another file called {name}",
                    f"look at it, remove it, and run it again: {release.get('html_url', '')}",
                )
            return True
        return False

    def _make_tag(self) -> None:
        body = {"ref": f"refs/tags/{self._what.tag}", "sha": self._what.commit}
        try:
            answer = self._hub.send("POST", f"{self._base}/git/refs", body)
        except UnknownError:
            answer = None
        if answer is None or answer.status >= 500 or answer.status == _INVALID:  # noqa: PLR2004
            if not self._has_tag():
                reason = said(answer) if answer is not None else "no answer"
                raise UnknownError(f"the tag {self._what.tag} could not be made: {reason}", "run it again later")
            if answer is not None and answer.status == _INVALID:
                return  # somebody else made it meanwhile, at this commit
        else:
            self._read(answer, _CREATED)
        path = f"{self._base}/git/refs/tags/{urllib.parse.quote(self._what.tag)}"
        self._made(f"the tag {self._what.tag}", path, is_tag=True)

    def _published(self, release: dict[str, Any]) -> dict[str, Any]:
        path = f"{self._base}/releases/{release['id']}"
        try:
            answer = self._hub.send("PATCH", path, {"draft": False})
        except UnknownError:
            answer = self._hub.get(path)
        if answer.status >= 500:  # noqa: PLR2004
            answer = self._hub.get(path)
        after = self._read(answer)
        if after.get("draft"):
            raise UnknownError("GitHub did not publish the release", "run it again later")
        self._did.append("published the release")
        return after

    def _made(self, what: str, path: str, *, is_tag: bool = False) -> None:
        self._undo.append(_Undo(what, path, is_tag))
        self._did.append(f"made {what}")

    def _read(self, answer: Answer, expected: int = _OK) -> dict[str, Any]:
        if answer.status != expected:
            hint = "the token needs the permission contents: write" if answer.status in {401, 403, 404} else None
            raise RefusedError(f"GitHub refused: {said(answer)}", hint)
        content = answer.json()
        if not isinstance(content, dict):
            raise UnknownError("GitHub's answer is none that this lockgate knows")
        return content
