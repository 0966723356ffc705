"""Mistakes in pyproject.toml and on the command line: exit 2, the place, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import PYPROJECT, Ran, gate, lockgate, package, write

LINES = PYPROJECT.count("\n")
TABLE = '[tool.lockgate]\npython = ["3.12"]\n'


def refused(ran: Ran, *words: str) -> None:
    """A configuration error: exit 2, nothing on standard output, no traceback, and the words that help."""
    assert (ran.code, ran.out) == (2, ""), ran
    assert "Traceback" not in ran.err
    assert [word for word in words if word not in ran.err] == [], ran.err


def with_pyproject(root: Path, text: str | bytes) -> Path:
    return write(root, {"pyproject.toml": text})


def test_no_pyproject_says_where_to_go(tmp_path: Path) -> None:
    refused(lockgate(tmp_path, "gate"), f"no pyproject.toml in {tmp_path}", "-C DIR")


def test_no_pyproject_in_a_subfolder_names_the_package_above(tmp_path: Path) -> None:
    root = package(tmp_path / "sample")
    refused(lockgate(root / "src", "gate"), f"no pyproject.toml in {root / 'src'}", f"-C {root}")


@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_a_pyproject_that_is_no_file_is_none(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "pyproject.toml").mkdir()
    else:
        (tmp_path / "pyproject.toml").symlink_to("nowhere")
    refused(lockgate(tmp_path, "gate"), f"no pyproject.toml in {tmp_path}")


BROKEN = {
    "open bracket": ("[tool.lockgate\n", "1:15", "expected ']'"),
    "no value": ("[tool.lockgate]\npython =\n", "2:9", "invalid value"),
    "key twice": ("[tool.x]\na = 1\na = 2\n", "3:6", "overwrite"),
    "table twice": ("[tool.x]\n[tool.x]\n", "2:8", "twice"),
    "conflict marker": ("<<<<<<< HEAD\n[tool.x]\n", "1:1", "invalid statement"),
    "end within a string": ('[tool.x]\na = """\n', "", "unterminated string"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_toml_is_placed_to_the_column(tmp_path: Path, what: str) -> None:
    text, place, words = BROKEN[what]
    refused(lockgate(with_pyproject(tmp_path, text), "gate"), f"pyproject.toml:{place}", "not valid TOML", words)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (PYPROJECT.encode() + b"# caf\xe9\n", f"{LINES + 1}: not UTF-8 (byte 0xe9)"),
        ("".encode("utf-16"), "1: not UTF-8"),
    ],
)
def test_a_pyproject_that_is_not_utf8_is_placed_to_the_line(tmp_path: Path, content: bytes, place: str) -> None:
    refused(lockgate(with_pyproject(tmp_path, content), "gate"), f"pyproject.toml:{place}", "convert the file")


