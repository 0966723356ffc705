"""`lockgate publish build`: build, prove, promote; and keep for ever what was promoted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from lockgate.flows.publish_plan import order_of
from lockgate.flows.publishing import Desk, Wishes, again, desk, tell
from lockgate.gate import declared
from lockgate.model.duration import parse_duration
from lockgate.model.errors import InterruptedByUserError, LockgateError, UnknownError, UsageError
from lockgate.model.gate import Check
from lockgate.model.project import Project, normalize
from lockgate.model.release import Ledger, PublishReport, ReleaseFile, kind_of
from lockgate.model.shown import printable
from lockgate.model.verdict import Verdict, overall
from lockgate.ports import checkout, clock, git, uv
from lockgate.ports.console import Console
from lockgate.ports.display import Board, Lines, open_display
from lockgate.ports.family import Adoption
from lockgate.ports.installer import Errand, Installer, NoEnvironmentError, explain
from lockgate.ports.interpreters import Finder
from lockgate.ports.process import Cancel, cores
from lockgate.ports.pyproject import read_project
from lockgate.ports.releases import sha256
from lockgate.ports.signals import Signals
from lockgate.ports.state import open_state, run_folder
from lockgate.publish import contents, proofs
from lockgate.publish import ledger as moves
from lockgate.publish.sbom import sbom
from lockgate.publish.trial import Bench, environment_of, trial
from lockgate.publish.workshop import Workshop, same_modes


def build(wishes: Wishes, console: Console) -> int:
    """Build and prove the files, or keep those that were; returns the exit code.

    Raises:
        LockgateError: See its subclasses; `dist/` is then as it was.
    """
    begun = clock.monotonic()
    with desk(wishes, console) as at:
        ledger = at.needed()
        if ledger.state == "planned":
            _refuse_unplanned(at, ledger)
            ledger, verdict, reason = _Builder(at, ledger, wishes, console).build()
        else:
            wrong = moves.different(ledger, at.store.hashes())
            verdict = "fail" if wrong or ledger.state == "burned" else "pass"
            reason = (
                f"{at.store.dist}: {'; '.join(wrong)}; put the built files back, they are not rebuilt"
                if wrong
                else ledger.reason
            )
            console.say("lockgate: the built files are kept: what is released is never rebuilt")
        report = PublishReport(
            verdict=verdict,
            command="build",
            dry_run=wishes.dry_run,
            seconds=round(clock.monotonic() - begun, 3),
            folder=str(at.store.folder),
            ledger=ledger,
            reason=reason,
            next=again(wishes, ledger) if verdict == "pass" else None,
        )
    return tell(report, wishes, console)


def _refuse_unplanned(at: Desk, ledger: Ledger) -> None:
    if at.project is None:
        raise UsageError("there is no package here to build", "run it in the package's clone: -C DIR")
    if at.index != ledger.index:
        raise UsageError(
            f"it is planned for {ledger.index}, not for {at.index}",
            f"plan it for that one: lockgate publish plan {ledger.version} --index {at.index}",
        )
    head = git.head(at.project.root)
    if head is not None and head != ledger.commit:
        raise UsageError(
            f"it is planned for commit {ledger.commit[:12]}, but this is {head[:12]}",
            f"plan this one: lockgate publish plan {ledger.version}",
        )
    if moves.verdict(ledger) != "pass" and at.project.config.phase.publishing == "enforce":
        open_ = [one.name for one in ledger.prerequisites if one.status != "pass"]
        kind = UnknownError if moves.verdict(ledger) == "unknown" else LockgateError
        raise kind(
            f"nothing is built before the plan passes: {', '.join(open_) or 'it was never made'}",
            f"lockgate publish plan {ledger.version}",
        )


class _Builder:
    """One build of one planned release."""

    def __init__(self, at: Desk, ledger: Ledger, wishes: Wishes, console: Console) -> None:
        assert at.project is not None  # noqa: S101  (refused before)
        self._at, self._ledger, self._wishes, self._console = at, ledger, wishes, console
        self._root = at.project.root
        self._cancel = Cancel()
        self._results: dict[str, proofs.Proof] = {}

    def build(self) -> tuple[Ledger, Verdict, str | None]:
        """The ledger after it, the verdict, and why it is not pass."""
        uv.find_uv()
        state = open_state(self._root)
        with run_folder(state) as folder, same_modes(), Signals(self._cancel.set), Adoption():
            first = checkout.check_out(self._root, self._ledger.commit, folder / "a")
            # Another length of path, too: what a build remembers of where it was made shows.
            second = checkout.check_out(self._root, self._ledger.commit, folder / "another")
            project = read_project(first, self._wishes.config_file and self._wishes.config_file.resolve())
            with open_display(self._console) as display:
                display.planned(dict.fromkeys(["build", *_PROOFS, *(f"wheel-{one}" for one in project.pythons)], 0.0))
                files, notes, lock = self._prove(project, (first, second), folder, display)
            for path in files if not self._console.quiet else ():
                self._console.say(contents.tree(path))
            if self._cancel.requested():
                raise InterruptedByUserError("interrupted; nothing was promoted")
            ledger = msgspec.structs.replace(self._ledger, build_lock=lock)
            for name, proof in self._results.items():
                ledger = moves.noted(ledger, name, proof.status, clock.now(), proof.detail)
                for line in proof.output.strip().splitlines()[-_EXCERPT:]:
                    self._console.say(f"  {name} │ {printable(line)}")
            verdict = overall(proof.status for proof in self._results.values())
            bad = [f"{name}: {proof.detail}" for name, proof in self._results.items() if proof.status != "pass"]
            if verdict == "pass":
                ledger = self._promote(ledger, project, first, files, notes, folder)
            self._at.store.write(ledger)
            return ledger, verdict, "\n".join(bad) or None

    def _prove(
        self, project: Project, sources: tuple[Path, Path], folder: Path, display: Lines | Board
    ) -> tuple[tuple[Path, ...], tuple[str, ...], str | None]:
        """The files and what to note of them, after every proof; nothing but the build stops the others."""
        told = self._ledger.version if declared.version_from_git(project) else None
        shop = Workshop(
            order_of(project, self._root, self._ledger.commit, told), folder, self._errand("build", display)
        )
        made: list[proofs.Made] = []
        files: list[Path] = []
        notes: list[str] = []

        def built() -> str:
            made.append(proofs.build_twice(shop, sources, folder))
            wheels = proofs.supplied(self._wishes.wheels, made[0])
            files.extend((made[0].sdist, *wheels))
            notes.extend(made[0].notes)
            return f"{', '.join(path.name for path in files)}, twice the same"

        if self._one("build", built, display) != "pass":
            return (), (), shop.lock
        top = folder / "a"
        # What is beside the package in its repository is called `../…`.
        known = {os.path.relpath(top / one, sources[0]): sha256(top / one) for one in _tracked(top)}
        tracked = {name: digest for name, digest in known.items() if not name.startswith("../")}
        place = self._errand("metadata", display)

        def described() -> str:
            notes.extend(proofs.described(files, project.name, self._ledger.version, folder, place))
            return "an index takes and shows it"

        self._one("from-sdist", lambda: proofs.from_sdist(shop, made[0], folder), display)
        self._one("contents", lambda: proofs.clean(files, known, project.config.publish.declared), display)
        self._one("metadata", described, display)
        wheels = tuple(path for path in files if kind_of(path.name) == "wheel")
        bench = self._bench(project, sources[0], folder, wheels, tracked)
        finder = Finder(open_state(self._root) / "cache" / "interpreters.json")

        def tried(python: str) -> None:
            name = f"wheel-{python}"
            errand = self._errand(name, display)
            self._one(
                name, lambda: trial(bench(), python, _interpreter(finder, python), folder / name, errand), display
            )

        with ThreadPoolExecutor(min(cores(), len(project.pythons))) as pool:
            list(pool.map(tried, project.pythons))
        return tuple(files), tuple(notes), shop.lock

    def _errand(self, name: str, display: Lines | Board) -> Errand:
        return Errand(self._cancel, partial(display.noted, name), lambda _what: None)

    def _one(self, name: str, step: Callable[[], str], display: Lines | Board) -> str:
        """Take one proof; its status."""
        begun = clock.monotonic()
        display.started(name)
        proof = self._results[name] = proofs.proved(step)
        seconds = round(clock.monotonic() - begun, 3)
        display.finished(Check(name=name, status=proof.status, seconds=seconds, reason=proof.detail), "")
        return proof.status

    def _bench(
        self, project: Project, inside: Path, folder: Path, wheels: tuple[Path, ...], tracked: Mapping[str, str]
    ) -> Callable[[], Bench]:
        """What the trials share; what the tests need is read once, from the lock if there is one."""
        top = folder / "a"
        groups = declared.groups(project, with_tools=False)
        extras = declared.extras(project, with_tools=False)
        install = [
            *project.config.packages,
            "pytest",
            *(part for one in project.config.requirements for part in ("-r", one)),
        ]
        if project.lock is None:
            install += [part for one in groups for part in ("--group", one)]
        elif project.has_tests:
            locked = folder / "locked.txt"
            flags = ["--locked", "--no-emit-project", "--no-header", "--no-annotate", "-q", "-o", str(locked)]
            flags += [] if project.config.groups is None else ["--no-default-groups"]
            flags += [part for one in groups for part in ("--group", one)] + [
                part for one in extras for part in ("--extra", one)
            ]
            flags += ["--package", project.name] if project.lock.parent != project.root else []
            done = Installer(inside, offline=False).run(("export", *flags), Errand(self._cancel, _mute, _mute))
            install += ["-r", str(locked)]
            if done.code != 0:
                reason = explain(done, ["export"])

                def broken() -> Bench:
                    raise reason

                return broken
        bench = Bench(
            source=top,
            inside=inside.relative_to(top).as_posix(),
            wheels=wheels,
            tracked=tracked,
            install=tuple(install),
            extras=extras,
            tests=project.has_tests,
            args=project.config.test.args,
            environment=environment_of(project.config.env),
            timeout=parse_duration(project.config.test.timeout),
        )
        return lambda: bench

    def _promote(
        self,
        ledger: Ledger,
        project: Project,
        inside: Path,
        files: tuple[Path, ...],
        notes: tuple[str, ...],
        folder: Path,
    ) -> Ledger:
        """Copy the proved bytes into `dist/`, in one step; the ledger that says so is written last."""
        listed = [
            ReleaseFile(
                name=path.name, kind=kind_of(path.name) or "wheel", sha256=sha256(path), size=path.stat().st_size
            )
            for path in files
        ]
        fields = contents.metadata_of(files[0])
        bill = sbom(
            normalize(project.name),
            ledger.version,
            ledger.source_date_epoch,
            listed,
            self._resolved(project, inside, folder),
            contents.needs(fields),
        )
        digest = self._at.store.promote(files, bill)
        wrong = moves.different(moves.built(ledger, listed, digest, notes, 0), self._at.store.hashes())
        if wrong:
            raise UnknownError(f"{self._at.store.dist} is not what was built: {'; '.join(wrong)}", "build again")
        return moves.built(ledger, listed, digest, notes, clock.now(), ", ".join(one.name for one in listed))

    def _resolved(self, project: Project, inside: Path, folder: Path) -> Mapping[str, Any] | None:
        """What the lock says that the package needs at run time, as CycloneDX."""
        if project.lock is None:
            return None
        target = folder / "export.json"
        flags = ["--format", "cyclonedx1.5", "--locked", "--no-default-groups", "-q", "-o", str(target)]
        flags += ["--package", project.name] if project.lock.parent != project.root else []
        done = Installer(inside, offline=False).run(("export", *flags), Errand(self._cancel, _mute, _mute))
        if done.code != 0:
            raise UnknownError(f"no bill of materials: {explain(done, ['export']).reason}", "see `uv export`")
        return msgspec.json.decode(target.read_bytes(), type=dict[str, Any])


_EXCERPT = 30  # lines of what a tool said that failed
_PROOFS = ("from-sdist", "contents", "metadata")


def _mute(_what: str) -> None:
    """Nobody waits for it."""


def _tracked(root: Path) -> tuple[str, ...]:
    return tuple(name for name in map(os.fsdecode, git.tracked(root)) if (root / name).is_file())


def _interpreter(finder: Finder, python: str) -> str:
    """The interpreter's path, or its version where uv may fetch it."""
    found = finder.find(python)
    if found is None and not uv.may_download_pythons(os.environ, offline=False):
        raise NoEnvironmentError(
            "unknown", f"Python {python} is not on this machine and may not be downloaded: uv python install {python}"
        )
    return found.path if found else python
