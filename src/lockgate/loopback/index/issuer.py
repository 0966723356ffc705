"""Who signs identity tokens: GitHub's part of trusted publishing, with real RS256 keys."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from lockgate.loopback.tls import write_secret
from lockgate.ports import files

_LEEWAY = 30  # seconds
_NEEDED = ("iss", "iat", "exp", "aud")


class Issuer:
    """The issuer at `url`, whose key is made in `folder` when it is first needed."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._path = folder / "issuer.pem"

    @functools.cached_property
    def _private(self) -> Any:  # noqa: ANN401  (a key of `cryptography`, imported when needed)
        from cryptography.hazmat.primitives import serialization as pem
        from cryptography.hazmat.primitives.asymmetric import rsa

        with files.locked(self._path.with_name("issuer.lock"), shared=False, waiting=lambda: True):
            if not self._path.exists() or not self._path.stat().st_size:
                made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                plain = (pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
                write_secret(self._path, made.private_bytes(*plain))
        return pem.load_pem_private_key(self._path.read_bytes(), None)

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT of `claims`."""
        import jwt

        return jwt.encode(claims, self._private, "RS256", {"kid": "loopback"})

    def keys(self) -> dict[str, Any]:
        """The public keys (JWKS)."""
        from jwt.algorithms import RSAAlgorithm

        public = json.loads(RSAAlgorithm.to_jwk(self._private.public_key()))
        return {"keys": [{**public, "kid": "loopback", "alg": "RS256", "use": "sig"}]}

    def discovery(self) -> dict[str, Any]:
        """The discovery document of OpenID Connect."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }

    def verify(self, token: str, audience: str, now: float) -> dict[str, Any] | None:
        """The claims of a token that this issuer signed for `audience` and that is valid `now`; None for any other."""
        import jwt

        # The times are compared here: the clock is the index's, which a rehearsal may set.
        options: Any = {
            "require": _NEEDED,
            "strict_aud": True,
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
        }
        try:
            if jwt.get_unverified_header(token).get("kid") != "loopback":
                return None
            key = self._private.public_key()
            claims: dict[str, Any] = jwt.decode(token, key, ["RS256"], options, audience=audience, issuer=self.url)
            early = max(float(claims["iat"]), float(claims.get("nbf", 0))) > now + _LEEWAY
            late = float(claims["exp"]) <= now - _LEEWAY
        except (jwt.PyJWTError, TypeError, ValueError):
            return None
        return None if early or late else claims
