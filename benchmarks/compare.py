#!/usr/bin/env python3
"""Compare lockgate with tox, nox, hatch and a floor of raw commands, and print a table of ratios.

    python benchmarks/compare.py                                  everything: 7 rounds, about 40 minutes on two cores
    python benchmarks/compare.py --rounds 1 --only mypylogger --scenario forced

What is measured, and what is equal, stands in benchmarks/README.md. Needs Python >= 3.11, uv, git and CPython
3.8 to 3.12, and the package index for a first download; a full run writes benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from comparison.contestants import COLD, CONTESTANTS, PEERS, SCENARIOS, Contestant, Flagged, Lockgate
from comparison.equal import Evidence, differences
from comparison.measure import Sample, can_watch, run
from comparison.packages import BENCHMARKS, FAULTS, PACKAGES, Package, edit, fetch, plant, pull
from comparison.table import Results, figures, startup, targets, verdicts
from comparison.workshop import Workshop

_Item = TypeVar("_Item")
_MEMORY_ROUNDS = 3
_STARTUP_ROUNDS = 3  # per round: it is short and noisy


class Comparison:
    """All contestants on one package."""

    def __init__(self, workshop: Workshop, package: Package, peers: Sequence[str], rounds: int) -> None:
        self._workshop = workshop
        self._package = package
        self._rounds = rounds
        self._folder = workshop.folder / package.name
        wanted = [one for one in CONTESTANTS if one.name not in PEERS or one.name in peers]
        self._warm = [one(workshop, package, self._folder / "warm" / one.name) for one in wanted]
        self._cold = [one(workshop, package, self._folder / "cold" / one.name) for one in wanted]
        self._pristine = self._folder / "pristine"
        self._reference: Evidence | None = None
        self._edits = 0
        self.results = Results(package.title)

    def prepare(self, *, faults: bool) -> None:
        """Fetch the package, warm the download cache, and prove that everybody does the same work."""
        self._folder.mkdir(parents=True)
        fetch(self._package, self._folder, self._workshop.tool("pip"), self._workshop.online)
        self._workshop.pins(self._package, self._pristine)
        for one in self._warm:
            _say(f"{self._package.name}: {one.name} is set up")
            one.lay_out()
            with_network(one)
            one.install()
            self._settle(one)
        if faults:
            for one in self._warm:
                self._refuse_faults(one)

    def _settle(self, one: Contestant) -> None:
        sample = one.start("forced")
        self._check(one, sample, "forced")
        if isinstance(one, Lockgate):
            verbose = run([*one.command("forced"), "-v"], one.project, one.environment("forced"))
            self._check(one, verbose, "forced")

    def _check(self, one: Contestant, sample: Sample, scenario: str) -> None:
        """Stop the benchmark when a run did not do the whole work."""
        evidence = one.evidence(sample)
        if self._reference is None:
            self._reference = evidence
        wrong = [f"exit {sample.code}"] if sample.code != 0 else []
        wrong += differences(evidence, self._reference)
        if isinstance(one, Lockgate) and evidence.cached != (9 if scenario == "nothing" else 0):
            wrong.append(f"{evidence.cached} checks came from the cache")
        if wrong:
            raise SystemExit(f"{sample.output}\ncompare: {one.name}, {scenario}: unequal work: {'; '.join(wrong)}")

    def _refuse_faults(self, one: Contestant) -> None:
        """Plant one mistake per kind of check: whoever accepts it does not do that check."""
        for fault in FAULTS:
            plant(fault, self._package, one.project)
            sample = one.start("forced")
            pull(fault, self._package, self._pristine, one.project)
            failed = one.evidence(sample).failed
            if sample.code == 0 or (isinstance(one, Lockgate) and failed != {fault.check}):
                raise SystemExit(
                    f"{sample.output}\ncompare: {one.name} accepted a fault in {fault.check} (failed: {failed})"
                )
        _say(f"{self._package.name}: {one.name} refused all {len(FAULTS)} planted faults")

    def measure(self, scenario: str, *, memory: bool) -> None:
        """All rounds of one scenario; within a round everybody runs once, each round in another order."""
        contestants = self._cold if scenario in COLD else self._warm
        for one in contestants:
            if scenario not in COLD:
                one.start("edit")  # after another scenario's edits
        self.results.timed[scenario] = self._all_rounds(contestants, scenario, self._rounds)
        if memory and scenario != "nothing":
            rounds = min(_MEMORY_ROUNDS, self._rounds)
            self.results.watched[scenario] = self._all_rounds(contestants, scenario, rounds, memory=True)

    def measure_flag(self) -> None:
        """Measure lockgate without and with an inherited PYTHONDONTWRITEBYTECODE=1."""
        pair = [
            Lockgate(self._workshop, self._package, self._folder / "flag" / "without"),
            Flagged(self._workshop, self._package, self._folder / "flag" / "with"),
        ]
        for one in pair:
            one.lay_out()
            self._settle(one)
        for scenario in ("forced", "nothing"):
            self.results.flagged[scenario] = self._all_rounds(pair, scenario, self._rounds)

    def _all_rounds(
        self, contestants: Sequence[Contestant], scenario: str, rounds: int, *, memory: bool = False
    ) -> dict[str, list[Sample]]:
        found: dict[str, list[Sample]] = {one.name: [] for one in contestants}
        for number in range(rounds):
            _say(f"{self._package.name}: {scenario}, round {number + 1} of {rounds}{', memory' if memory else ''}")
            self._edits += 1
            for one in _rotated(contestants, number):
                if scenario in COLD:
                    one.lay_out()
                elif scenario == "edit":
                    edit(self._package, self._pristine, one.project, self._edits)
                sample = one.start(scenario, memory=memory)
                self._check(one, sample, scenario)
                found[one.name].append(sample)
        return found


def with_network(one: Contestant) -> None:
    """One cold run that may download; its times are of no interest."""
    online = one.workshop.online
    environment = {**one.environment("cold"), **online}
    environment.pop("UV_OFFLINE", None)
    sample = run(one.command("cold"), one.project, environment)
    if sample.code != 0:
        raise SystemExit(f"{sample.output}\ncompare: {one.name} fails on {one.package.name}")


def measure_startup(workshop: Workshop, peers: Sequence[str], rounds: int) -> dict[str, list[Sample]]:
    """`--help` of lockgate and the peers."""
    tools = ["lockgate", "lockgate-flagged", *peers]
    found: dict[str, list[Sample]] = {name: [] for name in tools}
    for number in range(rounds * _STARTUP_ROUNDS + 1):
        for name in _rotated(tools, number):
            flag = {"PYTHONDONTWRITEBYTECODE": "1"} if name == "lockgate-flagged" else {}
            command = workshop.tool(name, name.removesuffix("-flagged"))
            sample = run([command, "--help"], workshop.folder, {**workshop.offline, **flag})
            if number > 0:  # the first one compiles
                found[name].append(sample)
    return found


def main() -> int:
    """Prepare, measure, print."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="lockgate-benchmark-", dir=options.work)).resolve()
    try:
        text = _compare(options, Workshop(folder, options.cache))
    finally:
        if options.keep:
            _say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(text)
    whole = not (options.only or options.scenario or options.peer) and options.rounds >= 7
    target = options.output or (BENCHMARKS / "RESULTS.md" if whole else None)
    if target is not None:
        target.write_text(text + "\n", encoding="utf-8")
    return 0


