"""Whatever is uploaded, deleted and yanked, in whatever order: what PyPI promises holds."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from pathlib import Path

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from packaging.utils import canonicalize_version

from lockgate.loopback.index import File, Publisher
from lockgate.loopback.index.attestations import provenance, unsigned
from lockgate.loopback.index.form import Form, parse
from lockgate.loopback.index.store import Grant, Release, State, Store
from lockgate.loopback.index.upload import RejectedError, accept
from tests.dists import Dist, form, sdist, wheel

VERSIONS = ("1.0", "1.0.0", "1.1", "2.0rc1")
CONTENTS = ("a", "b")
DISTS = {
    (make, version, content): make(version, files={"content": content})
    for make in (wheel, sdist)
    for version in VERSIONS
    for content in CONTENTS
}
DAY = 86400.0


class Releases(RuleBasedStateMachine):
    """An index, and beside it what was ever accepted under a name."""

    @initialize()
    def start(self) -> None:
        self.state = State()
        self.now = 1_800_000_000.0
        self.bytes: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.before: dict[str, File] = {}

    @rule(dist=st.sampled_from(sorted(DISTS.values(), key=lambda one: (one.name, one.sha256))))
    def upload(self, dist: Dist) -> None:
        stored = self.state.files.get(dist.name)
        release = self._release(dist)
        refused = self._refusal(dist)
        if refused is not None:
            known = dist.name in self.bytes
            closed = release is not None and self.now - release.created > 14 * DAY
            second = dist.name.endswith(".tar.gz") and any(
                one.kind == "sdist" and release is not None and one.version == release.version
                for one in self.state.files.values()
            )
            assert refused.status == 400
            assert known or closed or second, f"a free name was refused: {refused}"
            assert stored is None or stored.sha256 != dist.sha256, "the same bytes are never refused"
            return
        if stored is not None:
            assert stored.sha256 == dist.sha256
            return
        assert dist.name not in self.bytes, "a name was given to other bytes, or returned"
        assert release is None or self.now - release.created <= 14 * DAY
        self.bytes[dist.name] = dist.sha256

    @precondition(lambda self: self.state.files)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.state.files)))
        del self.state.files[name]
        self.deleted.add(name)

    @precondition(lambda self: self.state.projects)
    @rule(version=st.sampled_from(VERSIONS), reason=st.sampled_from([None, "", "broken"]))
    def yank(self, version: str, reason: str | None) -> None:
        releases = self.state.projects["sample"].releases
        key = canonicalize_version(version)
        if key in releases:
            releases[key] = msgspec.structs.replace(releases[key], yanked=reason)

    @rule(days=st.floats(0.1, 20))
    def wait(self, days: float) -> None:
        self.now += days * DAY

    @invariant()
    def bytes_never_change_and_deleted_names_never_return(self) -> None:
        if not hasattr(self, "state"):
            return
        assert not self.deleted & set(self.state.files)
        for name, file in self.state.files.items():
            assert file.sha256 == self.bytes[name]
            assert self.before.get(name, file) == file
        self.before = dict(self.state.files)

    @invariant()
    def a_release_has_one_sdist(self) -> None:
        if not hasattr(self, "state"):
            return
        sdists = [file.version for file in self.state.files.values() if file.kind == "sdist"]
        assert len(sdists) == len(set(sdists))

    def _release(self, dist: Dist) -> Release | None:
        project = self.state.projects.get("sample")
        return project.releases.get(canonicalize_version(_version(dist))) if project else None

    def _refusal(self, dist: Dist) -> RejectedError | None:
        before = msgspec.json.encode(self.state)
        try:
            accept(self.state, self._form(dist), Grant(projects=None), self.now, 1 << 20)
        except RejectedError as error:
            assert msgspec.json.encode(self.state) == before
            return error
        return None

    def _form(self, dist: Dist) -> Form:
        return parse(*form(dist, version=_version(dist)))


def _version(dist: Dist) -> str:
    return next(version for (_, version, _), one in DISTS.items() if one == dist)


TestReleases = Releases.TestCase
TestReleases.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


@settings(max_examples=60, deadline=None)
@given(
    content=st.binary(max_size=200),
    fields=st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), st.text(max_size=40), max_size=5),
)
def test_a_form_comes_through_as_it_was_sent(content: bytes, fields: dict[str, str]) -> None:
    fields.pop("content", None)
    given = {"name": None, "version": None, **fields}
    found = parse(*form(Dist("sample-1.0.tar.gz", content), **given))
    assert found.content == content
    for name, value in fields.items():
        assert found[name] == value.encode(errors="replace").decode()


def spoil(store: Store) -> None:
    with store.change() as state:
        state.used.append("b")
        raise LookupError


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.change() as state:
        state.used.append("a")
    serial, written = store.read().serial, (tmp_path / "index.json").read_bytes()
    with pytest.raises(LookupError):
        spoil(store)
    with store.change():
        pass
    assert (store.read().used, store.read().serial) == (["a"], serial)
    assert (tmp_path / "index.json").read_bytes() == written
    assert json.loads(written)["used"] == ["a"]


def test_changes_of_two_services_follow_each_other(tmp_path: Path) -> None:
    first, second = Store(tmp_path), Store(tmp_path)
    begun = threading.Event()

    def slow() -> None:
        with first.change() as state:
            begun.set()
            time.sleep(0.3)
            state.used.append("slow")

    changing = threading.Thread(target=slow)
    changing.start()
    assert begun.wait(10)
    with second.change() as state:
        state.used.append("quick")
    changing.join(10)
    assert first.read().used == second.read().used == ["slow", "quick"]


@pytest.mark.parametrize("dist", [wheel(), sdist()], ids=["wheel", "sdist"])
def test_whichever_byte_of_an_archive_is_wrong_it_is_refused_or_taken(dist: Dist) -> None:
    altered = [
        dist.content[:at] + bytes([dist.content[at] ^ 0xFF]) + dist.content[at + 1 :] for at in range(len(dist.content))
    ]
    cut = [dist.content[:length] for length in range(0, len(dist.content), 7)]
    for content in [*altered, *cut]:
        with contextlib.suppress(RejectedError):
            accept(State(), parse(*form(Dist(dist.name, content))), Grant(projects=None), 0.0, 1 << 20)


@settings(max_examples=80, deadline=None)
@given(
    text=st.binary(max_size=60) | st.text(alphabet="Metadata-Version: 2.4\nName\x00\u20ac", max_size=80).map(str.encode)
)
def test_metadata_that_is_anything(text: bytes) -> None:
    dist = wheel(text="Metadata-Version: 2.4\nName: sample\nVersion: 1.0\n" + text.decode("latin-1"))
    with contextlib.suppress(RejectedError):
        accept(State(), parse(*form(dist)), Grant(projects=None), 0.0, 1 << 20)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(value=json_values, where=st.sampled_from(["whole", "one", "material", "envelope", "statement", "subject"]))
def test_attestations_that_are_anything(value: object, where: str) -> None:
    good = unsigned("a", "b")
    statement = json.loads(base64.b64decode(good["envelope"]["statement"]))
    changed = value if where == "statement" else {**statement, "subject": value if where == "subject" else [value]}
    encoded = base64.b64encode(json.dumps(changed).encode()).decode()
    attestation = {
        "whole": value,
        "one": [value],
        "material": [{**good, "verification_material": value}],
        "envelope": [{**good, "envelope": value}],
    }.get(where, [{**good, "envelope": {**good["envelope"], "statement": encoded}}])
    who = Publisher(project="sample", repository="acme/sample", workflow="publish.yml")
    with pytest.raises(ValueError, match=r"attestation"):
        provenance(json.dumps(attestation), "a", "b", who)
