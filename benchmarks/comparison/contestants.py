"""Who is compared: how each is started in every scenario, in its fastest honest configuration."""
# ruff: noqa: D102  (the base class says what the methods do)

from __future__ import annotations

import os
import shutil
from pathlib import Path

from comparison.equal import Evidence, from_lockgate, from_text
from comparison.measure import Sample, run
from comparison.packages import BENCHMARKS, Package, check_out
from comparison.workshop import Workshop

# "nothing": nothing has changed; "forced": everything again, warm; "edit": after one edit; "cold": no environments;
# "first": nor anything else that an earlier run of the tool left for its user, other than uv's downloads.
SCENARIOS = ("nothing", "forced", "edit", "cold", "first")
COLD = ("cold", "first")


class Contestant:
    """One tool on one package, with a checkout of its own in `home/project`."""

    name = ""

    def __init__(self, workshop: Workshop, package: Package, home: Path) -> None:
        self.workshop = workshop
        self.package = package
        self.home = home
        self.project = home / "project"

    def lay_out(self) -> None:
        """A fresh checkout with the tool's configuration and nothing else: no environments, no caches."""
        shutil.rmtree(self.home, ignore_errors=True)
        check_out(self.workshop.folder / self.package.name / "pristine", self.project)

    def install(self) -> None:
        """What must happen before a warm run, when a first run does not do it."""

    def command(self, scenario: str) -> list[str | Path]:
        """The command line."""
        raise NotImplementedError

    def environment(self, scenario: str) -> dict[str, str]:
        """The environment variables."""
        del scenario
        return self.workshop.offline

    def start(self, scenario: str, *, memory: bool = False) -> Sample:
        """Run it."""
        return run(self.command(scenario), self.project, self.environment(scenario), memory=memory)

    def evidence(self, sample: Sample) -> Evidence:
        """What a run says that it did."""
        return from_text(sample.output)


class Floor(Contestant):
    """The raw commands."""

    name = "floor"

    def command(self, scenario: str) -> list[str | Path]:
        return self._script("cold" if scenario in COLD else "warm")

    def install(self) -> None:
        shutil.rmtree(self.home / "envs", ignore_errors=True)
        sample = run(self._script("install"), self.project, self.workshop.offline)
        if sample.code != 0:
            raise SystemExit(f"compare: the floor's environments cannot be made:\n{sample.output}")

    def environment(self, scenario: str) -> dict[str, str]:
        settings = self.package.peers / "coveragerc"
        if scenario in COLD and settings.exists():
            return {**self.workshop.offline, "COVERAGE_RCFILE": str(settings)}
        return self.workshop.offline

    def _script(self, mode: str) -> list[str | Path]:
        return [BENCHMARKS / "floor.sh", mode, self.workshop.folder / self.package.name / "pins", self.home / "envs"]


class Lockgate(Contestant):
    """lockgate, from the wheel of this checkout."""

    name = "lockgate"
    tools = "lockgate"

    def command(self, scenario: str) -> list[str | Path]:
        flags = ("--fresh", "--keep-going") if scenario == "forced" else ()
        table = () if self.package.own_table else ("--config", self.package.peers / "lockgate.toml")
        return [self.workshop.tool(self.tools, "lockgate"), "gate", "--format", "json", *table, *flags]

    def environment(self, scenario: str) -> dict[str, str]:
        return {**super().environment(scenario), "XDG_CACHE_HOME": str(self._user_cache)}

    def start(self, scenario: str, *, memory: bool = False) -> Sample:
        if scenario == "first":
            shutil.rmtree(self._user_cache, ignore_errors=True)
        return super().start(scenario, memory=memory)

    @property
    def _user_cache(self) -> Path:
        return self.workshop.folder / f"{self.tools}-cache"

    def evidence(self, sample: Sample) -> Evidence:
        return from_lockgate(sample.output)


class Flagged(Lockgate):
    """lockgate where PYTHONDONTWRITEBYTECODE=1 has always been set: when it was installed, too."""

    name = "lockgate, flagged"
    tools = "lockgate-flagged"

    def environment(self, scenario: str) -> dict[str, str]:
        return {**super().environment(scenario), "PYTHONDONTWRITEBYTECODE": "1"}


class Tox(Contestant):
    """tox with tox-uv, in parallel."""

    name = "tox"

    def lay_out(self) -> None:
        super().lay_out()
        shutil.copy(self.package.peers / "tox.ini", self.home)

    def install(self) -> None:
        # The cold run may have left wheels, which would not see an edit.
        shutil.rmtree(self.project / ".tox", ignore_errors=True)
        sample = run(self._command(), self.project, self.workshop.offline)
        if sample.code != 0:
            raise SystemExit(f"{sample.output}\ncompare: tox's environments cannot be made")

    def command(self, scenario: str) -> list[str | Path]:
        return self._command(*(self.package.tox_cold if scenario in COLD else ("--skip-env-install",)))

    def _command(self, *flags: str) -> list[str | Path]:
        places = ("-c", self.home / "tox.ini", "--root", ".", "--workdir", ".tox")
        return [self.workshop.tool("tox"), "run-parallel", "-p", str(_cores()), *places, *flags]

    def start(self, scenario: str, *, memory: bool = False) -> Sample:
        for log in self.project.glob(".tox/*/log"):
            shutil.rmtree(log)
        return super().start(scenario, memory=memory)

    def evidence(self, sample: Sample) -> Evidence:
        # In parallel tox shows no output of what passed, but keeps it.
        logs = sorted(self.project.glob(".tox/*/log/*commands*.log"))
        return from_text("\n".join([sample.output, *(log.read_text(errors="replace") for log in logs)]))


class Nox(Contestant):
    """nox with uv and -j."""

    name = "nox"

    def lay_out(self) -> None:
        super().lay_out()
        shutil.copy(BENCHMARKS / "peers" / "noxfile.py", self.home)

    def command(self, scenario: str) -> list[str | Path]:
        flags = () if scenario in COLD else ("-R",)
        return [self.workshop.tool("nox"), "-f", self.home / "noxfile.py", "-j", str(_cores()), *flags]


class Hatch(Contestant):
    """hatch with uv."""

    name = "hatch"

    def lay_out(self) -> None:
        super().lay_out()
        shutil.copy(self.package.peers / "hatch.toml", self.project)

    def command(self, scenario: str) -> list[str | Path]:
        del scenario
        return [self.workshop.tool("hatch"), "run", "test:gate"]

    def environment(self, scenario: str) -> dict[str, str]:
        return {**super().environment(scenario), "HATCH_DATA_DIR": str(self.home / "hatch")}


CONTESTANTS: tuple[type[Contestant], ...] = (Floor, Lockgate, Tox, Nox, Hatch)
PEERS = tuple(one.name for one in CONTESTANTS if one not in (Floor, Lockgate))


def _cores() -> int:
    return os.cpu_count() or 1
