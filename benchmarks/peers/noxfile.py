"""nox with uv and -j, for both packages: as few sessions as the work allows, for each is a process of its own.

The package lies beside this file in `project`.
"""
# mypy: ignore-errors
# ruff: noqa: INP001

from pathlib import Path

import nox

PROJECT = Path(__file__).with_name("project")
PYTHONS = ("3.12", "3.11", "3.10", "3.9", "3.8")

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = True


def install(session: nox.Session, *tools: str) -> None:
    """What the package declares for its tests, from its lock where it has one, else with `tools` besides."""
    session.chdir(PROJECT)
    if (PROJECT / "uv.lock").exists():
        environment = {"UV_PROJECT_ENVIRONMENT": session.virtualenv.location}
        python = f"--python={session.virtualenv.location}"
        session.run_install("uv", "sync", "--frozen", "--quiet", python, env=environment)
    else:
        session.install("--editable", ".", "-r", "requirements/tests.txt", "coverage", *tools)


@nox.session(python=PYTHONS[0], allow_parallel=True)
def static(session: nox.Session) -> None:
    """Lint, format and types."""
    install(session, "mypy==1.9.0", "ruff==0.15.8")
    session.run("ruff", "check", "--no-fix")
    session.run("ruff", "format", "--diff")
    session.run("mypy")


@nox.session(python=PYTHONS, allow_parallel=True)
def tests(session: nox.Session) -> None:
    """One cell."""
    install(session)
    session.run("coverage", "run", "-m", "pytest", env={"COVERAGE_FILE": f".coverage.{session.python}"})


@nox.session(venv_backend="none", requires=[f"tests-{python}" for python in PYTHONS])
def coverage(session: nox.Session) -> None:
    """Combine and report, with the newest cell's coverage."""
    session.chdir(PROJECT)
    command = str(PROJECT.parent / ".nox" / "tests-3-12" / "bin" / "coverage")
    session.run(command, "combine", *(f".coverage.{python}" for python in PYTHONS), external=True)
    session.run(command, "report", "--precision=2", "--fail-under=95", external=True)
