"""`lockgate init` with lockgate's own lock in place already; tests/e2e/test_init.py makes it with uv."""

from __future__ import annotations

import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from lockgate.flows import init
from lockgate.model.errors import UsageError
from lockgate.ports.pyproject import read_project
from tests.support import commit, write
from tests.unit.cli.conftest import Cli

PLAIN = '[project]\nname = "sample"\n'
TABLE = """
# Everything has a default: `lockgate schema config` lists the keys.
[tool.lockgate]
python = ["3.8", "3.9", "3.10", "3.11", "3.12"]
checks = ["lint", "format"]  # add coverage, test, types when the package has them
"""
IGNORED = "# Caches of uv and lockgate\n.uv/\n.uv-cache/\nuv.cache/\n.lockgate/\n"
LOCK = {".github/lockgate/pyproject.toml": "", ".github/lockgate/uv.lock": ""}
WRITTEN = {
    "pyproject.toml",
    ".gitignore",
    "SECURITY.md",
    *(".github/CODEOWNERS", ".github/dependabot.yml", ".github/lockgate/pyproject.toml", ".github/lockgate/uv.lock"),
    *(f".github/workflows/{name}.yml" for name in ("quality-gate", "security-scan", "publish")),
}


def package(root: Path, **files: str | bytes) -> Path:
    """A package with lockgate's lock and nothing else of it; `__` in a name is `/`."""
    named = {name.replace("__", "/"): content for name, content in files.items()}
    return write(root, {"pyproject.toml": PLAIN, **LOCK, **named})


def tree(root: Path) -> dict[str, bytes]:
    """Every file below `root`, git's own aside."""
    found = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def test_everything_is_written(cli: Cli, tmp_path: Path) -> None:
    package(tmp_path)
    shown = cli("init", "-C", tmp_path)
    assert shown.code == 0
    assert shown.err.startswith("lockgate: written\nNext:\n  1. lockgate doctor && lockgate gate, then commit")
    assert "lockgate protect plan --replay: branch protection" in shown.err
    assert "gh secret set LOCKGATE_PROTECT_TOKEN --env lockgate-protection: a fine-grained token" in shown.err
    assert (tmp_path / "pyproject.toml").read_text() == PLAIN + TABLE
    assert (tmp_path / ".gitignore").read_text() == IGNORED
    assert set(tree(tmp_path)) == WRITTEN
    assert cli("render", "--check", "-C", tmp_path).code == 0


def test_what_is_shown_is_a_diff_that_patch_takes(cli: Cli, tmp_path: Path) -> None:
    for name in ("a", "b"):
        package(tmp_path / name, **{".gitignore": "dist/"})
    shown = cli("init", "--dry-run", "-C", tmp_path / "a")
    (tmp_path / "change.diff").write_text(shown.out)
    subprocess.run(["git", "apply", "../change.diff"], cwd=tmp_path / "a", check=True)
    cli("init", "-C", tmp_path / "b")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_a_dry_run_writes_nothing(cli: Cli, tmp_path: Path) -> None:
    before = tree(package(tmp_path))
    shown = cli("init", "--dry-run", "-C", tmp_path)
    assert shown.code == 0
    assert shown.out.startswith("--- a/pyproject.toml\n+++ b/pyproject.toml\n@@ ")
    for name in WRITTEN - set(before):
        assert f"\n--- /dev/null\n+++ b/{name}\n@@ " in shown.out
    assert shown.err == "lockgate: nothing was written; run `lockgate init` to do it\n"
    assert tree(tmp_path) == before


@pytest.mark.parametrize("again", [(), ("--dry-run",)])
def test_the_second_time_there_is_nothing_to_do(cli: Cli, tmp_path: Path, again: tuple[str, ...]) -> None:
    cli("init", "-C", package(tmp_path))
    before = tree(tmp_path)
    shown = cli("init", "-C", tmp_path, *again)
    assert (shown.code, shown.out) == (0, "")
    assert shown.err == "lockgate: nothing to do: everything is in place\n"
    assert tree(tmp_path) == before


def test_a_table_that_is_there_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    own = f"{PLAIN}[tool.lockgate]\nrunner = 'x'\n"
    cli("init", "-C", package(tmp_path, **{"pyproject.toml": own}))
    assert (tmp_path / "pyproject.toml").read_text() == own


