"""Why the index does not let this publisher in, in plain words, with the form to fill in (pure)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

import msgspec

_CODES = (
    "invalid-publisher", "invalid-pending-publisher", "invalid-reuse-token", "invalid-token", "invalid-payload",
    "not-enabled",
)  # fmt: skip
_NO_PERMISSION = ("ACTIONS_ID_TOKEN_REQUEST", "id-token: write", "GitHub Actions detection error")
_MINUTES = 15  # that an index's token lives


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """The trusted publisher as the index's form asks for it.

    Attributes:
        page: Where the form is.
        repository: `owner/name`, None when it cannot be told from here.
        workflow: Name of the workflow's file, without its folder.
    """

    project: str
    page: str
    repository: str | None
    workflow: str
    environment: str

    def filled(self) -> str:
        """What to enter, a line each."""
        owner, _, name = (self.repository or "OWNER/NAME").partition("/")
        values = {
            "PyPI project name": self.project,
            "Owner": owner,
            "Repository name": name,
            "Workflow name": self.workflow,
            "Environment name": self.environment,
        }
        width = max(map(len, values))
        return "\n".join([f"    {label:{width}}  {value}" for label, value in values.items()])


class Claims(msgspec.Struct, frozen=True, kw_only=True, rename={"expires": "exp"}):
    """What an identity token says of its job; read without looking at the signature, for explaining only."""

    repository: str = ""
    job_workflow_ref: str = ""
    workflow_ref: str = ""
    environment: str | None = None
    event_name: str = ""
    expires: float | None = None

    @property
    def workflow(self) -> str:
        """Name of the file that the job is defined in."""
        return self.job_workflow_ref.partition("@")[0].rpartition("/")[2]


class Remedy(msgspec.Struct, frozen=True):
    """`name` tells the failures apart; `message` is what is wrong, `hint` what to do."""

    name: str
    message: str
    hint: str


def read_claims(token: str) -> Claims | None:
    """The claims of a JSON Web Token, None when it is none."""
    try:
        middle = token.split(".")[1]
        return msgspec.json.decode(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)), type=Claims)
    except (IndexError, binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return None


def explained(
    said: str, status: int | None, form: Form, claims: Claims | None, environment: Mapping[str, str], now: float
) -> Remedy:
    """Name what keeps the publisher out.

    Args:
        said: What uv or the index said.
        status: Its HTTP status, if there was one.
        form: What is to be registered.
        claims: What GitHub says of this job, None outside a job or when it does not say.
        environment: The process's variables.
        now: Seconds since the epoch.
    """
    code = next((one for one in _CODES if re.search(rf"\b{one}\b", said)), None)
    in_job = environment.get("GITHUB_ACTIONS") == "true"
    event = (claims.event_name if claims else "") or environment.get("GITHUB_EVENT_NAME", "")
    if environment.get("UV_PUBLISH_TOKEN") or environment.get("UV_PUBLISH_PASSWORD"):
        return Remedy(
            "token", f"the index does not take the token of the environment: {said}",
            "see that it is of this index, of this project, and neither expired nor revoked; "
            "or let .github/workflows/publish.yml publish, which needs none",
        )  # fmt: skip
    if event == "pull_request_target":
        return Remedy(
            "event", "the index takes nothing from a job of pull_request_target: anybody could have started it",
            f"publish by hand: gh workflow run {form.workflow} -f version=VERSION",
        )  # fmt: skip
    if code is None and in_job and any(mark in said for mark in _NO_PERMISSION):
        return Remedy(
            "permission", "GitHub gives this job no identity: it lacks the permission id-token: write",
            "add it to the job (`lockgate render` does):\n    permissions:\n      id-token: write",
        )  # fmt: skip
    if not in_job and code is None and status is None:
        return Remedy(
            "nobody", "the index has to know who publishes, and nothing here says so",
            f"let the workflow publish: gh workflow run {form.workflow} -f version=VERSION; "
            "or give a token for this one run: UV_PUBLISH_TOKEN=… (lockgate stores none, and reads none from a file)",
        )  # fmt: skip
    if code == "invalid-reuse-token":
        return Remedy(
            "replayed", "this job's identity was used before: each is taken once only",
            "run it again: every run asks for a new one; if nobody else used it, look at who sees this job's output",
        )  # fmt: skip
    if _expired(said, code, status, claims, now):
        return Remedy(
            "expired", f"the identity had expired: the index gives {_MINUTES} minutes from asking to uploading",
            "run it again: the same files go on from where they stopped",
        )  # fmt: skip
    if code == "not-enabled" or (code is None and "403" in said and "/oidc/audience" in said):
        return Remedy(
            "not-enabled", "the index has trusted publishing switched off at the moment",
            "see its status page, and run it again later: nothing is lost",
        )  # fmt: skip
    if code == "invalid-pending-publisher":
        return _form("pending", "the project exists already, so that a pending publisher does not count", form)
    if code == "invalid-publisher" or claims is not None:
        return _mismatch(said, form, claims)
    return _form("refused", f"the index does not know this publisher: {said}", form)


def _expired(said: str, code: str | None, status: int | None, claims: Claims | None, now: float) -> bool:
    if claims is not None and claims.expires is not None and claims.expires <= now:
        return True
    return code == "invalid-token" or (status in {401, 403} and re.search(r"\bexpired\b", said) is not None)


def _mismatch(said: str, form: Form, claims: Claims | None) -> Remedy:
    """The first thing in which the job is not what the form says."""
    if claims is not None:
        if form.repository and claims.repository and claims.repository.lower() != form.repository.lower():
            what = f"this job runs in the repository {claims.repository}, not in {form.repository}"
            return _form("repository", f"{what}: a fork cannot publish", form)
        if claims.workflow and claims.workflow != form.workflow:
            called = claims.workflow_ref and claims.workflow_ref != claims.job_workflow_ref
            why = "; a reusable workflow cannot be the publisher" if called else ""
            return _form(
                "workflow", f"this job is of the workflow {claims.workflow}, not of {form.workflow}{why}", form
            )
        if (claims.environment or "").lower() != form.environment.lower():
            has = f"the environment {claims.environment}" if claims.environment else "no environment"
            return _form("environment", f"this job has {has}, where the publisher has {form.environment}", form)
    return _form("not-configured", f"the index knows no publisher like this job: {said}", form)


def _form(name: str, message: str, form: Form) -> Remedy:
    return Remedy(
        name, message, f"see that the publisher at {form.page} is this one, letter by letter:\n{form.filled()}"
    )
