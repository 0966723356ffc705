# ruff: noqa: E501  (a case is read best on one line)
"""What the lock decides without the index."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lockgate.ports.pyproject import read_project
from lockgate.scan.answer import Broken, Clean, Found
from lockgate.scan.lock import read_lock
from lockgate.scan.run import ask
from lockgate.scan.scanners import DEFINITIONS, supply_chain
from tests.support import write
from tests.unit.scan.benches import Scripts, bench

DIGEST = "0123456789abcdef" * 4
WHEEL = "https://files.pythonhosted.org/packages/c2/e7/a82b05cf63a603df6e68d59ae6a68bf5064484a0718ea5033660af4b54a9/idna-3.6-py3-none-any.whl"
HEAD = 'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "sample"\nversion = "1"\nsource = { virtual = "." }\n'
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def entry(
    source: str = 'registry = "https://pypi.org/simple"', url: str = WHEEL, hash_: str | None = f"sha256:{DIGEST}"
) -> str:
    digest = f', hash = "{hash_}"' if hash_ else ""
    return f'\n[[package]]\nname = "idna"\nversion = "3.6"\nsource = {{ {source} }}\nwheels = [\n    {{ url = "{url}"{digest} }},\n]\n'


def rules(root: Path, lock: str, table: str = "", dependencies: str = '"idna==3.6"') -> list[str]:
    project = f'[project]\nname = "sample"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{dependencies}]\n{table}'
    write(root, {"pyproject.toml": project, "uv.lock": lock})
    answer = ask(supply_chain.policy, bench(root, Scripts(root)))
    if isinstance(answer, Found):
        return [one.rule for one in answer.findings]
    assert isinstance(answer, Clean), answer
    return []


INDEX = '[[tool.uv.index]]\nname = "corp"\nurl = "https://pypi.corp/simple"\n'
SOURCES = "[tool.uv.sources]\n"


@pytest.mark.parametrize(
    ("lock", "table"),
    [
        (entry(), ""),
        (entry('registry = "https://pypi.corp/simple"', "https://files.corp/idna-3.6-py3-none-any.whl"), f'{INDEX}[tool.lockgate.scan]\nindexes = ["corp"]\n'),
        (entry('registry = "https://pypi.corp/simple/"', "https://files.corp/idna-3.6.tar.gz"), '[tool.lockgate.scan]\nindexes = ["https://pypi.corp/simple"]\n'),
        (entry('registry = "http://127.0.0.1:8000/simple"', "http://127.0.0.1:8000/idna-3.6.zip"), '[tool.lockgate.scan]\nindexes = ["http://127.0.0.1:8000/simple"]\n'),
        (entry(f'git = "https://github.com/kjd/idna?rev=v3.6#{COMMIT}"'), f'{SOURCES}idna = {{ git = "https://github.com/kjd/idna", rev = "v3.6" }}\n'),
        (entry('url = "https://example.org/idna-3.6-py3-none-any.whl"', "https://example.org/idna-3.6-py3-none-any.whl"), f'{SOURCES}Idna = {{ url = "https://example.org/idna-3.6-py3-none-any.whl" }}\n'),
        (entry('directory = "../idna"'), f'{SOURCES}idna = {{ path = "../idna" }}\n'),
        (entry('editable = "packages/idna"'), '[tool.uv.workspace]\nmembers = ["packages/*"]\n' + f"{SOURCES}idna = {{ workspace = true }}\n"),
    ],
)  # fmt: skip
def test_what_is_allowed_and_declared_is_clean(tmp_path: Path, lock: str, table: str) -> None:
    assert rules(tmp_path, HEAD + lock, table) == []


def test_a_direct_reference_among_the_requirements_declares_its_source(tmp_path: Path) -> None:
    url = "https://example.org/idna-3.6-py3-none-any.whl"
    assert rules(tmp_path, HEAD + entry(f'url = "{url}"', url), dependencies=f'"idna @ {url}"') == []


@pytest.mark.parametrize(
    ("lock", "table", "rule"),
    [
        (entry(hash_=None), "", "lock-hash"),
        (entry(hash_="md5:" + "0" * 32), "", "lock-hash"),
        (entry().replace("wheels = [", "other = ["), "", "lock-hash"),
        (entry(url=WHEEL.replace("https", "http")), "", "lock-https"),
        (entry(url=WHEEL.replace("pythonhosted", "pythonhosted-cdn")), "", "lock-host"),
        (entry(url=WHEEL.replace("/packages/c2/", "/packages/")), "", "lock-host"),
        (entry(url="https://user:secret@evil.example/idna-3.6-py3-none-any.whl"), "", "lock-host"),
        (entry(url=WHEEL.replace("idna-3.6", "idna-3.7")), "", "lock-file"),
        (entry(url=WHEEL.replace("idna-3.6", "idan-3.6")), "", "lock-file"),
        (entry('registry = "https://pypi.corp/simple"', "https://pypi.corp/idna-3.6.zip"), INDEX, "lock-index"),
        (entry('registry = "http://pypi.org/simple"'), "", "lock-index"),
        (entry('registry = "http://pypi.corp/simple"', "https://pypi.corp/idna-3.6.zip"), '[tool.lockgate.scan]\nindexes = ["http://pypi.corp/simple"]\n', "lock-https"),
        (entry(f'git = "https://github.com/evil/idna#{COMMIT}"'), "", "lock-source"),
        (entry(f'git = "https://github.com/evil/idna#{COMMIT}"'), f'{SOURCES}idna = {{ git = "https://github.com/kjd/idna" }}\n', "lock-source"),
        (entry('git = "https://github.com/kjd/idna#main"'), f'{SOURCES}idna = {{ git = "https://github.com/kjd/idna" }}\n', "lock-source"),
        (entry('url = "https://evil.example/idna-3.6-py3-none-any.whl"', "https://evil.example/idna-3.6-py3-none-any.whl"), f'{SOURCES}idna = {{ url = "https://example.org/idna-3.6-py3-none-any.whl" }}\n', "lock-source"),
        (entry('directory = "../idna"'), "", "lock-source"),
        (entry('editable = "vendored"'), "", "lock-source"),
        (entry(), '[tool.uv]\nindex-strategy = "unsafe-best-match"\n', "index-strategy"),
        (entry() + entry(url=WHEEL.replace("py3-none-any.whl", "py2-none-any.whl")).replace('version = "3.6"', 'version = "3.6"'), "", "lock-swapped"),
    ],
)  # fmt: skip
def test_what_is_neither_is_found(tmp_path: Path, lock: str, table: str, rule: str) -> None:
    assert rules(tmp_path, HEAD + lock, table) == [rule]


def test_credentials_in_an_address_are_not_shown(tmp_path: Path) -> None:
    lock = HEAD + entry(url="https://user:hunter2@evil.example/idna-3.6-py3-none-any.whl")
    write(tmp_path, {"pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n', "uv.lock": lock})
    answer = ask(supply_chain.policy, bench(tmp_path, Scripts(tmp_path)))
    assert isinstance(answer, Found)
    assert "hunter2" not in str(answer)
    assert "evil.example" in str(answer)


def test_a_finding_names_the_line_of_the_file(tmp_path: Path) -> None:
    lock = HEAD + entry(hash_=None)
    write(tmp_path, {"pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n', "uv.lock": lock})
    answer = ask(supply_chain.policy, bench(tmp_path, Scripts(tmp_path)))
    assert isinstance(answer, Found)
    assert answer.findings[0].line is not None
    assert WHEEL in lock.splitlines()[answer.findings[0].line - 1]


@pytest.mark.parametrize("text", ["", "version = 1\n", "a = [", "version = 1\n[[package]]\nname = 3\n", "\xff"])
def test_a_lock_that_cannot_be_read_is_broken(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "sample"\nversion = "1"\n')
    (tmp_path / "uv.lock").write_bytes(text.encode("latin-1"))
    assert isinstance(ask(supply_chain.policy, bench(tmp_path, Scripts(tmp_path))), Broken)


def test_an_index_that_nobody_declared_is_no_index(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n[tool.lockgate.scan]\nindexes = ["corp"]\n',
            "uv.lock": HEAD,
        },
    )
    answer = ask(supply_chain.policy, bench(tmp_path, Scripts(tmp_path)))
    assert isinstance(answer, Broken)
    assert "corp" in answer.reason


def test_a_package_without_a_lock_has_no_supply_chain(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n'})
    context = bench(tmp_path, Scripts(tmp_path))
    assert supply_chain.absent(context) is not None
    assert isinstance(ask(supply_chain.policy, context), Broken)
    lock = read_lock(Path(__file__).parents[3] / "uv.lock", Path(__file__).parents[3])
    assert len(lock.packages) > 20
    project = msgspec.structs.replace(read_project(tmp_path), lock=tmp_path / "uv.lock")
    assert project.lock is not None


def test_the_lock_by_which_ci_installs_lockgate_is_judged_too(tmp_path: Path) -> None:
    part = DEFINITIONS["supply-chain"].parts["lockgate"]
    project = '[project]\nname = "sample"\nversion = "1"\nrequires-python = ">=3.11"\n'
    clean = HEAD + entry()
    write(tmp_path, {"pyproject.toml": project, "uv.lock": HEAD})
    write(tmp_path, {".github/lockgate/pyproject.toml": project, ".github/lockgate/uv.lock": clean})
    both = ask(part, bench(tmp_path, Scripts(tmp_path)))
    assert isinstance(both, Clean)
    assert both.looked_at == 3
    evil = clean.replace("files.pythonhosted.org", "files.evil.example")
    write(tmp_path, {".github/lockgate/uv.lock": evil})
    answer = ask(part, bench(tmp_path, Scripts(tmp_path)))
    assert isinstance(answer, Found)
    assert [(one.rule, one.path) for one in answer.findings] == [("lock-host", ".github/lockgate/uv.lock")]
    # It counts without a lock of the package, too.
    (tmp_path / "uv.lock").unlink()
    assert supply_chain.absent(bench(tmp_path, Scripts(tmp_path))) is None
    assert isinstance(ask(part, bench(tmp_path, Scripts(tmp_path))), Found)
