"""A remote repository: looked at, fetched from without touching a reference, pushed to by compare-and-swap."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from lockgate.model.errors import RefusedError, UnknownError
from lockgate.ports import clock
from lockgate.ports.credentials import configured, redacted
from lockgate.ports.repository import GitError, Repository

Outcome = Literal["done", "race", "refused", "unclear"]
_RACE = (
    r"stale info|fetch first|non-fast-forward|failed to update ref|cannot lock ref|failed to lock|reference already"
    r" exists|incorrect old value|atomic push fail|atomic transaction failed|remote ref updated since checkout"
)
_DENIED = (
    r"permission|denied|forbidden|authentication failed|error: 40[13]|could not read (?:username|password)|"
    r"authorization|invalid credentials|host key verification"
)
_MISSING = (
    r"not found|does not appear to be a git repository|no such (?:remote|device)|does not exist|error: 404|"
    r"unable to find remote helper|repository .* not exported"
)
_NO_ROOM = r"no space left|quota exceeded|out of diskspace|read-only file system"
_NEXT = (
    ("GH006|GH013|protected branch|rule violations",
     "the branch is protected: open a pull request, or let automation push to an unprotected branch (--branch NAME)"),
    ("GH001|file size limit|exceeds", "take the large file out of the commits, then run it again"),
    ("shallow update", "git fetch --unshallow, then run it again"),
    ("hook declined", "mend what the hook says, then run it again"),
    (_DENIED, "check the credentials; in GitHub Actions the job needs `permissions: contents: write` and GH_TOKEN"),
    (_MISSING, "check the address: git remote -v; git remote set-url NAME URL mends it"),
)  # fmt: skip
_ALIAS = "lockgate-target"
_PUSHES_UNPACED = 4
_PACE = 10.0  # seconds between pushes: GitHub asks for no more than about six a minute


class Update(msgspec.Struct, frozen=True):
    """A reference of the remote: from exactly `old` (None: it must not be there) to `new` (None: deleted)."""

    ref: str
    old: str | None
    new: str | None


class Pushed(msgspec.Struct, frozen=True):
    """What became of a push, by reference; `said` is what the remote said, without secrets."""

    outcomes: dict[str, Outcome]
    said: str


class Remote:
    """One remote of a repository.

    It is looked at and pushed to under a name of its own, which only these processes know and which has no refspecs:
    git then updates no reference of the clone by itself, and no address stands on a command line.

    Args:
        name: A configured name, or an address.
        settings: What is configured for it, by the last part of the key; `url` is where pushes go.
        say: Told of what takes longer than a second.
        is_paced: Pushes keep to GitHub's recommended rate.

    Attributes:
        pushes: Pushes sent so far.
    """

    def __init__(
        self,
        repository: Repository,
        name: str,
        settings: Mapping[str, str],
        say: Callable[[str], None],
        *,
        is_paced: bool,
    ) -> None:
        self._repository = repository
        self._say = say
        self._name = name
        pairs = [(f"remote.{_ALIAS}.{key}", value) for key, value in settings.items()]
        self._environment = configured(pairs, repository.environment)
        self._is_paced = is_paced
        self._last = 0.0
        self.pushes = 0
        self.shown = redacted(name)

    def look(self, *patterns: str) -> dict[str, str]:
        """The remote's references that match, with their ids.

        Raises:
            RefusedError: It is not there, or does not let us in.
            UnknownError: It cannot be reached.
        """
        try:
            done = self._repository.git(
                "ls-remote", "--refs", _ALIAS, *patterns, environment=self._environment,
                patience=lambda: self._waiting("say what it has"),
            )  # fmt: skip
        except GitError as error:
            raise self._trouble(error) from None
        lines = (line.split("\t", 1) for line in done.text.splitlines() if "\t" in line)
        return {ref: oid for oid, ref in lines}

    def fetch(self, *refs: str) -> bool:
        """Bring the objects of references; no reference and no FETCH_HEAD changes. False: one of them is gone.

        Raises:
            RefusedError: See `look`.
            UnknownError: See `look`.
        """
        apart = ("--no-write-fetch-head", "--no-auto-gc", "--no-tags", "--no-recurse-submodules", "--refmap=", "-q")
        try:
            self._repository.git("fetch", *apart, self._name, *refs, patience=lambda: self._waiting("give what is new"))
        except GitError as error:
            if "couldn't find remote ref" in error.said or "not our ref" in error.said:
                return False
            raise self._trouble(error) from None
        return True

    def push(self, updates: Sequence[Update], *, atomic: bool) -> Pushed:
        """Swap references, each only from the value that is expected; the caller has run the user's hook."""
        if self._is_paced and self.pushes >= _PUSHES_UNPACED:
            time.sleep(max(0.0, self._last + _PACE - clock.monotonic()))
        self.pushes += 1
        leases = [f"--force-with-lease={one.ref}:{one.old or ''}" for one in updates]
        specs = [f"{one.new or ''}:{one.ref}" for one in updates]
        how = ["--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", *leases]
        how += ["--atomic"] if atomic else []
        done = self._repository.git(
            "push", *how, _ALIAS, *specs, codes=tuple(range(256)), environment=self._environment,
            patience=lambda: self._waiting("take the push"),
        )  # fmt: skip
        self._last = clock.monotonic()
        lines = [line.split("\t") for line in done.out.decode(errors="replace").splitlines()]
        results = {one[1].rpartition(":")[2]: (one[0], one[2]) for one in lines if len(one) > 2}  # noqa: PLR2004
        said = redacted(done.err).strip()
        reasons = "; ".join(summary for flag, summary in results.values() if flag == "!")
        return Pushed({one.ref: _outcome(results.get(one.ref), said) for one in updates}, _told(said, reasons))

    def _waiting(self, what: str) -> None:
        self._say(f"waiting for {self.shown} to {what}")

    def _trouble(self, error: GitError) -> RefusedError | UnknownError:
        said = _told(redacted(error.said), "")
        if _says(_NO_ROOM, said):
            return UnknownError(
                f"what {self.shown} has does not fit in here: {said}", "free some space, then run it again"
            )
        if _says(_DENIED, said) or _says(_MISSING, said):
            return RefusedError(f"{self.shown}: {said}", next_step(said))
        return UnknownError(f"{self.shown} could not be reached: {said}", "check the network, then run it again")


def _outcome(result: tuple[str, str] | None, said: str) -> Outcome:
    if result is None:
        # Not a word about this reference: the connection, or an answer to the whole push.
        return (
            "refused" if _says(_DENIED, said) or _says(_MISSING, said) or "not support --atomic" in said else "unclear"
        )
    flag, summary = result
    if flag != "!":
        return "done"
    if _says(_RACE, summary):
        return "race"
    return "unclear" if "remote failure" in summary or "no match" in summary else "refused"


def _says(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def next_step(said: str) -> str | None:
    """What to do about what a remote said."""
    return next((step for pattern, step in _NEXT if _says(pattern, said)), None)


def _told(said: str, reasons: str) -> str:
    """The lines of a remote that say why, in one."""
    lines = [re.sub(r"^(remote|error|fatal): ", "", line).strip() for line in said.splitlines()
             if line.startswith(("remote:", "fatal:", "error:", "ssh:", "git@"))
             and "failed to push some refs" not in line]  # fmt: skip
    kept = list(dict.fromkeys(line for line in [*lines, reasons] if line.strip(" =*-")))
    return "; ".join(kept) or said or "it did not say why"
