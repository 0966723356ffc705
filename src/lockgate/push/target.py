"""Where a push goes: the remote, how it is reached, and the branch."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import msgspec

from lockgate.model.errors import RefusedError, UsageError
from lockgate.ports.repository import Repository

# What of a remote's configuration says how to reach it.
_COPIED = frozenset({"url", "pushurl", "proxy", "proxyauthmethod", "receivepack", "uploadpack", "vcs"})


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to.

    Attributes:
        settings: How the remote is reached: what is configured for it; `url` is where pushes go.
        tracking: The reference by which this clone remembers the branch, if it does.
    """

    remote: str
    settings: dict[str, str]
    branch: str
    tracking: str | None

    @property
    def is_github(self) -> bool:
        """Whether the remote is GitHub, or the server of this job."""
        address = self.settings["url"]
        server = urlsplit(os.environ.get("GITHUB_SERVER_URL", "")).hostname or "github.com"
        host = urlsplit(address).hostname if "://" in address else address.partition(":")[0].rpartition("@")[2]
        return host in {server, "github.com", "ssh.github.com"}


def find(repository: Repository, remote: str | None, branch: str | None, *, needs_branch: bool) -> Target:
    """Where to push, from the options, the branch's upstream and the configuration.

    The current branch's commits are meant when it `needs_branch`.

    Raises:
        UsageError: It cannot be told.
        RefusedError: There is no such remote.
    """
    config = repository.config()
    here = repository.branch()
    if needs_branch and repository.is_bare:
        raise UsageError("this is a bare repository: there is no branch to land", "give --commit and --from DIR")
    upstream = config.get(f"branch.{here}.merge", [""])[-1]
    names = [key[len("remote.") : -len(".url")] for key in config if key.startswith("remote.") and key.endswith(".url")]
    remote = remote or config.get(f"branch.{here}.remote", [""])[-1] or (names[0] if len(names) == 1 else "origin")
    name = (branch or upstream).removeprefix("refs/heads/")
    if not name:
        hint = f"lockgate push --branch {here or 'NAME'}, or git branch --set-upstream-to={remote}/{here or 'NAME'}"
        raise UsageError("HEAD is detached" if not here else f"the branch {here} has no upstream", hint)
    if branch and repository.git("check-ref-format", "--branch", name, codes=(0, 128)).text != name:
        raise UsageError(f"--branch {branch!r} is no name for a branch")
    if name.encode(errors="replace").decode() != name:
        raise UsageError(f"the name of the branch {name!r} is not UTF-8", "give it another one")
    if remote == ".":
        raise UsageError(f"the upstream of {here} is a branch of this clone", "name a remote: --remote NAME")
    if remote in names:
        prefix = f"remote.{remote}."
        settings = {key[len(prefix) :]: values[-1] for key, values in config.items()
                    if key.startswith(prefix) and key[len(prefix) :] in _COPIED}  # fmt: skip
        settings["url"] = settings.pop("pushurl", settings["url"])
    elif "/" in remote or ":" in remote:
        settings = {"url": remote}
    else:
        hint = f"there are: {', '.join(names)}" if names else f"git remote add {remote} URL"
        raise RefusedError(f"no remote is called {remote!r}", hint)
    tracking = _tracking(config.get(f"remote.{remote}.fetch", []), name)
    return Target(remote=remote, settings=settings, branch=name, tracking=tracking)


def _tracking(specs: list[str], branch: str) -> str | None:
    """Where a clone with these refspecs remembers a remote branch."""
    ref = f"refs/heads/{branch}"
    for spec in specs:
        source, _, target = spec.removeprefix("+").partition(":")
        before, star, after = source.partition("*")
        if target and star and ref.startswith(before) and ref.endswith(after):
            return target.replace("*", ref[len(before) : len(ref) - len(after)], 1)
        if target and source == ref:
            return target
    return None
