from __future__ import annotations

import pytest

from lockgate.push.changes import ConflictsError
from lockgate.push.overlay import overlaid
from lockgate.push.stamps import Stamps

OLD, NEW = "2026-01-01", "2026-01-02"
FORMS = {
    "x.json": '{{"updated": "{0}", "v": "{1}"}}\n',
    "x.yaml": "updated: {0}\nv: {1}\n",
    "x.toml": 'updated = {0}\nv = "{1}"\n',
    "x.md": "Last updated: {0}\n\n{1}\n",
}


def put(path: str, theirs: str, ours: str) -> tuple[str, int] | None:
    """What stands then, and how many stamps decided it; None when it is refused."""
    try:
        content, decided = overlaid(Stamps(), path, theirs.encode(), ours.encode())
    except ConflictsError:
        return None
    return content.decode(), len(decided)


@pytest.mark.parametrize("path", FORMS)
def test_a_file_goes_over_an_older_one_and_never_over_a_newer(path: str) -> None:
    form = FORMS[path]
    assert put(path, form.format(OLD, "a"), form.format(NEW, "b")) == (form.format(NEW, "b"), 0)
    assert put(path, form.format(NEW, "a"), form.format(OLD, "a")) == (form.format(NEW, "a"), 1)
    assert put(path, form.format(NEW, "a"), form.format(OLD, "b")) is None


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ('{"v": 1}', '{"v": 2}'),
        ('{"updated": "yesterday"}', '{"updated": "2020-01-01"}'),
        ("no JSON", '{"updated": "2020-01-01"}'),
        ('{"updated": "2026-01-02"}', "no JSON"),
        ('{"updated": "2026-01-02"}', '{"other": 1}'),
        ("[" * 100000, "{}"),
    ],
)
def test_where_no_stamps_can_be_compared_the_new_file_is_meant(theirs: str, ours: str) -> None:
    assert put("x.json", theirs, ours) == (ours, 0)


def test_stamps_that_disagree_are_refused() -> None:
    form = '{{"started_at": "{0}", "runs": [{{"ended_at": "{1}"}}]}}'
    assert put("x.json", form.format(NEW, OLD), form.format(OLD, NEW)) is None


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ("1\n", "1\n2\n", "1\n2\n"),
        ("1\n2\n", "1\n", "1\n2\n"),
        ("1\n2\n", "1\n3\n", "1\n2\n3\n"),
        ("1\n2\n", "3\n", "1\n2\n3\n"),
        ("1\n2\n3\n", "1\n4\n3\n", None),
        ("1\n2", "1\n3\n", None),
        ("", "1\n", "1\n"),
        ("1\n", "", "1\n"),
    ],
)
def test_no_line_of_a_log_is_dropped(theirs: str, ours: str, expected: str | None) -> None:
    found = put("x.jsonl", theirs, ours)
    assert (found and found[0]) == expected
