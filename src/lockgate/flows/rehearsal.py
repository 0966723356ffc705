"""`--index loopback`: the embedded index, kept in the release's folder, so that a rehearsal goes on where it stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from lockgate.ports import trust
from lockgate.publish.identity import Form
from lockgate.publish.places import Place, place_of

NAME = "loopback"


@contextlib.contextmanager
def rehearsal(folder: Path, form: Form) -> Iterator[tuple[Place, Mapping[str, str]]]:
    """The index while it lasts, and the variables of a job that may publish `form`'s project on it."""
    from lockgate.loopback.index import Index, Job, Publisher  # keys and certificates, for rehearsals only

    who = {"repository": form.repository or f"loopback/{form.project}", "workflow": form.workflow}
    publisher = Publisher(project=form.project, environment=form.environment, **who)
    with Index(folder / "index") as index, trust.trusting(index.ca):
        index.register(publisher)
        job = index.job(Job(environment=form.environment, **who))
        yield place_of(index.url), {**index.trust, **job}
