"""What goes wrong on purpose, when it does, and what is kept for whom."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from lockgate.loopback.index import Fault, Index
from lockgate.loopback.index.faults import Plan
from tests.dists import Dist, Said, ask, form, sdist, upload, wheel


def status(index: Index, dist: Dist, token: str) -> int | None:
    """The answer's status, None when there is no whole answer."""
    try:
        return upload(index, dist, token).status
    except (OSError, http.client.HTTPException):
        return None


@pytest.mark.parametrize(
    ("fault", "seen", "stored"),
    [
        (Fault(on="upload"), 200, True),
        (Fault(on="upload", status=503), 503, False),
        (Fault(on="upload", status=503, stored=True), 503, True),
        (Fault(on="upload", cut="before"), None, False),
        (Fault(on="upload", cut="after"), None, True),
        (Fault(on="upload", status=502, body="<html>", cut="within"), None, False),
        (Fault(on="upload", status=502, body="<html>", cut="within", stored=True), None, True),
    ],
)
def test_before_after_and_instead(index: Index, fault: Fault, seen: int | None, stored: bool) -> None:
    index.plan(fault)
    assert status(index, wheel(), index.token()) == seen
    assert bool(index.files("sample")) == stored
    assert status(index, wheel(), index.token()) == 200, "it happens once"
    assert [one.fault for one in index.requests] == [fault, None]
    assert index.requests[0].status == (None if fault.cut in {"before", "after"} else seen or 502)


def test_an_answer_that_ends_in_the_middle(index: Index) -> None:
    upload(index, wheel(), index.token())
    index.plan(Fault(on="simple", cut="within", times=None))
    for _ in range(2):
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            ask(index, "/simple/sample/")


def test_html_instead_of_json(index: Index) -> None:
    index.plan(Fault(on="json", status=200, body="<html>a hotel</html>", headers={"X-Hotel": "1"}))
    said = ask(index, "/pypi/sample/json")
    assert (said.status, said.body, said.headers["x-hotel"]) == (200, b"<html>a hotel</html>", "1")
    assert said.headers["content-type"] == "text/html"


def test_a_delay(index: Index) -> None:
    index.plan(Fault(on="audience", delay=0.3))
    begun = time.monotonic()
    ask(index, "/_/oidc/audience")
    assert time.monotonic() - begun >= 0.3


def audience_or_nothing(index: Index) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        ask(index, "/_/oidc/audience")


def test_a_delay_does_not_outlive_its_index(tmp_path: Path, index_keys: Path) -> None:
    begun = time.monotonic()
    with Index(tmp_path, keys=index_keys) as index:
        index.plan(Fault(on="audience", delay=60))
        asking = threading.Thread(target=audience_or_nothing, args=(index,))
        asking.start()
        time.sleep(0.2)
    asking.join(10)
    assert not asking.is_alive()
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        ({}, [True, False, False, False]),
        ({"times": 2}, [True, True, False, False]),
        ({"times": None}, [True, True, True, True]),
        ({"nth": 3}, [False, False, True, False]),
        ({"position": 2}, [False, True, False, False]),
        ({"position": 2, "times": None}, [False, True, False, True]),
        ({"position": 2, "nth": 2}, [False, False, False, True]),
        ({"file": "*.tar.gz"}, [False, True, False, False]),
        ({"project": "sample", "file": "*.whl", "times": None}, [True, False, True, False]),
        ({"project": "other", "times": None}, [False, False, False, False]),
    ],
)
def test_which_requests_are_hit(fault: dict[str, object], hit: list[bool]) -> None:
    plan = Plan([msgspec.convert({"on": "upload", **fault}, Fault)])
    asked = ["a-1.whl", "a-1.tar.gz", "a-1.whl", "a-1.tar.gz"]
    assert [plan.pick("upload", "sample", name) is not None for name in asked] == hit
    assert plan.pick("simple", "sample", None) is None


def test_the_first_fault_that_is_due_happens_and_the_others_are_counted() -> None:
    first, second = Fault(on="mint", status=500, nth=2), Fault(on="mint", status=429, times=2)
    plan = Plan([first, second])
    assert [plan.pick("mint", None, None) for _ in range(3)] == [second, first, None]


def test_a_plan_is_data() -> None:
    written = b'{"on": "upload", "position": 2, "cut": "after"}'
    assert msgspec.json.decode(written, type=Fault) == Fault(on="upload", position=2, cut="after")
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"on": "upload", "statsu": 503}', type=Fault)


def test_two_publishers_at_once_end_with_one_release(index: Index) -> None:
    token = index.token()
    mine = [wheel(), sdist()]
    theirs = [wheel(files={"theirs.py": ""}), sdist(files={"theirs.py": ""})]
    with ThreadPoolExecutor(8) as pool:
        said: list[Said] = list(pool.map(lambda dist: upload(index, dist, token), [*mine, *theirs] * 4))
    assert {one.status for one in said} == {200, 400}
    stored = index.files("sample")
    assert len(stored) == 2
    for dist, answer in zip([*mine, *theirs] * 4, said, strict=True):
        assert (answer.status == 200) == (stored[dist.name].sha256 == dist.sha256)


