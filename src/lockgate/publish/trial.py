"""The built wheel as a user gets it: installed in a fresh environment, imported, and tested without the source tree."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec
from packaging.tags import compatible_tags, cpython_tags, sys_tags
from packaging.utils import parse_wheel_filename

from lockgate.model.project import minor
from lockgate.ports import surroundings
from lockgate.ports.installer import Errand, Installer, NoEnvironmentError, explain, last_line
from lockgate.ports.process import Command, run
from lockgate.publish.contents import members

_NOTHING_COLLECTED = 5  # pytest's exit code
_IMPORT = "import importlib,json,sys;print(json.dumps([importlib.import_module(n).__file__ for n in sys.argv[1:]]))"
_MODULE = re.compile(r"([A-Za-z_]\w*)(?:\.[^/]*)?\.(?:py|so|pyd)")

_TEST = re.compile(r"(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """What the trials of all Pythons share.

    Attributes:
        source: The checked out repository, with the package in `inside` (relative to it).
        wheels: Those of this release.
        tracked: sha256 by path of the package's files in git.
        install: Arguments of `uv pip install` for what the tests need.
        tests: There is something to test with.
        timeout: Seconds for the tests.
    """

    source: Path
    inside: str
    wheels: tuple[Path, ...]
    tracked: Mapping[str, str]
    install: tuple[str, ...]
    extras: tuple[str, ...]
    tests: bool
    args: tuple[str, ...]
    environment: Mapping[str, str]
    timeout: float


class _Session(msgspec.Struct):
    where: dict[str, str | None]
    counts: dict[str, int]
    exit: int | None


def fitting(wheels: Collection[Path], python: str) -> Path | None:
    """The wheel that this Python on this machine would take."""
    numbers = minor(python)
    platforms = list(dict.fromkeys(tag.platform for tag in sys_tags() if tag.platform != "any"))
    short = f"cp{numbers[0]}{numbers[1]}"
    accepted = [*cpython_tags(numbers, [short], platforms), *compatible_tags(numbers, short, platforms)]
    by_tag = {tag: path for path in wheels for tag in parse_wheel_filename(path.name)[3]}
    return next((by_tag[tag] for tag in accepted if tag in by_tag), None)


def modules(names: Collection[str]) -> dict[str, str]:
    """What can be imported from a wheel with these members: its path there by the module's name."""
    found = {}
    packages = {name.rpartition("/")[0] for name in names if re.search(r"/__init__\.(py|[^/]*\.?(so|pyd))$", name)}
    for one in sorted(packages):
        # Below a package is what it imports by itself; above it may be a namespace.
        if all(part.isidentifier() for part in one.split("/")) and not any(one.startswith(f"{up}/") for up in packages):
            found[one.replace("/", ".")] = one
    for name in names:
        single = _MODULE.fullmatch(name)
        if single:
            found[single[1]] = name
    # A namespace alone: which of its modules can be imported without more, nobody says.
    tops = (name.partition("/")[0] for name in names if name.endswith(".py"))
    return found or {top: top for top in tops if top.isidentifier()}


