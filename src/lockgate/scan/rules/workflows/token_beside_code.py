"""token-beside-code: the project's code runs in a job that can mint release tokens.

With `id-token: write` every step can ask for a token in the workflow's name. A test, a build requirement or a plug-in
can too.

Bad:

    publish:
      permissions: { id-token: write }
      steps: [{ uses: actions/checkout@… }, { run: pip install . }, { uses: pypa/gh-action-pypi-publish@… }]

Good:

    publish:
      permissions: { id-token: write }
      steps: [{ uses: actions/download-artifact@… }, { uses: pypa/gh-action-pypi-publish@… }]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockgate.model.workflow import Document, Job
from lockgate.scan.rules.rule import Rule

_RUNS_CODE = re.compile(
    r"(^|[\s;&|(])(pip3? install|uv (run|sync|pip|build)|poetry (install|run|build)|pdm (install|run|build)"
    r"|hatch (run|build|env)|python3?(\s+-m\s+(build|pytest|tox|nox)|\s+\S+\.py)|pytest|tox|nox|make"
    r"|npm (ci|install|run)|\./\S+|bash \S+\.sh|setup\.py)"
)


def _look(document: Document) -> Iterator[int]:
    for job in document.jobs:
        if job.permission("id-token") == "write" and _is_release(job):
            step = next((step for step in job.steps if _RUNS_CODE.search(step.run)), None)
            if step is not None:
                yield step.line


def _is_release(job: Job) -> bool:
    """It publishes, or checks the project out; with an attestation of what it builds, the token is for that."""
    if job.publishes is not None:
        return True
    attests = any(step.uses.startswith("actions/attest") for step in job.steps)
    return not attests and any(step.uses == "actions/checkout" for step in job.steps)


RULE = Rule(
    id="token-beside-code",
    scanner="workflows",
    severity="high",
    message="the project's code runs beside `id-token: write`: it can mint tokens in the workflow's name",
    help="give `id-token: write` only to a job that downloads the built files and publishes them",
    look=_look,
)