SCHEMA = "`lockgate schema config` prints every key and its type"
MISTAKES = {
    "unknown key": ('[tool.lockgate]\npyhton = ["3.12"]\n', 2, ["'pyhton'", "did you mean 'python'?"]),
    "unknown key far from any": (f"{TABLE}nonsense = 1\n", 3, ["'nonsense'", "valid names are: python, checks"]),
    "unknown key in a table": (
        f"{TABLE}[tool.lockgate.coverage]\ntreshold = 9\n",
        4,
        ["'treshold' in [tool.lockgate.coverage]", "did you mean 'threshold'?"],
    ),
    "unknown key inline": (f"{TABLE}test = {{ timout = '1s' }}\n", 3, ["'timout'", "did you mean 'timeout'?"]),
    "unknown key of a custom check": (
        f'{TABLE}[tool.lockgate.check.one]\nrun = ["true"]\n[tool.lockgate.check.two]\nrun = ["true"]\ntimout = "1s"\n',
        7,
        ["'timout' in [tool.lockgate.check.two]", "did you mean 'timeout'?"],
    ),
    "string for a list": ('[tool.lockgate]\npython = "3.12"\n', 2, ["got string", SCHEMA]),
    "number for a version": ("[tool.lockgate]\npython = [3.12]\n", 2, ["tool.lockgate.python", SCHEMA]),
    "no version": ('[tool.lockgate]\npython = ["312"]\n', 2, ["e.g. 3.12"]),
    "no versions": ("[tool.lockgate]\npython = []\n", 2, ["tool.lockgate.python"]),
    "a version twice": ('[tool.lockgate]\npython = ["3.12", "3.12"]\n', 2, ["'3.12' more than once"]),
    "string for a number": (
        f'{TABLE}[tool.lockgate.test]\nreruns = "2"\n',
        4,
        ["tool.lockgate.test.reruns", "expected integer, got string", SCHEMA],
    ),
    "out of range": (f"{TABLE}[tool.lockgate.coverage]\nthreshold = 101\n", 4, ["tool.lockgate.coverage.threshold"]),
    "no duration": (f'{TABLE}[tool.lockgate.test]\ntimeout = "10"\n', 4, ["e.g. 90s, 10m or 7d"]),
    "no time at all": (f'{TABLE}[tool.lockgate.test]\ntimeout = "0s"\n', 4, ["a number above 0"]),
    "no size": (f'{TABLE}cache-size = "big"\n', 3, ["e.g. 200MB"]),
    "no phase": (f'{TABLE}[tool.lockgate.phase]\nquality = "enforced"\n', 4, ["did you mean 'enforce'?"]),
    "no table": ("[tool]\nlockgate = 3\n", 2, ["tool.lockgate must be a table"]),
    "unknown check": (f'{TABLE}checks = ["lnt"]\n', 3, ["unknown check 'lnt'", "did you mean 'lint'?"]),
    "built-in check as custom": (f'{TABLE}[tool.lockgate.check.lint]\nrun = ["x"]\n', 3, ["a built-in check"]),
    "custom check without command": (f"{TABLE}[tool.lockgate.check.docs]\n", 3, ["check.docs", "missing key run"]),
    "custom check with a string": (
        f'{TABLE}[tool.lockgate.check.docs]\nrun = "make"\n',
        4,
        ["tool.lockgate.check.docs.run", SCHEMA],
    ),
    "unknown group": (f'{TABLE}groups = ["tset"]\n', 3, ["no dependency group is called 'tset'", "'test'?"]),
    "unknown extra": (f'{TABLE}extras = ["faast"]\n', 3, ["no extra is called 'faast'", "did you mean 'fast'?"]),
    "no requirements file": (f'{TABLE}requirements = ["nope.txt"]\n', 3, ["no file 'nope.txt'", "relative to"]),
    "expiry that is no date": (
        f'{TABLE}[[tool.lockgate.waivers]]\nid = "X-1"\nreason = "why"\nexpires = "soon"\n',
        6,
        ["tool.lockgate.waivers"],
    ),
}
DECLARING = PYPROJECT + "\n[project.optional-dependencies]\nfast = []\n\n[dependency-groups]\ntest = []\n\n"


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_in_the_table_names_file_line_key_and_remedy(tmp_path: Path, what: str) -> None:
    table, line, words = MISTAKES[what]
    root = with_pyproject(tmp_path, DECLARING + table)
    refused(lockgate(root, "gate"), f"pyproject.toml:{DECLARING.count(chr(10)) + line}:", *words)
    assert not (root / ".lockgate").exists()


def test_a_mistake_in_a_table_from_outside_names_that_file(tmp_path: Path) -> None:
    root = package(tmp_path / "sample", "")
    outside = write(tmp_path, {"table.toml": 'python = ["3.12"]\nchekcs = ["test"]\n'}) / "table.toml"
    refused(lockgate(root, "gate", "--config", str(outside)), f"{outside}:2:", "did you mean 'checks'?")
    refused(lockgate(root, "gate", "--config", "nowhere.toml"), "nowhere.toml", "No such file")


