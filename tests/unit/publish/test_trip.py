"""Where an index takes files, and what is left to do when a release is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from lockgate.model.release import Ledger, ReleaseFile, State
from lockgate.ports.process import Cancel
from lockgate.ports.releases import Store
from lockgate.publish.identity import Form
from lockgate.publish.journal import BurnedError, Journal
from lockgate.publish.places import place_of
from lockgate.publish.trip import Trip, following, give_up


def test_pypi_takes_files_at_its_own_address_only() -> None:
    assert place_of("https://pypi.org", "https://elsewhere/").upload == "https://upload.pypi.org/legacy/"
    assert place_of("https://test.pypi.org", "https://elsewhere/").upload == "https://test.pypi.org/legacy/"
    assert place_of("https://own", "https://elsewhere/").upload == "https://elsewhere/"
    assert place_of("https://own").upload == "https://own/legacy/"


@given(
    st.from_regex(
        r"(?:[1-9]!)?[0-9]{1,4}(?:\.[0-9]{1,3}){0,3}(?:(?:a|b|rc)[0-9]{1,2})?(?:\.post[0-9])?(?:\.dev[0-9])?",
        fullmatch=True,
    )
)
def test_the_next_version_is_later(text: str) -> None:
    version = str(Version(text))
    assert Version(following(version)) > Version(version)


@pytest.mark.parametrize(
    ("before", "after"), [("1.0", "1.1"), ("1.2.3", "1.2.4"), ("2.0rc1", "2.0rc2"), ("1.9.post1", "1.9.post2")]
)
def test_the_next_version_is_of_the_same_kind(before: str, after: str) -> None:
    assert following(before) == after


@pytest.mark.parametrize("state", ["uploading", "released"])
def test_on_pypi_the_page_to_yank_on_is_named(tmp_path: Path, state: State) -> None:
    file = ReleaseFile(name="p-1.0.tar.gz", kind="sdist", sha256="a" * 64, size=1, state="verified")
    ledger = Ledger(
        project="p", version="1.0", commit="1" * 40, source_date_epoch=1, tag="v1.0", index="https://pypi.org",
        state=state, files=(file,),
    )  # fmt: skip
    trip = Trip(
        place=place_of("https://pypi.org"), uv=Path("uv"), environment={}, outside={}, cancel=Cancel(), say=print,
        form=Form(project="p", page="", repository=None, workflow="w", environment="e"),
    )  # fmt: skip
    journal = Journal(Store(tmp_path), ledger)
    with pytest.raises(BurnedError) as caught:
        give_up(trip, journal, "it has other bytes")
    if state == "released":
        assert "was released, but" in caught.value.message
        assert journal.ledger == ledger
    else:
        assert "https://pypi.org/manage/project/p/releases/" in (caught.value.hint or "")
        assert "public for good: p-1.0.tar.gz" in (caught.value.hint or "")
        assert Store(tmp_path).read() == journal.ledger
        assert journal.ledger.state == "burned"