def test_a_table_that_cannot_be_written_is_left_to_the_author(cli: Cli, tmp_path: Path) -> None:
    before = tree(package(tmp_path, **{"pyproject.toml": f"tool = {{ other = {{}} }}\n{PLAIN}"}))
    shown = cli("init", "-C", tmp_path)
    assert shown.code == 2
    assert "pyproject.toml: the table [tool.lockgate] cannot be written behind its end: " in shown.err
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {
                "pyproject.toml": PLAIN + 'classifiers = ["Programming Language :: Python :: 3.9"]\n[tool.mypy]\n',
                "tests/x": "",
            },
            {},
        ),
        ({"pyproject.toml": f'{PLAIN}requires-python = ">=3.12"\n[tool.ty]\n', "test_a.py": ""}, {"python": ["3.12"]}),
        (
            {"pyproject.toml": f'{PLAIN}requires-python = ">=3.12"\n', "tests/x": ""},
            {"python": ["3.12"], "checks": ["lint", "format", "test", "coverage"]},
        ),
    ],
)
def test_only_what_the_defaults_would_get_wrong_is_written(
    cli: Cli, tmp_path: Path, files: dict[str, str], expected: dict[str, object]
) -> None:
    cli("init", "-C", package(tmp_path, **files))
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["lockgate"] == expected


# --- files stay as their owner has them


def test_line_ends_are_kept(cli: Cli, tmp_path: Path) -> None:
    package(tmp_path, **{"pyproject.toml": PLAIN.replace("\n", "\r\n").encode(), ".gitignore": b"dist/\r\n"})
    cli("init", "-C", tmp_path)
    for name, expected in (("pyproject.toml", PLAIN + TABLE), (".gitignore", f"dist/\n\n{IGNORED}")):
        assert (tmp_path / name).read_bytes() == expected.replace("\n", "\r\n").encode()


def test_a_byte_order_mark_is_kept(cli: Cli, tmp_path: Path) -> None:
    package(tmp_path, **{"pyproject.toml": b"\xef\xbb\xbf" + PLAIN.encode()})
    assert cli("init", "-C", tmp_path).code == 0
    assert (tmp_path / "pyproject.toml").read_bytes() == b"\xef\xbb\xbf" + (PLAIN + TABLE).encode()
    assert cli("render", "--check", "-C", tmp_path).code == 0


def test_a_missing_final_line_end_joins_nothing(cli: Cli, tmp_path: Path) -> None:
    package(tmp_path, **{"pyproject.toml": PLAIN.rstrip(), ".gitignore": "dist/"})
    shown = cli("init", "-C", tmp_path)
    assert "\\ No newline at end of file\n" in shown.out
    assert (tmp_path / "pyproject.toml").read_text() == PLAIN + TABLE
    assert (tmp_path / ".gitignore").read_text() == f"dist/\n\n{IGNORED}"


@pytest.mark.parametrize("ignored", [".lockgate\n/.uv/\n.uv-cache\nuv.cache/\n", IGNORED])
def test_what_is_ignored_already_is_not_repeated(cli: Cli, tmp_path: Path, ignored: str) -> None:
    cli("init", "-C", package(tmp_path, **{".gitignore": ignored}))
    assert (tmp_path / ".gitignore").read_text() == ignored


def test_permissions_and_links_are_kept(cli: Cli, tmp_path: Path) -> None:
    root = package(tmp_path / "package")
    write(tmp_path, {"shared": "dist/\n"})
    (root / "pyproject.toml").chmod(0o600)
    (root / ".gitignore").symlink_to("../shared")
    cli("init", "-C", root)
    assert stat.S_IMODE((root / "pyproject.toml").stat().st_mode) == 0o600
    assert (root / ".gitignore").is_symlink()
    assert (tmp_path / "shared").read_text() == f"dist/\n\n{IGNORED}"


def test_a_file_that_cannot_be_read_or_written_is_named(cli: Cli, tmp_path: Path) -> None:
    package(tmp_path, **{".gitignore": b"caf\xe9\n"})
    shown = cli("init", "-C", tmp_path)
    assert shown.code == 2
    assert shown.err.startswith("lockgate: .gitignore: cannot be read: ")
    assert (tmp_path / "pyproject.toml").read_text() == PLAIN
    (tmp_path / ".gitignore").unlink()
    (tmp_path / ".gitignore").mkdir()
    assert cli("init", "-C", tmp_path).code == 2


@pytest.mark.parametrize("path", [".github", ".github/lockgate", ".github/workflows"])
@pytest.mark.parametrize("has_table", [True, False])
def test_a_file_in_the_place_of_a_folder_is_named(cli: Cli, tmp_path: Path, path: str, *, has_table: bool) -> None:
    write(tmp_path, {"pyproject.toml": PLAIN + ("[tool.lockgate]\n" if has_table else ""), path: ""})
    before = tree(tmp_path)
    shown = cli("init", "-C", tmp_path, "--lockgate", "0.1.0", "--dry-run")
    assert shown.code == 2
    assert f"{path}" in shown.err
    assert tree(tmp_path) == before


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, full_disk: None) -> None:
    del full_disk
    project = read_project(package(tmp_path))
    planned = init.set_up(project)
    with pytest.raises(UsageError, match=r"pyproject\.toml: File too large$"):
        init.apply(planned)
    assert (tmp_path / "pyproject.toml").read_text() == PLAIN
    assert set(tree(tmp_path)) == {"pyproject.toml", *LOCK}


# --- what somebody else wrote