SHAPES = {
    'project = "x"\n': "project must be a table",
    '[project]\nrequires-python = "foo"\n': "'foo' is not a version specifier",
    "[project]\nrequires-python = [3]\n": "must be a string",
    '[project]\nrequires-python = "<3.8"\n': "no Python satisfies",
    "[project]\nclassifiers = 3\n": "must be a list",
    "[project]\ndynamic = 3\n": "must be a list",
    "[build-system]\nrequires = 3\n": "must be a list",
    "dependency-groups = 3\n": "must be a table",
    "[tool]\ncoverage = 3\n": "must be a table",
    '[tool.coverage.report]\nfail_under = "x"\n': "must be a number",
}


@pytest.mark.parametrize("text", SHAPES)
def test_a_wrong_shape_in_other_tables_is_refused_and_no_crash(tmp_path: Path, text: str) -> None:
    place = 1 + (text.count("\n") - 1)
    refused(lockgate(with_pyproject(tmp_path, text), "gate"), f"pyproject.toml:{place}:", SHAPES[text])


USAGE = {
    ("gat",): "did you mean 'gate'?",
    ("gate", "lnit"): "did you mean 'lint'?",
    ("gate", "test-3.21"): "did you mean 'test-3.12'?",
    ("gate", "--python", "3.21"): "did you mean '3.12'?",
    ("gate", "--kep-going"): "--keep-going",
    ("gate", "--format", "xml"): "json",
    ("gate", "--jobs", "0"): "--jobs",
    ("gate", "-C", "nowhere"): "nowhere",
}


@pytest.mark.parametrize("arguments", USAGE)
def test_a_mistake_on_the_command_line_suggests_what_is_meant(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    refused(lockgate(package(tmp_path), *arguments), USAGE[arguments])


def test_coverage_without_tests_is_refused(tmp_path: Path) -> None:
    root = package(tmp_path, f'{TABLE}checks = ["coverage"]\n')
    refused(lockgate(root, "gate"), "coverage without test", 'add "test"')


def test_a_package_that_declares_nothing_is_told_so(tmp_path: Path) -> None:
    refused(lockgate(with_pyproject(tmp_path, PYPROJECT), "gate"), "declares nothing", "[tool.lockgate]")


def test_every_key_of_the_documented_table_is_accepted(tmp_path: Path) -> None:
    table = """
        owners = ["@me"]
        runner = "ubuntu-24.04"
        [tool.lockgate.coverage]
        threshold = 95
        [tool.lockgate.test]
        args = []
        reruns = 0
        timeout = "10m"
        cache = []
        [tool.lockgate.check.docs]
        run = ["sphinx-lint", "docs"]
        [tool.lockgate.scan]
        codeql = "auto"
        cool-down = "7d"
        indexes = ["pypi"]
        [[tool.lockgate.waivers]]
        id = "PYSEC-2026-1"
        reason = "not reachable"
        expires = 2026-12-20
        [tool.lockgate.publish]
        environment = "pypi-publishing"
        reviewers = ["@me"]
        [tool.lockgate.protection]
        branch = "main"
        kind = "classic"
        approvals = 1
        admins = true
        [tool.lockgate.reports]
        branch = "lockgate-reports"
        details = false
        [tool.lockgate.health]
        success-rate = 0.95
        duration = "5m"
        cache-hit-rate = 0.80
        resolve-security = "24h"
        [tool.lockgate.phase]
        quality = "enforce"
        security = "enforce"
        publishing = "enforce"
        protection = "enforce"
    """
    ran = lockgate(package(tmp_path, TABLE + table), "gate", "--list")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == [
        "lint",
        "format",
        "types",
        "test-3.12",
        "docs",
        "coverage",
    ]


def test_windows_line_ends_and_a_byte_order_mark_do_not_move_the_line(tmp_path: Path) -> None:
    text = f"{PYPROJECT}[tool.lockgate]\npyhton = 1\n".replace("\n", "\r\n")
    root = with_pyproject(tmp_path, b"\xef\xbb\xbf" + text.encode())
    refused(lockgate(root, "gate"), f"pyproject.toml:{LINES + 2}:", "did you mean 'python'?")


def test_an_error_leaves_standard_output_to_the_results(tmp_path: Path) -> None:
    refused(gate(with_pyproject(tmp_path, "["), "lint"), "not valid TOML")
