from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockgate.model.release import ReleaseFile
from lockgate.publish.standing import Shown, compare, in_order, together

DIGESTS = st.sampled_from(["a" * 64, "b" * 64, "c" * 64])
NAMES = ["p-1.0-cp311-none-any.whl", "p-1.0-py3-none-any.whl", "p-1.0.tar.gz", "q-1.0.zip"]


def _file(name: str, digest: str) -> ReleaseFile:
    return ReleaseFile(name=name, kind="wheel" if name.endswith(".whl") else "sdist", sha256=digest, size=1)


FILES = st.dictionaries(st.sampled_from(NAMES), DIGESTS, min_size=1).map(
    lambda found: tuple(_file(name, digest) for name, digest in found.items())
)
SHOWN = st.dictionaries(
    st.sampled_from([*NAMES, "other.whl"]), st.one_of(st.none(), DIGESTS, DIGESTS.map(str.upper)).map(Shown)
)


@given(files=FILES, shown=SHOWN)
def test_every_file_stands_in_exactly_one_place(files: tuple[ReleaseFile, ...], shown: dict[str, Shown]) -> None:
    standing = compare(files, shown)
    placed = [*standing.stored, *standing.taken, *standing.unread, *(one.name for one in standing.missing)]
    assert sorted(placed) == sorted(one.name for one in files)


@given(files=FILES, shown=SHOWN)
def test_nothing_that_the_index_shows_is_ever_sent(files: tuple[ReleaseFile, ...], shown: dict[str, Shown]) -> None:
    assert not {one.name for one in compare(files, shown).missing} & set(shown)


@given(files=FILES, shown=SHOWN)
def test_complete_means_that_every_name_has_these_bytes(
    files: tuple[ReleaseFile, ...], shown: dict[str, Shown]
) -> None:
    same = all((shown.get(one.name) or Shown(None)).sha256 in {one.sha256, one.sha256.upper()} for one in files)
    assert compare(files, shown).complete == same


@given(files=FILES, shown=SHOWN)
def test_other_bytes_are_seen_whatever_else_is_there(files: tuple[ReleaseFile, ...], shown: dict[str, Shown]) -> None:
    other = {one.name: Shown("d" * 64) for one in files[:1]}
    assert files[0].name in compare(files, {**shown, **other}).taken


@given(files=FILES)
def test_sdists_go_last(files: tuple[ReleaseFile, ...]) -> None:
    kinds = [one.kind for one in in_order(files)]
    assert kinds == sorted(kinds, key=lambda kind: kind == "sdist")


def test_what_one_view_shows_is_there_and_a_digest_is_taken_from_either() -> None:
    simple, json = {"a": Shown(None), "b": Shown("b" * 64)}, {"a": Shown("a" * 64), "c": Shown("c" * 64)}
    assert together(simple, json) == {"a": Shown("a" * 64), "b": Shown("b" * 64), "c": Shown("c" * 64)}
    assert together({"a": Shown(None)}, {}) == {"a": Shown(None)}
