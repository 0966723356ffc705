"""GitHub's part of trusted publishing: a job, and who signs its identity tokens, with real RS256 keys."""

from __future__ import annotations

import functools
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from lockgate.loopback import tls

_LIFE = 300  # seconds, as on GitHub
_LEEWAY = 30  # seconds, as on PyPI


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job with the permission `id-token: write`.

    Attributes:
        repository: `owner/name`.
        workflow: The name in `.github/workflows` of the file that was triggered.
        called: `owner/name/.github/workflows/FILE@REF` when the job stands in a reusable workflow.
        claims: What differs in its tokens: another `aud`, an `exp` long past, one `jti` twice; None is left out.
    """

    repository: str
    workflow: str = "publish.yml"
    environment: str | None = None
    ref: str = "refs/tags/v1.0"
    sha: str = "0123456789abcdef0123456789abcdef01234567"
    event: str = "push"
    owner_id: str = "1"
    called: str | None = None
    claims: Mapping[str, Any] = {}

    def identity(self, issuer: str, audience: str, now: float) -> dict[str, Any]:
        """The claims of a fresh token."""
        path = f"{self.repository}/.github/workflows/{self.workflow}@{self.ref}"
        place = f"environment:{self.environment}" if self.environment else f"ref:{self.ref}"
        made = {
            "jti": str(uuid.uuid4()),
            "iss": issuer,
            "aud": audience,
            "sub": f"repo:{self.repository}:{place}",
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now) + _LIFE,
            "repository": self.repository,
            "repository_owner": self.repository.partition("/")[0],
            "repository_owner_id": self.owner_id,
            "workflow_ref": path,
            "job_workflow_ref": self.called or path,
            "environment": self.environment,
            "ref": self.ref,
            "sha": self.sha,
            "event_name": self.event,
            **self.claims,
        }
        return {name: value for name, value in made.items() if value is not None}


class Issuer:
    """The issuer at `url`; its key is made in `folder` when it is first needed."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._folder = folder

    @functools.cached_property
    def _key(self) -> Any:  # noqa: ANN401  (of `cryptography`, which is imported when it is needed)
        from cryptography.hazmat.primitives import serialization as pem
        from cryptography.hazmat.primitives.asymmetric import rsa

        def make() -> bytes:
            made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            return made.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())

        return pem.load_pem_private_key(tls.secret(self._folder / "issuer.pem", make), None)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims."""
        import jwt

        return jwt.encode(dict(claims), self._key, "RS256", {"kid": "loopback"})

    def discovery(self) -> dict[str, Any]:
        """The discovery document of OpenID Connect."""
        keys = f"{self.url}/.well-known/jwks"
        return {"issuer": self.url, "jwks_uri": keys, "id_token_signing_alg_values_supported": ["RS256"]}

    def keys(self) -> dict[str, Any]:
        """The public keys (JWKS)."""
        from jwt.algorithms import RSAAlgorithm

        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**public, "kid": "loopback", "alg": "RS256", "use": "sig"}]}

    def verify(self, token: str, audience: str, now: float) -> dict[str, Any] | None:
        """The claims of a token that was signed here for `audience` and is valid `now`; None for any other."""
        import jwt

        # The times are compared here: the clock is the index's, which a rehearsal may set.
        options: Any = {"require": ["iss", "iat", "exp", "aud"], "strict_aud": True}
        options |= dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), False)
        try:
            public = self._key.public_key()
            claims: dict[str, Any] = jwt.decode(token, public, ["RS256"], options, audience=audience, issuer=self.url)
            begins, ends = max(float(claims["iat"]), float(claims.get("nbf", 0))), float(claims["exp"])
        except (jwt.PyJWTError, TypeError, ValueError):
            return None
        return claims if begins - _LEEWAY <= now < ends + _LEEWAY else None
