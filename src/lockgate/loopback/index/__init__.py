"""A package index with PyPI's semantics on the loopback: releases are rehearsed against it, on a laptop and in tests.

    with Index(folder) as index:
        index.register(Publisher(project="sample", repository="acme/sample", workflow="publish.yml"))
        env = {**os.environ, **index.trust, **index.job(Job(repository="acme/sample", workflow="publish.yml"))}
        run(["uv", "publish", "--trusted-publishing", "always", "--publish-url", index.upload], env=env)
        run(["twine", "upload", "--repository-url", index.upload, "-u", "__token__", "-p", index.token(), …], env=env)
        run(["uv", "pip", "install", "--default-index", index.simple, "sample"], env=env)

`index.trust` are the variables with which uv, pip and twine believe its certificate (`index.ca`); `index.job(…)` those
that GitHub sets in a job that may ask for identity tokens; `index.token(…)` a user's API token for projects or for all.
`folder` holds everything, `keys` (by default the same) the certificate and keys: an index that is started there again
goes on, several may serve one folder. `index.plan(Fault(on="upload", position=2, status=503), …)` makes requests fail,
`lag` keeps the simple index behind the JSON API for so many seconds, `now` is the clock of every rule. What a web page
does on PyPI is a method: `yank`, `delete`, `register`, `disable`, `vulnerable`. `index.requests` is what was asked,
`index.files(project)` what is stored. docs/loopback.md says where it differs from PyPI.
"""

from lockgate.loopback.index.faults import Fault
from lockgate.loopback.index.identity import Job
from lockgate.loopback.index.service import Index, Seen
from lockgate.loopback.index.store import File, Publisher

__all__ = ["Fault", "File", "Index", "Job", "Publisher", "Seen"]