def _compare(options: argparse.Namespace, workshop: Workshop) -> str:
    _say("the tools are installed")
    workshop.set_up()
    scenarios = options.scenario or [*SCENARIOS, "bytecode", "startup"]
    peers = options.peer or list(PEERS)
    lines = ["# Benchmark results", "", *_conditions(workshop, options.rounds)]
    if set(scenarios) != {"startup"}:
        for package in PACKAGES:
            if not options.only or package.name in options.only:
                comparison = Comparison(workshop, package, peers, options.rounds)
                comparison.prepare(faults=not options.no_faults)
                for scenario in scenarios:
                    if scenario in SCENARIOS:
                        comparison.measure(scenario, memory=can_watch() and scenario != "first")
                if "bytecode" in scenarios:
                    comparison.measure_flag()
                results = comparison.results
                lines += ["", f"## {results.title}", "", *(figures(results) if results.timed else ())]
                lines += ["", *verdicts(targets(results))]
    if "startup" in scenarios:
        table, found = startup(measure_startup(workshop, peers, options.rounds))
        lines += ["", "## Start-up", "", *table, "", *verdicts(found)]
    return "\n".join(lines)


def _conditions(workshop: Workshop, rounds: int) -> list[str]:
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return [
        f"Written by `benchmarks/compare.py`: medians of {rounds} rounds; (in parentheses) the ratio to the floor,",
        "paired within a round; [in brackets] quartiles of paired ratios. Differences under 10 % are not resolved.",
        f"{system}; {workshop.versions()}. CPU counts all children;",
        f"memory is the peak of the process tree's PSS (median of {min(_MEMORY_ROUNDS, rounds)} runs of their own).",
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds (7)")
    parser.add_argument("--only", action="append", choices=[one.name for one in PACKAGES], help="this package")
    parser.add_argument(
        "--scenario", action="append", choices=[*SCENARIOS, "bytecode", "startup"], help="this scenario"
    )
    parser.add_argument("--peer", action="append", choices=PEERS, help="only this peer")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where to work (the system's temporary folder)")
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="uv's cache, on the same disk (one in the work folder)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the table there, too")
    parser.add_argument("--no-faults", action="store_true", help="leave out the proof by planted faults")
    parser.add_argument("--keep", action="store_true", help="keep the work folder")
    return parser.parse_args()


def _rotated(items: Sequence[_Item], number: int) -> list[_Item]:
    start = number % len(items)
    return [*items[start:], *items[:start]]


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