def trial(bench: Bench, python: str, interpreter: str, folder: Path, errand: Errand) -> str:
    """Install, import and test on one Python, in the new `folder`; returns what was seen.

    Raises:
        NoEnvironmentError: It fails, or something was missing.
    """
    wheel = fitting(bench.wheels, python)
    if wheel is None:
        raise NoEnvironmentError(
            "unknown", f"no wheel is for Python {python} on this machine; the others cannot be tried here"
        )
    inside = members(wheel)
    importable = modules(inside)
    if not importable:
        raise NoEnvironmentError("fail", f"{wheel.name} has no module that could be imported")
    folder.mkdir()
    copy = folder / "source"
    shutil.copytree(bench.source, copy, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    place = copy / bench.inside
    _hide(place, inside, importable, bench.tracked)
    environment = folder / "env"
    extras = f"[{','.join(bench.extras)}]" if bench.extras else ""
    name = wheel.name.partition("-")[0]
    errand.say("installing")
    uv = Installer(place, offline=False)
    wanted = (f"{name}{extras} @ {wheel.as_uri()}", *bench.install) if bench.tests else (str(wheel),)
    for arguments in (
        ("venv", "--python", interpreter, str(environment)),
        ("pip", "install", "--python", str(environment), *wanted),
    ):
        done = uv.run(arguments, errand)
        if done.cancelled:
            raise NoEnvironmentError("skipped", "stopped while installing")
        if done.code != 0:
            raise explain(done, list(arguments))
    errand.say("importing")
    _imported(environment, folder, bench, sorted(importable), errand)
    if not bench.tests:
        return f"imports {', '.join(sorted(importable))}; the project has no tests"
    errand.say("testing")
    return _tested(environment, place, bench, sorted(importable), errand)


def _hide(place: Path, inside: Mapping[str, bytes], importable: Mapping[str, str], tracked: Mapping[str, str]) -> None:
    """Take the package's own modules out of the copy: only the wheel can give them."""
    for path in importable.values():
        below = [one for one in inside if one == path or one.startswith(f"{path}/")]
        votes: dict[str, int] = {}
        for file in tracked:
            for one in below:
                if file == one or file.endswith(f"/{one}"):
                    prefix = file[: len(file) - len(one)]
                    votes[prefix] = votes.get(prefix, 0) + 1
        # Of places with as many of its files, e.g. a fixture's copy, the nearest to the top.
        for prefix in sorted(votes, key=lambda one: (-votes[one], len(one)))[:1]:
            hidden = place / f"{prefix}{path}"
            # Modules that the wheel forgot lie beside it, and a test's path may lead there.
            beside = [file for file in tracked if file.startswith(prefix) and not file.startswith(f"{prefix}{path}")]
            if Path(prefix).name == "src" and not any(_TEST.search(file) for file in beside):
                hidden = place / prefix
            shutil.rmtree(hidden) if hidden.is_dir() else hidden.unlink(missing_ok=True)


def _imported(environment: Path, folder: Path, bench: Bench, names: Sequence[str], errand: Errand) -> None:
    """Import each, from anywhere but the source; it must come from the environment."""
    command = Command(
        argv=(str(environment / "bin" / "python"), "-I", "-c", _IMPORT, *names),
        cwd=folder,
        environment=bench.environment,
        timeout=bench.timeout,
        split=True,
    )
    done = run(command, errand.cancel)
    if done.code != 0:
        raise NoEnvironmentError("fail", f"it does not import: {last_line(done.error or done.output)}", done.error)
    _refuse_strangers(dict(zip(names, json.loads(done.output.splitlines()[-1]), strict=True)), environment)


def _refuse_strangers(where: Mapping[str, str | None], environment: Path) -> None:
    root = environment.resolve()
    for name, file in where.items():
        if file is not None and not Path(file).resolve().is_relative_to(root):
            raise NoEnvironmentError("fail", f"{name} came from {file}, not from the wheel")


def _tested(environment: Path, place: Path, bench: Bench, names: Sequence[str], errand: Errand) -> str:
    reports = environment / "lockgate-trial"
    reports.mkdir()
    site = next(environment.glob("lib/python3*/site-packages"))
    shutil.copyfile(Path(__file__).with_name("witness.py"), site / "lockgate_witness.py")
    # Measuring is the gate's business, and the sources that it would measure are not here.
    versions = {path.name.partition("-")[0] for path in site.glob("*.dist-info")}
    uncovered = ("--no-cov",) if "pytest_cov" in versions else ()
    start = (str(environment / "bin" / "python"), "-m", "pytest", "-p", "lockgate_witness", "-p", "no:cacheprovider")
    command = Command(
        argv=(*start, *uncovered, *bench.args),
        cwd=place,
        environment={**bench.environment, "LOCKGATE_TRIAL": str(reports), "LOCKGATE_MODULES": json.dumps(names)},
        timeout=bench.timeout,
    )
    done = run(command, errand.cancel)
    if done.code == _NOTHING_COLLECTED:
        # Tests that ship inside the package.
        done = run(msgspec.structs.replace(command, argv=(*command.argv, "--pyargs", *names)), errand.cancel)
    if done.cancelled:
        raise NoEnvironmentError("skipped", "stopped while testing")
    if done.timed_out:
        raise NoEnvironmentError("fail", f"its tests did not end within {bench.timeout:.0f} s", done.output)
    if done.code == _NOTHING_COLLECTED:
        raise NoEnvironmentError("unknown", "no test was found outside of the package, nor in the wheel", done.output)
    if done.code != 0:
        raise NoEnvironmentError(
            "fail", f"its tests fail without the source tree: {_telling(done.output)}", done.output
        )
    sessions = [msgspec.json.decode(path.read_bytes(), type=_Session) for path in reports.glob("*.json")]
    counts = next((one.counts for one in sessions if one.exit == 0), {})
    if not counts.get("passed") or counts.get("failed"):
        raise NoEnvironmentError("fail", f"pytest ended with exit 0, but its tests did not pass: {counts}", done.output)
    for session in sessions:
        _refuse_strangers(session.where, environment)
    had = any(session.where for session in sessions)
    return f"{counts['passed']} tests passed {'against' if had else 'beside'} the wheel" + (
        "" if had else ": their own process imported nothing of it"
    )


def _telling(output: str) -> str:
    """The line of pytest's output that says most."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for pattern in (r"E  +\w*(Error|Exception|assert)", r"E  ", r"FAILED|ERROR|\w*Error\b"):
        found = next((line for line in lines if re.match(pattern, line)), None)
        if found is not None:
            return found.removeprefix("E").strip()
    return lines[-1] if lines else "no output"


def environment_of(declared: Collection[str]) -> dict[str, str]:
    """What the tests see: as in the gate, and neither byte code nor anybody's PYTHONPATH."""
    seen = surroundings.for_checks(declared)
    seen.pop("PYTHONPATH", None)
    return {**seen, "PYTHONDONTWRITEBYTECODE": "1"}
