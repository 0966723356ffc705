from __future__ import annotations

import os
from pathlib import Path

import pytest

from lockgate.gate.cache import Cache
from lockgate.gate.outcome import Outcome
from lockgate.model.gate import Check, Coverage
from lockgate.ports import clock
from tests.unit.builders import project

KEY = "0123456789abcdef"


def cache(folder: Path, size: str = "200MB") -> Cache:
    return Cache(folder, project(f"[tool.lockgate]\ncache-size = '{size}'", root=folder))


def passed(name: str = "lint", data: tuple[Path, ...] = ()) -> Outcome:
    return Outcome(check=Check(name=name, status="pass", seconds=1.5), data=data, coverage=Coverage(97.5, 95))


def test_what_was_stored_is_found_with_its_age_its_key_and_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "coverage").write_bytes(b"data")
    stored = cache(tmp_path / "c").store(KEY, passed(data=(tmp_path / "coverage",)), {})
    then = clock.now()
    monkeypatch.setattr(clock, "now", lambda: then + 100)
    hit = cache(tmp_path / "c").look_up("lint", KEY)
    assert hit is not None
    assert (hit.check.status, hit.check.cached, hit.check.key, hit.check.seconds) == ("pass", True, KEY[:12], 1.5)
    assert hit.check.cached_age == pytest.approx(100, abs=60)
    assert hit.coverage == Coverage(97.5, 95)
    assert hit.data == stored
    assert [path.read_bytes() for path in hit.data] == [b"data"]


def test_another_key_or_another_check_finds_nothing(tmp_path: Path) -> None:
    cache(tmp_path).store(KEY, passed(), {})
    assert cache(tmp_path).look_up("lint", "f" * 16) is None
    assert cache(tmp_path).look_up("format", KEY) is None


def test_a_changed_read_or_changed_data_is_no_hit(tmp_path: Path) -> None:
    (tmp_path / "coverage").write_bytes(b"data")
    (stored,) = cache(tmp_path / "c").store(KEY, passed(data=(tmp_path / "coverage",)), {str(tmp_path / "read"): None})
    assert cache(tmp_path / "c").look_up("lint", KEY) is not None
    (tmp_path / "read").touch()  # it was not there when the check looked
    assert cache(tmp_path / "c").look_up("lint", KEY) is None
    (tmp_path / "read").unlink()
    stored.write_bytes(b"other")
    assert cache(tmp_path / "c").look_up("lint", KEY) is None


def test_storing_again_replaces_whatever_stands_there(tmp_path: Path) -> None:
    folder = tmp_path / "lint" / KEY
    folder.parent.mkdir()
    for obstacle in (folder.touch, folder.mkdir):
        obstacle()
        cache(tmp_path).store(KEY, passed(), {})
        assert cache(tmp_path).look_up("lint", KEY) is not None
        assert [path.name for path in folder.parent.iterdir()] == [KEY]
        (folder / "entry.json").unlink()
        folder.rmdir()


def test_what_cannot_be_stored_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cache(tmp_path).store(KEY, passed(data=(tmp_path / "gone",)), {})
    assert list((tmp_path / "lint").iterdir()) == []


def fill(folder: Path, *names: str, size: int = 10) -> None:
    """Entries used in this order, the last one most recently."""
    for number, name in enumerate(names):
        entry = folder / name
        entry.mkdir(parents=True)
        (entry / "data-0").write_bytes(b"x" * size)
        os.utime(entry, (number, number))


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*"))


def test_beyond_its_size_the_cache_evicts_what_was_used_longest_ago(tmp_path: Path) -> None:
    fill(tmp_path, "lint/a", "types/b", "lint/c", "types/d", size=900)
    cache(tmp_path, "2KB").trim()
    assert left(tmp_path) == ["lint/c", "types/d"]
    cache(tmp_path, "0KB").trim()
    assert left(tmp_path) == []


def test_a_look_up_is_a_use(tmp_path: Path) -> None:
    (tmp_path / "coverage").write_bytes(b"x" * 900)
    for key in ("a" * 16, "b" * 16):
        cache(tmp_path / "c").store(key, passed(data=(tmp_path / "coverage",)), {})
        os.utime(tmp_path / "c/lint" / key, (1, 1) if key[0] == "a" else (2, 2))
    assert cache(tmp_path / "c").look_up("lint", "a" * 16) is not None
    cache(tmp_path / "c", "2KB").trim()
    assert left(tmp_path / "c") == [f"lint/{'a' * 16}"]


def test_of_one_check_the_twenty_last_used_results_are_kept(tmp_path: Path) -> None:
    fill(tmp_path, *(f"lint/{number:02}" for number in range(25)), "types/a")
    cache(tmp_path).trim()
    assert left(tmp_path) == [*(f"lint/{number:02}" for number in range(5, 25)), "types/a"]


def test_nothing_to_trim_is_no_error(tmp_path: Path) -> None:
    cache(tmp_path / "none").trim()
    assert not (tmp_path / "none").exists()