def test_workflows_of_the_author_are_kept_and_named(cli: Cli, tmp_path: Path) -> None:
    package(tmp_path, **{".github/workflows/publish.yml": "on: push\n"})
    for _ in range(2):
        shown = cli("init", "-C", tmp_path)
        assert shown.code == 0
        assert "lockgate: kept .github/workflows/publish.yml: lockgate did not write it" in shown.err
        assert "`lockgate render --overwrite` replaces it" in shown.err
        assert (tmp_path / ".github/workflows/publish.yml").read_text() == "on: push\n"
    assert cli("render", "-C", tmp_path).code == 2
    assert cli("render", "--check", "-C", tmp_path).code == 1
    assert cli("render", "--overwrite", "-C", tmp_path).code == 0
    assert cli("render", "--check", "-C", tmp_path).code == 0


@pytest.mark.parametrize(
    "path", ["SECURITY.md", ".github/SECURITY.md", "docs/SECURITY.md", "docs/security.md", "SECURITY.rst", "SECURITY"]
)
def test_a_policy_that_is_there_is_kept(cli: Cli, tmp_path: Path, path: str) -> None:
    cli("init", "-C", package(tmp_path, **{path: "Mine.\n"}))
    assert {name for name in tree(tmp_path) if "security" in name.lower() and "workflows" not in name} == {path}
    assert (tmp_path / path).read_text() == "Mine.\n"


# --- where the repository is

VALUES = "       Owner              {}\n       Repository name    {}\n"
NOBODY = VALUES.format("<owner of the repository>", "<name of the repository>")


@pytest.mark.parametrize(
    ("remote", "owner", "name"),
    [
        ("https://github.com/octo/sample.git", "octo", "sample"),
        ("https://github.com/octo/sample/", "octo", "sample"),
        ("https://somebody:hunter2@github.com/octo/my.sample", "octo", "my.sample"),
        ("https://hunter2@github.com/octo/sample.git", "octo", "sample"),
        ("https://somebody:hunt@hunter2@github.com/octo/sample", "octo", "sample"),
        ("git@github.com:octo/sample.git", "octo", "sample"),
        ("ssh://git@github.com/octo/sample.git", "octo", "sample"),
        ("ssh://git@ssh.github.com:443/octo/sample.git", "octo", "sample"),
        ("https://GitHub.com/Octo/Sample", "Octo", "Sample"),
        *(
            (remote, None, None)
            for remote in (
                "https://github.example.org/octo/sample.git",
                "git@github.example.org:octo/sample.git",
                "https://notgithub.com/octo/sample",
                "https://example.org/github.com/octo/sample",
                "https://x:hunter2@gitlab.com/octo/sample",
                "/srv/git/sample.git",
                "",
            )
        ),
    ],
)
def test_the_values_for_the_index(cli: Cli, tmp_path: Path, remote: str, owner: str | None, name: str | None) -> None:
    commit(package(tmp_path))
    if remote:
        subprocess.run(["git", "remote", "add", "origin", remote], cwd=tmp_path, check=True)
    shown = cli("init", "-C", tmp_path)
    assert shown.code == 0
    assert (VALUES.format(owner, name) if owner else NOBODY) in shown.err
    assert "       PyPI project name  sample\n" in shown.err
    assert "       Workflow name      publish.yml\n       Environment name   pypi-publishing\n" in shown.err
    assert "hunter2" not in shown.out + shown.err
    policy = (tmp_path / "SECURITY.md").read_text()
    where = f" at https://github.com/{owner}/{name}/security/advisories/new" if owner else ""
    assert f"privately{where}, not" in policy


def test_a_package_in_a_folder_of_a_repository(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, {**LOCK, "packages/one two/pyproject.toml": PLAIN, ".pre-commit-config.yaml": "repos: []\n"})
    commit(tmp_path)
    root = tmp_path / "packages/one two"
    shown = cli("init", "-C", root)
    assert shown.code == 0
    assert set(tree(root)) == {"pyproject.toml", ".gitignore"}
    assert {*LOCK, "SECURITY.md", ".github/CODEOWNERS"} <= set(tree(tmp_path))
    assert "lockgate render -C 'packages/one two' --check" in (tmp_path / ".pre-commit-config.yaml").read_text()
    assert cli("render", "--check", "-C", root).code == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            '[tool.lockgate.protection]\napp = "RULES"\n',
            "gh secret set RULES_KEY --env lockgate-protection: the key of a",
        ),
        ('[tool.lockgate.protection]\ntoken = ""\n', ""),
        ('[tool.lockgate.phase]\nprotection = "off"\n', ""),
    ],
)
def test_the_token_of_the_scheduled_check_is_asked_for(tmp_path: Path, table: str, said: str) -> None:
    write(tmp_path, {"pyproject.toml": f"{PLAIN}[tool.lockgate]\n{table}"})
    found = init.next_steps(read_project(tmp_path), tmp_path)
    assert said in found
    assert ("gh secret set" in found) is bool(said)
