from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lockgate.push import json_text
from lockgate.push.stamps import Scalar, instant, newer
from tests.unit.push.cases import WRITERS
from tests.unit.push.merging import Merger
from tests.unit.push.test_conflict_table import exactly, parsed

Document = dict[str, Any]
_STAMPS = ("generated_at", "last_updated", "started_at", "ended_at")
_KEYS = st.sampled_from(["a", "b", "c", "count", "rows", *_STAMPS])
_INSTANTS = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z")  # noqa: DTZ001
_PLAIN = st.one_of(
    st.sampled_from([0, 1, 1.5, True, False, "0", "1", "x", "true"]), st.lists(st.sampled_from(["p", "q"]), max_size=2)
)


def _value(key: str) -> st.SearchStrategy[Any]:
    return _INSTANTS if key in _STAMPS else _PLAIN


def _tables(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    entry = _KEYS.flatmap(lambda key: st.tuples(st.just(key), _value(key) if key in _STAMPS else children))
    return st.lists(entry, min_size=1, max_size=4).map(dict)


DOCUMENTS = _tables(st.one_of(_PLAIN, _tables(st.one_of(_PLAIN, _tables(_PLAIN)))))


@st.composite
def edited(draw: Callable[..., Any], base: Document) -> Document:
    """The document after some edits at random places."""
    document: Document = json.loads(json.dumps(base))
    for _ in range(draw(st.integers(0, 3))):
        table = document
        while (inner := [one for one in table.values() if isinstance(one, dict) and one]) and draw(st.booleans()):
            table = draw(st.sampled_from(inner))
        key = draw(_KEYS)
        if key in table and draw(st.integers(0, 3)) == 0 and len(table) > 1:
            del table[key]
        else:
            table[key] = draw(_value(key) if key in _STAMPS else st.one_of(_PLAIN, _tables(_PLAIN)))
    return document


@st.composite
def three(draw: st.DrawFn) -> tuple[Document, Document, Document]:
    """A base and what two sides made of it."""
    base = draw(DOCUMENTS)
    return base, draw(edited(base)), draw(edited(base))


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:  # noqa: ANN401
    """Every value that is no table, by its path, with types kept apart."""
    if isinstance(value, dict):
        return {where: one for key, inner in value.items() for where, one in leaves(inner, (*path, key)).items()}
    return {path: exactly(value)}


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=40)
@given(versions=three())
def test_nothing_is_invented_or_dropped_and_both_directions_accept_the_same(
    merger: Merger, form: str, versions: tuple[Document, Document, Document]
) -> None:
    path, write = WRITERS[form]
    base, ours, theirs = versions
    assume(base not in (ours, theirs) and ours != theirs)
    merged = merger.merge(path, write(base), write(ours), write(theirs))
    back = merger.merge(path, write(base), write(theirs), write(ours))
    assert (merged.text is None) == (back.text is None), (merged, back)
    if merged.text is None or back.text is None:
        return
    result = parsed(path, merged.text)
    assert exactly(parsed(path, back.text)) == exactly(result)
    was, mine, yours, now = (leaves(one) for one in (base, ours, theirs, result))
    for where in was.keys() | mine.keys() | yours.keys() | now.keys():
        b, o, t, r = (side.get(where) for side in (was, mine, yours, now))
        if len({repr(one) for one in (b, o, t)}) < 3:
            assert r == (t if o == b else o), where
        else:
            assert where[-1] in _STAMPS, where
            assert r == max(o or "", t or ""), where


@given(
    st.lists(st.integers(), unique=True, max_size=4),
    st.lists(st.integers(), unique=True, max_size=4),
    st.lists(st.integers(), unique=True, max_size=4),
)
def test_a_log_keeps_every_line_once(merger: Merger, base: list[int], ours: list[int], theirs: list[int]) -> None:
    assume(len({*base, *ours, *theirs}) == len(base) + len(ours) + len(theirs))

    def log(*parts: list[int]) -> str:
        return "".join(json.dumps({"n": one}) + "\n" for part in parts for one in part)

    merged = merger.merge("x.jsonl", log(base), log(base, ours), log(base, theirs))
    assert merged.text == log(base, theirs, ours)


_TEXT = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n"]), max_size=8).map("".join)


@pytest.mark.parametrize("path", ["x.py", "x.md"])
@settings(max_examples=25)
@given(base=_TEXT, ours=_TEXT, theirs=_TEXT)
def test_texts_without_stamps_merge_as_git_merges_them(
    merger: Merger, path: str, base: str, ours: str, theirs: str
) -> None:
    assume(len({base, ours, theirs}) == 3)
    merged = merger.merge(path, base, ours, theirs)
    folder = merger.repository.folder
    for name, content in (("b", base), ("o", ours), ("t", theirs)):
        (folder / name).write_text(content)
    done = merger.repository.git("merge-file", "-p", "-q", "t", "b", "o", codes=tuple(range(128)))
    assert merged.text == (done.out.decode() if done.code == 0 else None)


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
)
_DUMPS: list[Callable[[Any], str]] = [
    json.dumps,
    lambda value: json.dumps(value, indent=1),
    lambda value: json.dumps(value, ensure_ascii=False, separators=(" ,", ": ")),
]


def plain(value: Any) -> Any:  # noqa: ANN401
    """A parsed value as Python's own parser has it."""
    if isinstance(value, Scalar):
        return value.text if value.kind == "string" else json.loads(value.text)
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else [plain(one) for one in value]


@given(_JSON, st.sampled_from(_DUMPS))
def test_json_is_read_as_the_standard_library_reads_it(value: Any, dumps: Callable[[Any], str]) -> None:  # noqa: ANN401
    text = dumps(value)
    document = json_text.parse(text)
    assert plain(document.root.value) == json.loads(text)
    assert json_text.render(document, document, document.root.value) == text


@given(st.text(alphabet='{}[]",:0123456789.-+eEtrufalsn \n\\x', max_size=12))
def test_what_the_standard_library_refuses_is_refused(text: str) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError
        return dict(pairs)

    def constant(_: str) -> None:
        raise ValueError

    try:
        json.loads(text, object_pairs_hook=unique, parse_constant=constant)
    except (ValueError, RecursionError):
        with pytest.raises(ValueError, match="line"):
            json_text.parse(text)
    else:
        json_text.parse(text)


_AWARE = st.datetimes(timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m))))


@given(_AWARE, _AWARE)
def test_the_newer_of_two_instants_is_the_later_one(one: dt.datetime, other: dt.datetime) -> None:
    side = newer(Scalar("string", one.isoformat()), Scalar("string", other.isoformat()))
    assert side == (None if one == other else "ours" if one > other else "theirs")


@given(st.text(max_size=30))
def test_whatever_is_taken_for_a_date_is_one(text: str) -> None:
    found = instant(Scalar("string", text))
    assert found is None or text.strip()[:4].isdigit()
