"""The embedded index with the tools that people use: uv, twine and pip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lockgate.loopback.index import Fault, Index, Job, Publisher
from lockgate.loopback.index.attestations import unsigned
from tests.dists import Dist, sdist, wheel

REPOSITORY = "acme/sample"
# uv sends the wheel first; twine sorts the same way, so the sdist is the second file for both.
FIRST, SECOND = wheel(), sdist()


@dataclass
class Workshop:
    """An index, two files to publish, and the tools."""

    index: Index
    folder: Path

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("UV_", "PIP_", "TWINE_", "GITHUB_"))
        }
        environment = {**kept, "UV_NO_CONFIG": "1", "UV_NO_CACHE": "1", "PIP_CONFIG_FILE": os.devnull}
        environment |= {"HOME": str(self.folder), "NO_COLOR": "1", "COLUMNS": "200", **self.index.trust, **variables}
        return environment

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def publish(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("uv", "publish", "--publish-url", self.index.upload, *options, **variables)

    def twine(self, *options: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
        files = sorted(str(path) for path in (self.folder / "dist").iterdir())
        names: tuple[str, ...] = ("-u", "__token__", "-p", token or self.index.token())
        return self.run(
            *(sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar"),
            *("--repository-url", self.index.upload, *names, *options, *files),
        )

    def stored(self) -> dict[str, str]:
        return {name: file.sha256 for name, file in self.index.files("sample").items()}

    def asked(self, *routes: str) -> list[tuple[str, int | None]]:
        return [(one.on, one.status) for one in self.index.requests if not routes or one.on in routes]


@pytest.fixture
def workshop(tmp_path: Path, index_keys: Path) -> Iterator[Workshop]:
    (tmp_path / "dist").mkdir()
    for dist in (FIRST, SECOND):
        dist.write(tmp_path / "dist")
    with Index(tmp_path / "index", keys=index_keys) as index:
        yield Workshop(index, tmp_path)


def whole(*dists: Dist) -> dict[str, str]:
    return {dist.name: dist.sha256 for dist in dists}


PUBLISHER = Publisher(project="sample", repository=REPOSITORY, workflow="publish.yml", environment="pypi")


def test_uv_publishes_without_a_stored_credential(workshop: Workshop) -> None:
    index = workshop.index
    index.register(PUBLISHER)
    job = index.job(Job(repository=REPOSITORY, environment="pypi"))
    ran = workshop.publish("--trusted-publishing", "always", "--check-url", index.simple, **job)
    assert ran.returncode == 0, ran.stderr
    assert workshop.stored() == whole(FIRST, SECOND)
    assert [on for on, _ in workshop.asked()] == [
        *("audience", "id-token", "mint", "simple", "upload", "simple", "upload", "burn"),
    ]


def test_a_dry_run_of_uv_mints_a_real_token_and_uploads_nothing(workshop: Workshop) -> None:
    workshop.index.register(PUBLISHER)
    job = workshop.index.job(Job(repository=REPOSITORY, environment="pypi"))
    ran = workshop.publish("--dry-run", "--trusted-publishing", "always", **job)
    assert ran.returncode == 0, ran.stderr
    assert workshop.asked("mint", "upload") == [("mint", 200)]


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (Job(repository=REPOSITORY, environment="pypi", workflow="other.yml"), "invalid-publisher"),
        (Job(repository=REPOSITORY), "invalid-publisher"),
        (Job(repository="acme/fork", environment="pypi"), "invalid-publisher"),
        (Job(repository=REPOSITORY, environment="pypi", owner_id="7"), "invalid-publisher"),
        (Job(repository=REPOSITORY, environment="pypi", event="pull_request_target"), "pull_request_target"),
        (Job(repository=REPOSITORY, environment="pypi", claims={"aud": "elsewhere"}), "invalid-token"),
        (Job(repository=REPOSITORY, environment="pypi", claims={"exp": 1_000_000_000}), "invalid-token"),
    ],
)
def test_uv_is_told_why_there_is_no_token(workshop: Workshop, job: Job, said: str) -> None:
    workshop.index.register(PUBLISHER)
    ran = workshop.publish("--trusted-publishing", "always", **workshop.index.job(job))
    assert ran.returncode == 2
    assert said in ran.stderr
    assert workshop.asked("mint", "upload") == [("mint", 422)]


def test_without_the_permission_there_is_no_identity(workshop: Workshop) -> None:
    ran = workshop.publish("--trusted-publishing", "always", GITHUB_ACTIONS="true")
    assert ran.returncode == 2
    assert "id-token: write" in ran.stderr


def test_twine_publishes_with_a_token_and_pip_and_uv_install(workshop: Workshop, tmp_path: Path) -> None:
    index = workshop.index
    assert workshop.twine().returncode == 0
    assert workshop.stored() == whole(FIRST, SECOND)
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--no-cache-dir")
    ran = workshop.run(*pip, "download", "--index-url", index.simple, "-d", "down", "sample==1.0")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (tmp_path / "down" / FIRST.name).read_bytes() == FIRST.content
    ran = workshop.run(*pip, "install", "--index-url", index.simple, "--target", "there", "--no-deps", "sample")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = workshop.run("uv", "pip", "install", "--default-index", index.simple, "--target", "uv", "sample")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "uv/sample.py").read_text() == (tmp_path / "there/sample.py").read_text()
    # pip and uv read the metadata (PEP 658) before they fetch the wheel.
    assert workshop.asked("metadata", "file")[:2] == [("metadata", 200), ("file", 200)]


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "--cert", None])
def test_each_way_to_believe_it(workshop: Workshop, name: str | None) -> None:
    index = workshop.index
    assert workshop.publish("--token", index.token()).returncode == 0
    # What this machine believes goes before `--cert`, in requests.
    variables = dict.fromkeys([*index.trust, "CURL_CA_BUNDLE"], "")
    if name in variables:
        variables[name] = str(index.ca)
    option = ("--cert", str(index.ca)) if name == "--cert" else ()
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "--retries", "0", *option)
    ran = workshop.run(*pip, "download", "--index-url", index.simple, "-d", "down", "sample", **variables)
    assert ran.returncode == (1 if name is None else 0), ran.stdout + ran.stderr


def test_uv_locks_against_it(workshop: Workshop, tmp_path: Path) -> None:
    index = workshop.index
    assert workshop.publish("--token", index.token()).returncode == 0
    (tmp_path / "user").mkdir()
    (tmp_path / "user/pyproject.toml").write_text(
        '[project]\nname = "user"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["sample"]\n'
        f'[[tool.uv.index]]\nname = "loopback"\nurl = "{index.simple}"\ndefault = true\n'
    )
    ran = workshop.run("uv", "--project", tmp_path / "user", "lock", UV_NO_CONFIG="false")
    assert ran.returncode == 0, ran.stderr
    locked = (tmp_path / "user/uv.lock").read_text()
    assert f"sha256:{FIRST.sha256}" in locked
    assert f"sha256:{SECOND.sha256}" in locked


def test_the_resolver_passes_over_a_yanked_release(workshop: Workshop) -> None:
    index = workshop.index
    assert workshop.publish("--token", index.token()).returncode == 0
    index.yank("sample", "1.0", "it eats data")
    install = ("uv", "pip", "install", "--default-index", index.simple, "--target", "uv")
    ran = workshop.run(*install, "sample")
    assert ran.returncode == 1
    assert "it eats data" in " ".join(ran.stderr.split())
    ran = workshop.run(*install, "sample==1.0")
    assert ran.returncode == 0, ran.stderr


def test_an_attestation_travels_with_its_file(workshop: Workshop, tmp_path: Path) -> None:
    for dist in (FIRST, SECOND):
        beside = tmp_path / "dist" / f"{dist.name}.publish.attestation"
        beside.write_text(json.dumps(unsigned(dist.name, dist.sha256)))
    workshop.index.register(PUBLISHER)
    job = workshop.index.job(Job(repository=REPOSITORY, environment="pypi"))
    ran = workshop.publish("--trusted-publishing", "always", **job)
    assert ran.returncode == 0, ran.stderr
    for file in workshop.index.files("sample").values():
        assert file.provenance is not None
        who = file.provenance["attestation_bundles"][0]["publisher"]
        assert who == {"kind": "GitHub", "repository": REPOSITORY, "workflow": "publish.yml", "environment": "pypi"}


BUSY = Fault(on="upload", position=2, status=503, body="busy")
LIMITED = Fault(on="upload", position=2, status=429, body="slow down", headers={"Retry-After": "0"})
BEFORE = Fault(on="upload", position=2, cut="before")
AFTER = Fault(on="upload", position=2, cut="after")


@pytest.mark.parametrize(
    ("fault", "code", "stored", "posts"),
    [
        (BUSY, 2, (FIRST,), [200, 503]),
        (LIMITED, 2, (FIRST,), [200, 429]),
        (BEFORE, 0, (FIRST, SECOND), [200, None, 200]),
        (AFTER, 0, (FIRST, SECOND), [200, None, 200]),
    ],
    ids=["503", "429", "reset before store", "reset after store"],
)
def test_uv_when_the_second_of_two_files_fails(
    workshop: Workshop, fault: Fault, code: int, stored: tuple[Dist, ...], posts: list[int | None]
) -> None:
    workshop.index.plan(fault)
    ran = workshop.publish("--token", workshop.index.token())
    assert ran.returncode == code, ran.stderr
    assert workshop.stored() == whole(*stored)
    assert [status for _, status in workshop.asked("upload")] == posts


@pytest.mark.parametrize(
    ("fault", "code", "stored", "posts"),
    [
        (BUSY, 0, (FIRST, SECOND), [200, 503, 200]),
        (LIMITED, 1, (FIRST,), [200, 429]),
        (BEFORE, 1, (FIRST,), [200, None]),
        (AFTER, 1, (FIRST, SECOND), [200, None]),
    ],
    ids=["503", "429", "reset before store", "reset after store"],
)
def test_twine_when_the_second_of_two_files_fails(
    workshop: Workshop, fault: Fault, code: int, stored: tuple[Dist, ...], posts: list[int | None]
) -> None:
    workshop.index.plan(fault)
    ran = workshop.twine()
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert workshop.stored() == whole(*stored)
    assert [status for _, status in workshop.asked("upload")] == posts
    assert ("Traceback" in ran.stderr) == (fault.cut is not None)


def test_other_bytes_under_the_same_name(workshop: Workshop, tmp_path: Path) -> None:
    index = workshop.index
    assert workshop.publish("--token", index.token()).returncode == 0
    sdist(files={"more.py": ""}).write(tmp_path / "dist")
    ran = workshop.publish("--token", index.token())
    assert ran.returncode == 2
    assert "File already exists" in ran.stderr
    posted = len(workshop.asked("upload"))
    ran = workshop.publish("--token", index.token(), "--check-url", index.simple)
    assert ran.returncode == 2
    assert len(workshop.asked("upload")) == posted, "uv compares with the index before it uploads"
    ran = workshop.twine()
    assert ran.returncode == 1
    assert "File already exists" in ran.stdout + ran.stderr
    assert workshop.stored() == whole(FIRST, SECOND)


def test_the_only_index_of_a_build_sends_on_for_what_it_does_not_have(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workshop.publish("--token", workshop.index.token()).returncode == 0
    monkeypatch.setenv("SSL_CERT_FILE", str(workshop.index.ca))
    with Index(tmp_path / "second", keys=tmp_path / "keys", upstream=workshop.index.simple) as index:
        ran = workshop.run(
            *("uv", "pip", "install", "--default-index", index.simple, "--target", "uv", "sample"), **index.trust
        )
        assert ran.returncode == 0, ran.stderr
        assert [one.status for one in index.requests] == [302]
        pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--no-cache-dir")
        ran = workshop.run(*pip, "download", "--index-url", index.simple, "-d", "down", "sample", **index.trust)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_two_publishers_of_one_version_at_once(workshop: Workshop) -> None:
    workshop.index.plan(Fault(on="upload", delay=0.2, times=None))
    with ThreadPoolExecutor(2) as pool:
        ran = list(pool.map(lambda _: workshop.publish("--token", workshop.index.token()), range(2)))
    assert [one.returncode for one in ran] == [0, 0], [one.stderr for one in ran]
    assert workshop.stored() == whole(FIRST, SECOND)
    assert [status for _, status in workshop.asked("upload")] == [200] * 4


def test_a_client_that_is_killed_between_two_files_can_go_on(workshop: Workshop) -> None:
    index = workshop.index
    index.plan(Fault(on="upload", position=2, delay=30))
    command = ("uv", "publish", "--publish-url", index.upload, "--token", index.token())
    with subprocess.Popen(
        command, cwd=workshop.folder, env=workshop.environment(), stderr=subprocess.DEVNULL
    ) as client:
        deadline = time.monotonic() + 60
        while not workshop.asked("upload"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        client.kill()
    assert workshop.stored() == whole(FIRST)
    index.plan()
    assert workshop.publish("--token", index.token()).returncode == 0
    assert workshop.stored() == whole(FIRST, SECOND)


def test_an_index_that_is_started_again_lets_a_release_go_on(tmp_path: Path, index_keys: Path) -> None:
    (tmp_path / "dist").mkdir()
    FIRST.write(tmp_path / "dist")
    with Index(tmp_path / "index", keys=index_keys) as index:
        token = index.token()
        assert Workshop(index, tmp_path).publish("--token", token).returncode == 0
        port = int(index.url.rpartition(":")[2])
    SECOND.write(tmp_path / "dist")
    with Index(tmp_path / "index", keys=index_keys, port=port) as index:
        workshop = Workshop(index, tmp_path)
        assert workshop.publish("--token", token).returncode == 0
        assert workshop.stored() == whole(FIRST, SECOND)
