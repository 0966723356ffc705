"""nox with uv and -j, for both packages: as few sessions as the work allows, for each is a process of its own."""
# mypy: ignore-errors

import os
from pathlib import Path

import nox

PYTHONS = ("3.12", "3.11", "3.10", "3.9", "3.8")
TOOLS = os.environ.get("BENCH_TOOLS", "").split()  # pinned mypy and ruff where the package locks none

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = True


def install(session: nox.Session, *tools: str) -> None:
    """What the package declares for its tests, and `tools`."""
    if Path("uv.lock").exists():
        environment = {"UV_PROJECT_ENVIRONMENT": session.virtualenv.location}
        session.run_install("uv", "sync", "--frozen", "--quiet", f"--python={session.python}", env=environment)
    else:
        session.install("--editable", ".", "-r", "requirements/tests.txt", "coverage", *tools)


@nox.session(python="3.12", allow_parallel=True)
def static(session: nox.Session) -> None:
    """Lint, format and types."""
    session.chdir(os.environ["BENCH_PROJECT"])
    install(session, *TOOLS)
    session.run("ruff", "check", "--no-fix")
    session.run("ruff", "format", "--diff")
    session.run("mypy")


@nox.session(python=PYTHONS, allow_parallel=True)
def tests(session: nox.Session) -> None:
    """One cell."""
    session.chdir(os.environ["BENCH_PROJECT"])
    install(session)
    session.run("coverage", "run", "-m", "pytest", env={"COVERAGE_FILE": f".coverage.{session.python}"})


@nox.session(venv_backend="none", requires=[f"tests-{python}" for python in PYTHONS])
def coverage(session: nox.Session) -> None:
    """Combine and report, with the newest cell's coverage."""
    session.chdir(os.environ["BENCH_PROJECT"])
    command = str(Path(os.environ["BENCH_NOX_ENVS"], "tests-3-12", "bin", "coverage"))
    session.run(command, "combine", "--keep", *(f".coverage.{python}" for python in PYTHONS), external=True)
    session.run(command, "report", "--precision=2", f"--fail-under={os.environ['BENCH_THRESHOLD']}", external=True)
