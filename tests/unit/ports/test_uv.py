from __future__ import annotations

from pathlib import Path

import pytest

from lockgate.model.errors import UnknownError
from lockgate.ports.uv import find_uv, may_download_pythons


def binary(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_uv_that_started_lockgate_comes_first_then_the_path_then_the_home(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    expected = binary(tmp_path / ".cargo/bin/uv")
    assert find_uv(home) == expected
    expected = binary(tmp_path / ".local/bin/uv")
    assert find_uv(home) == expected
    on_path = binary(tmp_path / "bin/uv")
    assert find_uv({**home, "PATH": str(tmp_path / "bin")}) == on_path
    starter = binary(tmp_path / "starter/uv")
    assert find_uv({**home, "PATH": str(tmp_path / "bin"), "UV": str(starter)}) == starter


def test_what_cannot_be_run_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    expected = binary(tmp_path / ".local/bin/uv")
    for value in (str(tmp_path / "plain"), str(tmp_path), str(tmp_path / "gone"), ""):
        assert find_uv({"HOME": str(tmp_path), "UV": value}) == expected


def test_without_uv_the_gate_is_unknown_and_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UnknownError) as caught:
        find_uv({"HOME": str(tmp_path), "PATH": str(tmp_path)})
    assert caught.value.message.startswith("uv was not found")
    assert caught.value.hint is not None
    assert "pip install uv" in caught.value.hint


@pytest.mark.parametrize(
    ("environment", "offline", "expected"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"UV_PYTHON_DOWNLOADS": "never"}, False, False),
        ({"UV_PYTHON_DOWNLOADS": "manual"}, False, False),
        ({"UV_PYTHON_DOWNLOADS": "automatic"}, False, True),
        ({"UV_OFFLINE": "1"}, False, False),
        ({"UV_OFFLINE": "0"}, False, True),
    ],
)
def test_pythons_are_fetched_unless_forbidden(environment: dict[str, str], *, offline: bool, expected: bool) -> None:
    assert may_download_pythons(environment, offline=offline) is expected
