"""From samples to Markdown: medians, ratios paired within a round, and the targets met or missed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from comparison.contestants import PEERS
from comparison.measure import Sample

Rounds = Mapping[str, Sequence[Sample]]
Cost = Callable[[Sample], float]
_TITLES = {
    "nothing": "nothing changed",
    "forced": "everything forced, warm",
    "edit": "after one edit",
    "cold": "cold",
    "first": "cold, and the first time ever",
}
_RESOLUTION = 0.05


def wall(sample: Sample) -> float:
    """Wall seconds."""
    return sample.wall


def cpu(sample: Sample) -> float:
    """CPU seconds."""
    return sample.cpu


def peak(sample: Sample) -> float:
    """MiB."""
    return sample.peak or 0.0


@dataclass
class Results:
    """All samples of one package.

    Attributes:
        timed: Samples by scenario and contestant, in the order of the rounds.
        watched: The same with memory sampled.
        flagged: Samples by `forced` or `nothing` and contestant: lockgate without and with PYTHONDONTWRITEBYTECODE.
    """

    title: str
    timed: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    watched: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    flagged: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """One line of the verdict."""

    what: str
    limit: str
    measured: str
    met: bool


def ratios(rounds: Rounds, one: str, other: str, cost: Cost) -> list[float]:
    """`one` against `other`, round by round."""
    return [cost(a) / cost(b) for a, b in zip(rounds[one], rounds[other], strict=True)]


def best_peer(rounds: Rounds, cost: Cost) -> str | None:
    """The peer with the lowest median, None when none took part."""
    peers = [name for name in PEERS if name in rounds]
    return min(peers, key=lambda name: _median(rounds[name], cost), default=None)


def figures(results: Results) -> list[str]:
    """The table of one package."""
    names = list(dict.fromkeys(name for rounds in results.timed.values() for name in rounds))
    head = ["scenario", "", *names, "lockgate ÷ floor", "lockgate ÷ best peer"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for scenario, rounds in results.timed.items():
        for unit, cost in (("wall s", wall), ("CPU s", cpu)):
            lines.append(_line(_TITLES[scenario], unit, rounds, names, cost))
        if scenario in results.watched:
            lines.append(_line(_TITLES[scenario], "memory MiB", results.watched[scenario], names, peak))
    return lines


def _line(title: str, unit: str, rounds: Rounds, names: Iterable[str], cost: Cost) -> str:
    cells = [title, unit]
    for name in names:
        factor = "" if name == "floor" else f" ({statistics.median(ratios(rounds, name, 'floor', cost)):.2f})"
        cells.append(f"{_median(rounds[name], cost):.{1 if cost is peak else 2}f}{factor}")
    cells.append(_spread(ratios(rounds, "lockgate", "floor", cost)))
    best = best_peer(rounds, cost)
    cells.append(f"{_spread(ratios(rounds, 'lockgate', best, cost))} {best}" if best else "")
    return f"| {' | '.join(cells)} |"


def targets(results: Results) -> list[Target]:
    """The issue's targets."""
    found = []
    nothing = results.timed.get("nothing")
    if nothing:
        seconds = _median(nothing["lockgate"], wall)
        found.append(Target("nothing changed", "< 0.250 s", f"{seconds:.3f} s", seconds < 0.25))
    for scenario in ("forced", "edit"):
        rounds = results.timed.get(scenario)
        if rounds:
            found.append(_at_most(f"{_TITLES[scenario]}, wall", 1.10, rounds, "floor", wall))
            found += _against_best(f"{_TITLES[scenario]}, wall", 1.00, rounds, wall)
    if "cold" in results.timed:
        found += _against_best("cold, wall", 0.90, results.timed["cold"], wall)
        found += _against_best("cold, wall (stretch)", 0.80, results.timed["cold"], wall)
    for scenario in ("forced", "edit", "cold", "first"):
        if scenario in results.timed:
            found += _against_both(f"{_TITLES[scenario]}, CPU", results.timed[scenario], results.timed[scenario], cpu)
        if scenario in results.watched:
            watched, timed = results.watched[scenario], results.timed[scenario]
            found += _against_both(f"{_TITLES[scenario]}, memory", watched, timed, peak)
    for scenario, rounds in results.flagged.items():
        for unit, cost in (("wall", wall), ("CPU", cpu)):
            what = f"inherited PYTHONDONTWRITEBYTECODE, {_TITLES[scenario]}, {unit}"
            found.append(_at_most(what, 1 + _RESOLUTION, rounds, "lockgate", cost, one="lockgate, flagged"))
    return found


def startup(samples: Rounds) -> tuple[list[str], list[Target]]:
    """`--help` of everybody, in milliseconds."""
    lines = ["| `--help` | wall ms | CPU ms |", "|---|---|---|"]
    for name, own in samples.items():
        lines.append(f"| {name} | {_median(own, wall) * 1000:.0f} | {_median(own, cpu) * 1000:.0f} |")
    milliseconds = _median(samples["lockgate"], wall) * 1000
    return lines, [Target("`lockgate --help`", "< 120 ms", f"{milliseconds:.0f} ms", milliseconds < 120)]


def verdicts(found: Iterable[Target]) -> list[str]:
    """Targets as a table."""
    rows = [f"| {one.what} | {one.limit} | {one.measured} | {'met' if one.met else '**missed**'} |" for one in found]
    return ["| target | limit | measured | |", "|---|---|---|---|", *rows]


def _at_most(
    what: str,
    limit: float,
    rounds: Rounds,
    reference: str,
    cost: Cost,
    *,
    one: str = "lockgate",
    peer: str = "the best peer",
) -> Target:
    paired = ratios(rounds, one, reference, cost)
    against = {"floor": "the floor", "lockgate": "the run without it"}.get(reference, f"{peer} ({reference})")
    return Target(what, f"≤ {limit:.2f} times {against}", _spread(paired), statistics.median(paired) <= limit)


def _against_best(what: str, limit: float, rounds: Rounds, cost: Cost) -> list[Target]:
    best = best_peer(rounds, cost)
    return [_at_most(what, limit, rounds, best, cost)] if best else []


def _against_both(what: str, rounds: Rounds, timed: Rounds, cost: Cost) -> list[Target]:
    """Against the fastest peer, and against the leanest where that is another: it may do one thing at a time."""
    fastest, leanest = best_peer(timed, wall), best_peer(rounds, cost)
    if fastest is None or leanest is None:
        return []
    found = [_at_most(what, 1.00, rounds, fastest, cost, peer="the fastest peer")]
    if leanest != fastest:
        found.append(_at_most(what, 1.00, rounds, leanest, cost, peer="the leanest peer"))
    return found


def _median(samples: Sequence[Sample], cost: Cost) -> float:
    return statistics.median(map(cost, samples))


def _spread(values: Sequence[float]) -> str:
    """The median, and the quartiles where there are enough values for them."""
    middle = f"{statistics.median(values):.2f}"
    if len(values) < 4:
        return middle
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle} [{low:.2f}, {high:.2f}]"
