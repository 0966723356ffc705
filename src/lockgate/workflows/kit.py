"""The steps that every workflow is made of (pure)."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.model.actions import NESTED
from lockgate.workflows.emit import Commented
from lockgate.workflows.facts import Facts
from lockgate.workflows.pins import Pin, uses

UV = "0.13.9"
# A machine that GitHub makes anew for each job.
HOSTED = "ubuntu-24.04"
ALWAYS = "${{ always() }}"
UNLESS_CANCELLED = "${{ !cancelled() }}"
TOKEN = {"GH_TOKEN": "${{ github.token }}"}
NEEDS = {"LOCKGATE_NEEDS": "${{ toJSON(needs) }}"}
READ_CODE = Commented("read", "check out the code")

Step = dict[str, Any]


def temporary(folder: str) -> str:
    """A folder outside the checkout, as an input knows it; a command writes `$RUNNER_TEMP/…`."""
    return f"${{{{ runner.temp }}}}/{folder}"


REPORT = temporary("lockgate-report")
TO_REPORT = '--report "$RUNNER_TEMP/lockgate-report"'


class Kit:
    """Makes steps and jobs from the package's facts and the pins of one file; `cached` says whether caches may be."""

    def __init__(self, facts: Facts, pins: Mapping[str, Pin], *, cached: bool) -> None:
        self.facts = facts
        self.cached = cached
        self._pins = pins

    def job(self, title: str, minutes: int, steps: Sequence[Step], **more: object) -> dict[str, Any]:
        """A job with the least that a token can, reading the code, unless `permissions` says otherwise."""
        first: dict[str, object] = {key: more.pop(key) for key in ("needs", "if") if key in more}
        limits = {"runs-on": runs_on(str(more.pop("runner", self.facts.runner))), "timeout-minutes": minutes}
        permissions = {"permissions": more.pop("permissions", {"contents": READ_CODE})}
        return {"name": title, **first, **limits, **permissions, **more, "steps": list(steps)}

    def action(
        self, name: str, title: str, action: str, inputs: Mapping[str, object] | None = None, *, condition: str = ""
    ) -> Step:
        """A step that uses an action."""
        step = _step(name, title, condition, uses=uses(action, self._pins))
        return {**step, "with": dict(inputs)} if inputs else step

    def lockgate(
        self, name: str, title: str, arguments: str, env: Mapping[str, str] | None = None, *, condition: str = ""
    ) -> Step:
        """A step that calls lockgate, and nothing else; the first words of the `arguments` are the command."""
        place = f" -C {shlex.quote(self.facts.folder)}" if self.facts.folder else ""
        placed = re.sub(r"^[a-z]+(?: [a-z]+)*", lambda command: f"{command[0]}{place}", arguments)
        run = f"uv run --project {NESTED} --locked lockgate {placed}"
        return _step(name, title, condition, **({"env": dict(env)} if env else {}), run=run)

    def checkout(self, *, history: bool = False) -> Step:
        """The code, without leaving the token in the checkout."""
        depth = {"fetch-depth": 0} if history or self.facts.versioned_by_git else {}
        return self.action(
            "checkout", "Check out the code", "actions/checkout", {"persist-credentials": False, **depth}
        )

    def set_up(self, *, history: bool = False) -> list[Step]:
        """The code and uv, which brings the rest."""
        uv = self.action("uv", "Install uv", "astral-sh/setup-uv", {"version": UV, "enable-cache": False})
        return [self.checkout(history=history), uv]

    def upload(self, artifact: str, path: str, *, days: int = 7, condition: str = UNLESS_CANCELLED) -> Step:
        """Keep files; a job that runs again replaces what it left the first time."""
        inputs = {
            "name": artifact,
            "path": path,
            "if-no-files-found": "error",
            "retention-days": days,
            "overwrite": True,
        }
        return self.action("upload", "Keep what this job made", "actions/upload-artifact", inputs, condition=condition)

    def download(self, title: str, folder: str, name: str, **more: object) -> Step:
        """Fetch artifacts: the one of this name, or all that it matches as a pattern."""
        which = "pattern" if "*" in name or more else "name"
        inputs = {which: name, "path": folder, **more}
        return self.action("download", title, "actions/download-artifact", inputs)

    def caches(self, content: str, *, durations: bool = False) -> tuple[list[Step], dict[str, str]]:
        """Steps that restore and save what may travel, and the variable with which lockgate records the hits.

        `content` tells apart what jobs put into caches of one kind, e.g. the Python.
        """
        if not self.cached:
            return [], {}
        facts, system = self.facts, "${{ runner.os }}"
        lock = facts.lock or facts.inside("pyproject.toml")
        locks = ", ".join(_literal(path) for path in (lock, f"{NESTED}/uv.lock"))
        hashed = f"uv-{system}-${{{{ hashFiles({locks}) }}}}-"
        run = "${{ github.run_id }}-${{ github.run_attempt }}"
        found = {
            "uv": ("${{ env.UV_CACHE_DIR }}", f"{hashed}{content}", f"{hashed}\nuv-{system}-"),
            "python": (
                "${{ env.UV_PYTHON_INSTALL_DIR }}",
                f"python-{system}-${{{{ runner.arch }}}}-{UV}-{content}",
                "",
            ),
        }
        if durations:
            kept = f"durations-{system}-{content}-"
            found["durations"] = (facts.inside(".lockgate/cache/durations.json"), f"{kept}{run}", kept)
        if durations and facts.fixtures:
            kept = f"fixtures-{system}-{content}-"
            found["fixtures"] = ("\n".join(map(facts.inside, facts.fixtures)), f"{kept}{run}", kept)
        steps = []
        for name, (path, key, restore) in found.items():
            inputs = {"path": path, "key": key, **({"restore-keys": restore} if restore else {})}
            steps.append(self.action(f"cache-{name}", f"Cache: {name}", "actions/cache", inputs))
        hits = {
            name: {"key": key, "hit": f"${{{{ steps.cache-{name}.outputs.cache-hit }}}}"}
            for name, (_, key, _) in found.items()
        }
        lines = (f'"{name}": {json.dumps(hit, ensure_ascii=False)}' for name, hit in hits.items())
        return steps, {"LOCKGATE_CACHES": "{\n" + ",\n".join(lines) + "\n}\n"}


def runs_on(labels: str | tuple[str, ...]) -> str | tuple[str, ...] | Commented:
    """The runner; auditors object to machines of one's own, which is for the table's owners to decide."""
    own = "self-hosted" in ([labels] if isinstance(labels, str) else labels)
    return Commented(labels, "zizmor: ignore[self-hosted-runner] asked for by the table") if own else labels


def _step(name: str, title: str, condition: str, **content: object) -> Step:
    return {"id": name, "name": title, **({"if": condition} if condition else {}), **content}


def _literal(text: str) -> str:
    """A string in an expression."""
    return "'" + text.replace("'", "''") + "'"
