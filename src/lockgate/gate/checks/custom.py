"""A check of the project's own: any command in the newest cell's environment; exit 0 passes."""

from __future__ import annotations

import shlex

from lockgate.gate.outcome import Context, Outcome, ended_early
from lockgate.model.duration import parse_duration
from lockgate.model.gate import Check
from lockgate.model.problem import Problem
from lockgate.ports.process import signal_name

_EXCERPT = 4000


def custom(context: Context) -> Outcome:
    """Run the configured command."""
    name = context.step.name
    check = context.project.config.check[name]
    own = context.environment.tool(check.run[0]) if "/" not in check.run[0] else None
    timeout = parse_duration(check.timeout)
    done = context.run((own or check.run[0], *check.run[1:]), timeout=timeout)
    early = ended_early(name, done, check.run[0], timeout)
    if early is not None:
        return early
    if done.code == 0:
        # Nobody knows what a command of any kind asks: git is one of the likelier.
        return Outcome(check=Check(name=name, status="pass"), output=done.output, asked_git=True)
    how = f"exit {done.code}" if done.code is not None and done.code > 0 else f"killed by {signal_name(done.code or 0)}"
    problem = Problem(
        tool=name,
        message=f"`{shlex.join(check.run)}` ended with {how}",
        help=f"run just that again: lockgate gate {name}{context.again}",
        excerpt=done.output[-_EXCERPT:].strip() or None,
    )
    return Outcome(check=Check(name=name, status="fail", problems=(problem,)), output=done.output)