def test_two_services_of_one_folder_see_the_same(tmp_path: Path, index_keys: Path) -> None:
    with Index(tmp_path, keys=index_keys) as one, Index(tmp_path, keys=index_keys) as other:
        token = one.token()
        assert upload(one, wheel(), token).status == 200
        assert upload(other, wheel(files={"more": ""}), token).status == 400
        with ThreadPoolExecutor(8) as pool:
            jobs = [(index, wheel(f"2.{number}")) for number in range(4) for index in (one, other)]
            said = list(pool.map(lambda job: upload(job[0], job[1], token, version=job[1].name.split("-")[1]), jobs))
        assert {answer.status for answer in said} == {200}
        assert one.files("sample") == other.files("sample")
        assert len(one.files("sample")) == 5


def test_everything_is_there_after_a_new_start(tmp_path: Path, index_keys: Path) -> None:
    with Index(tmp_path, keys=index_keys) as index:
        token = index.token()
        upload(index, wheel(), token)
        upload(index, sdist(), token)
        index.delete(sdist().name)
        index.yank("sample", "1.0", "broken")
        page = ask(index, "/simple/sample/").body.replace(index.url.encode(), b"")
    with Index(tmp_path, keys=index_keys) as index:
        assert ask(index, "/simple/sample/").body.replace(index.url.encode(), b"") == page
        assert upload(index, wheel(), token).status == 200
        assert upload(index, sdist(), token).reason.startswith("This filename was previously used")


KILLED = """
import os, sys
from pathlib import Path
from lockgate.loopback.index import Index
from lockgate.loopback.index.store import Store
count = 0
def put(self, content, real=Store.put):
    global count
    count += 1
    real(self, content)
    if count == int(sys.argv[2]):
        os._exit(9)
Store.put = put
with Index(Path(sys.argv[1])) as index:
    print(index.url, index.token(), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("moment", [1, 2])
def test_killed_while_it_stores(tmp_path: Path, moment: int) -> None:
    """What was not answered may be lost; nothing is half there, and the same upload goes through afterwards."""
    with Index(tmp_path):
        pass  # the keys are there
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), str(moment)], stdin=-1, stdout=-1, text=True
    ) as child:
        assert child.stdout is not None
        url, token = child.stdout.readline().split()
        kind, body = form(wheel())
        connection = http.client.HTTPSConnection(
            "localhost", int(url.rpartition(":")[2]), context=ssl.create_default_context(cafile=tmp_path / "ca.pem")
        )
        from base64 import b64encode

        headers = {"Content-Type": kind, "Authorization": "Basic " + b64encode(f"__token__:{token}".encode()).decode()}
        with contextlib.suppress(OSError):
            connection.request("POST", "/legacy/", body, headers)
        with pytest.raises((OSError, http.client.HTTPException)):
            connection.getresponse()
        connection.close()
        assert child.wait(10) == 9
    with Index(tmp_path) as index:
        assert index.files("sample") == {}
        assert upload(index, wheel(), token).status == 200
        assert index.files("sample")[wheel().name].sha256 == wheel().sha256


def test_nothing_secret_is_written_or_noted(index: Index, tmp_path: Path, index_keys: Path) -> None:
    from tests.unit.loopback.test_index_publishers import identity, job, mint, publisher

    index.register(publisher())
    user, proof = index.token(), identity(index, job())
    minted = json.loads(mint(index, proof).body)["token"]
    upload(index, wheel(), user)
    noted = msgspec.json.encode(index.requests).decode()
    written = "".join(path.read_text(errors="replace") for path in (tmp_path / "index").rglob("*") if path.is_file())
    for secret in (user, minted, proof):
        assert secret not in noted
        assert secret not in written
    for name in ("server.pem", "issuer.pem"):
        assert stat.S_IMODE((index_keys / name).stat().st_mode) == 0o600


def test_its_certificate_is_for_localhost_and_not_believed_by_everybody(index: Index) -> None:
    import urllib.error
    import urllib.request

    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(index.simple, context=ssl.create_default_context())  # noqa: S310
    assert index.url.startswith("https://localhost:")
    assert set(index.trust.values()) == {str(index.ca)}


def test_keys_are_made_once_however_many_need_them(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda number: Index(tmp_path / str(number), keys=tmp_path / "keys"), range(4)))
    assert len({one.ca.read_bytes() for one in made}) == 1
    (tmp_path / "keys/server.pem").write_bytes(b"")  # as a kill between two steps leaves it
    with Index(tmp_path / "again", keys=tmp_path / "keys") as index:
        assert ask(index, "/_/oidc/audience").status == 200
