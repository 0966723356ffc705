from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockgate.model.release import ReleaseFile
from lockgate.ports.index import Listed
from lockgate.publish.standing import compare, in_order

DIGESTS = st.sampled_from(["a" * 64, "b" * 64, "c" * 64])
NAMES = ["p-1.0-cp311-none-any.whl", "p-1.0-py3-none-any.whl", "p-1.0.tar.gz", "q-1.0.zip"]


def _shown(digest: str | None) -> Listed:
    return Listed("", "", digest)


def _file(name: str, digest: str) -> ReleaseFile:
    return ReleaseFile(name=name, kind="wheel" if name.endswith(".whl") else "sdist", sha256=digest, size=1)


FILES = st.dictionaries(st.sampled_from(NAMES), DIGESTS, min_size=1).map(
    lambda found: tuple(_file(name, digest) for name, digest in found.items())
)
SHOWN = st.dictionaries(
    st.sampled_from([*NAMES, "other.whl"]), st.one_of(st.none(), DIGESTS, DIGESTS.map(str.upper)).map(_shown)
)


@given(files=FILES, shown=SHOWN)
def test_every_file_stands_in_exactly_one_place(files: tuple[ReleaseFile, ...], shown: dict[str, Listed]) -> None:
    standing = compare(files, shown)
    placed = [*standing.stored, *standing.taken, *standing.unread, *(one.name for one in standing.missing)]
    assert sorted(placed) == sorted(one.name for one in files)


@given(files=FILES, shown=SHOWN)
def test_nothing_that_the_index_shows_is_ever_sent(files: tuple[ReleaseFile, ...], shown: dict[str, Listed]) -> None:
    assert not {one.name for one in compare(files, shown).missing} & set(shown)


@given(files=FILES, shown=SHOWN)
def test_complete_means_that_every_name_has_these_bytes(
    files: tuple[ReleaseFile, ...], shown: dict[str, Listed]
) -> None:
    same = all((shown.get(one.name) or _shown(None)).sha256 in {one.sha256, one.sha256.upper()} for one in files)
    assert compare(files, shown).complete == same


@given(files=FILES, shown=SHOWN)
def test_other_bytes_are_seen_whatever_else_is_there(files: tuple[ReleaseFile, ...], shown: dict[str, Listed]) -> None:
    other = {one.name: _shown("d" * 64) for one in files[:1]}
    assert files[0].name in compare(files, {**shown, **other}).taken


@given(files=FILES)
def test_sdists_go_last(files: tuple[ReleaseFile, ...]) -> None:
    kinds = [one.kind for one in in_order(files)]
    assert kinds == sorted(kinds, key=lambda kind: kind == "sdist")
