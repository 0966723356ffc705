"""`lockgate init`: what it would change, and the change."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from lockgate.flows import nested, precommit
from lockgate.flows.render import Survey, survey
from lockgate.gate import declared
from lockgate.model.actions import NESTED
from lockgate.model.config import CHECKS, Config
from lockgate.model.decode import decode_config
from lockgate.model.errors import UsageError
from lockgate.model.project import Project
from lockgate.ports import git
from lockgate.ports.files import write_atomic
from lockgate.workflows.drift import unified
from lockgate.workflows.files import stamp
from lockgate.workflows.quality import PROTECTION

# Caches of uv and lockgate: a committed one is a poisoned one.
IGNORED = (".uv/", ".uv-cache/", "uv.cache/", ".lockgate/")
_SECURITY = """\
# Security

Please report a vulnerability privately{where}, not in a public issue.
Say what you did, what happened and which version it was.

Only the latest release is supported with security updates.
"""


class Change(msgspec.Struct, frozen=True):
    """A file to write; `before` is None when it does not exist yet."""

    path: Path
    before: str | None
    after: str

    def diff(self, root: Path) -> str:
        """The change as a unified diff."""
        return unified(self.path.relative_to(root).as_posix(), self.before, self.after)


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What `init` would do.

    Attributes:
        root: The repository's folder.
        nested: Text of the nested project to write and lock; None when its lock is there.
        kept: Paths of workflows that lockgate did not write and leaves alone.
        by_hand: What a person has to write, for no rule tells where it belongs.
    """

    root: Path
    changes: tuple[Change, ...]
    nested: str | None
    kept: tuple[str, ...]
    by_hand: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether all is there."""
        return not self.changes and self.nested is None


def set_up(project: Project, source: str | None = None) -> Setup:
    """Read the package and plan; `source` says where lockgate itself comes from.

    Raises:
        LockgateError: A file cannot be read, the table has a mistake, or the source cannot be told.
    """
    written, changes = _with_table(project)
    found = survey(written)
    hook, by_hand = _hooked(found)
    changes += [*_ignored(project.root), *_rendered(found), *_security(found.root), *hook]
    is_locked = (found.root / NESTED / "uv.lock").is_file()
    return Setup(
        root=found.root,
        changes=tuple(changes),
        nested=None if is_locked else nested.text(source, found.root),
        kept=tuple(file.path for file in found.managed() if _is_foreign(found, file.name)),
        by_hand=by_hand,
    )


def _with_table(project: Project) -> tuple[Project, list[Change]]:
    """The package as it will be, and the change that makes it so."""
    if project.tool("lockgate") is not None:
        return project, []
    path = project.root / "pyproject.toml"
    before = _read(path) or ""
    after = _appended(before, table(project))
    try:
        document = tomllib.loads(after.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{path.name}: the table [tool.lockgate] cannot be written behind its end: {error}",
            "write it where the other tools have theirs, then run `lockgate init` again",
        ) from error
    config = decode_config(document["tool"]["lockgate"], file=path.name, text=after)
    return msgspec.structs.replace(project, document=document, config=config, has_table=True), [
        Change(path, before, after)
    ]


def _ignored(root: Path) -> Iterator[Change]:
    path = root / ".gitignore"
    text = _read(path)
    known = {line.strip().lstrip("/") for line in (text or "").splitlines()}
    missing = [entry for entry in IGNORED if entry not in known and entry.rstrip("/") not in known]
    if missing:
        heading = [] if text is None else [""]
        yield Change(path, text, _appended(text or "", [*heading, "# Caches of uv and lockgate", *missing], gap=False))


def _is_foreign(found: Survey, name: str) -> bool:
    text = found.texts[name]
    return text is not None and stamp(text) is None


def _rendered(found: Survey) -> Iterator[Change]:
    for file in found.managed():
        text = found.texts[file.name]
        if text != file.text and not _is_foreign(found, file.name):
            yield Change(found.root / file.path, text, file.text)


def _security(root: Path) -> Iterator[Change]:
    folders = (root, root / ".github", root / "docs")
    names = (entry.name.lower() for folder in folders if folder.is_dir() for entry in folder.iterdir())
    if not any(re.fullmatch(r"security(\.\w+)?", name) for name in names):
        owner, name = repository(root)
        where = f" at https://github.com/{owner}/{name}/security/advisories/new" if owner else ""
        yield Change(root / "SECURITY.md", None, _SECURITY.format(where=where))


def _hooked(found: Survey) -> tuple[list[Change], tuple[str, ...]]:
    """The change that adds the hook, or what to add by hand; neither when the package does not use pre-commit."""
    path = found.root / precommit.NAME
    text = _read(path)
    if text is None or precommit.has_hook(text):
        return [], ()
    place = f" -C {shlex.quote(found.facts.folder)}" if found.facts.folder else ""
    entry = f"uv run --project {NESTED} --locked lockgate render{place} --check"
    after = precommit.hooked(text, entry)
    if after is None:
        lines = "".join(f"\n    {line}" for line in precommit.block(entry))
        return [], (f"{precommit.NAME}: put this into `repos` yourself:{lines}",)
    return [Change(path, text, after)], ()


def repository(root: Path) -> tuple[str, str]:
    """Owner and name of the repository on github.com, as its remote tells; empty where it does not."""
    match = re.fullmatch(
        r"(?:[a-z+]+://)?(?:[^@/]*@)?(?:(?:www|ssh)\.)?github\.com(?::\d+)?[:/]+([^/]+)/([^/]+?)(?:\.git)?/*",
        git.remote_url(root) or "",
        re.IGNORECASE,
    )
    return (match[1], match[2]) if match else ("", "")


def table(project: Project) -> list[str]:
    """The lines of the table: only what the defaults would get wrong for this package."""
    lines = ["# Everything has a default: `lockgate schema config` lists the keys.", "[tool.lockgate]"]
    if not any("Python :: 3." in str(text) for text in project.document.get("project", {}).get("classifiers", [])):
        lines.append(f"python = [{_quoted(project.pythons)}]")
    without = set()
    if declared.type_checker(project) is None:
        without.add("types")
    if not project.has_tests:
        without |= {"test", "coverage"}
    if without:
        names = _quoted(name for name in CHECKS if name not in without)
        lines.append(f"checks = [{names}]  # add {', '.join(sorted(without))} when the package has them")
    return lines


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def apply(planned: Setup) -> None:
    """Write the files; lockgate's own lock first, for without it nothing else is of use.

    Raises:
        UsageError: A file cannot be written.
        UnknownError: lockgate itself cannot be locked; nothing is written.
    """
    if planned.nested is not None:
        nested.lock(planned.root, planned.nested)
    for change in planned.changes:
        try:
            write_atomic(change.path.resolve(), change.after.encode())  # a link stays one
        except OSError as error:
            raise UsageError(f"{change.path}: {error.strerror or error}") from error


def next_steps(project: Project, root: Path) -> str:
    """What a person has to do: nobody else can tell the index and GitHub whom to trust."""
    owner, name = repository(root)
    config = project.config
    trust = (
        "let the index trust the workflow: in the project's publishing settings add a GitHub publisher\n"
        f"       PyPI project name  {project.name}\n"
        f"       Owner              {owner or '<owner of the repository>'}\n"
        f"       Repository name    {name or '<name of the repository>'}\n"
        "       Workflow name      publish.yml\n"
        f"       Environment name   {config.publish.environment}"
    )
    steps = [
        "lockgate doctor && lockgate gate, then commit what was written",
        trust,
        *([] if config.owners else ['name who reviews: [tool.lockgate] owners = ["@you"], then lockgate render']),
        "lockgate protect plan --replay: branch protection that waits for these checks, and what it would have blocked",
        *_protection_token(config),
    ]
    return "Next:\n" + "".join(f"  {number}. {step}\n" for number, step in enumerate(steps, 1))


def _protection_token(config: Config) -> list[str]:
    """What the scheduled check needs."""
    wanted = config.protection
    if config.phase.protection == "off" or not (wanted.app or wanted.token):
        return []
    name = f"{wanted.app}_KEY" if wanted.app else wanted.token
    whose = "the key of a GitHub App" if wanted.app else "a fine-grained token"
    what = f"{whose} that may read Administration and Actions,\n       for the daily protection-check"
    return [f"gh secret set {name} --env {PROTECTION}: {what}"]


def _read(path: Path) -> str | None:
    try:
        # No newline translation: a file keeps the line ends that it has.
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name}: cannot be read: {error}") from error


def _appended(text: str, lines: list[str], *, gap: bool = True) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    start = "" if not text or text.endswith("\n") else newline
    return text + start + (newline if text and gap else "") + newline.join(lines) + newline
