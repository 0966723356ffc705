"""`--index loopback`: the embedded index, kept in the release's folder: a rehearsal goes on where it stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from lockgate.ports import trust
from lockgate.publish.identity import Form
from lockgate.publish.places import Place, place_of

NAME = "loopback"


@contextlib.contextmanager
def reached(
    index: str, folder: Path, form: Form, upload: str | None = None
) -> Iterator[tuple[Place, Mapping[str, str]]]:
    """The index by its address or as `loopback`, and the variables that uv needs for it besides.

    The embedded one lives in `folder` while it lasts, and knows the publisher of `form`.
    """
    if index != NAME:
        yield place_of(index, upload), {}
        return
    from lockgate.loopback.index import Index, Job, Publisher  # keys and certificates, for rehearsals only

    who = form.repository or f"loopback/{form.project}"
    publisher = Publisher(project=form.project, repository=who, workflow=form.workflow, environment=form.environment)
    job = Job(repository=who, workflow=form.workflow, environment=form.environment)
    with Index(folder / "index") as embedded, trust.trusting(embedded.ca):
        embedded.register(publisher)
        yield place_of(embedded.url), {**embedded.trust, **embedded.job(job)}
