"""Random credentials in the forms of many issuers: none was ever issued, and none is kept in this repository."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable

LETTERS = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"


def pick(dice: random.Random, alphabet: str, length: int) -> str:
    """Random characters, with a digit among them as issuers' tokens have."""
    while True:
        text = "".join(dice.choice(alphabet) for _ in range(length))
        if any(one.isdigit() for one in text) and any(one.isalpha() for one in text):
            return text


def pem(dice: random.Random, kind: str = "RSA ") -> str:
    """Something that looks like a private key."""
    body = base64.b64encode(dice.randbytes(1190)).decode()
    lines = "\n".join(body[n : n + 64] for n in range(0, len(body), 64))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----\n"


def jwt(dice: random.Random) -> str:
    """A JSON web token."""
    parts = (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"%s"}' % pick(dice, HEX, 16).encode(), dice.randbytes(32))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


ISSUERS: dict[str, Callable[[random.Random], str]] = {
    "aws key id": lambda dice: "AKIA" + pick(dice, UPPER, 16),
    "github classic": lambda dice: "ghp_" + pick(dice, LETTERS, 36),
    "github fine-grained": lambda dice: f"github_pat_{pick(dice, LETTERS, 22)}_{pick(dice, LETTERS, 59)}",
    "gitlab": lambda dice: "glpat-" + pick(dice, LETTERS, 20),
    "slack bot": lambda dice: (
        f"xoxb-{dice.randrange(10**11, 10**12)}-{dice.randrange(10**12, 10**13)}-{pick(dice, LETTERS, 24)}"
    ),
    "stripe": lambda dice: "sk_live_" + pick(dice, LETTERS, 24),
    "sendgrid": lambda dice: f"SG.{pick(dice, LETTERS, 22)}.{pick(dice, LETTERS, 43)}",
    "google api": lambda dice: "AIza" + pick(dice, LETTERS + "_", 35),
    "npm": lambda dice: "npm_" + pick(dice, LETTERS, 36),
    "pypi": lambda dice: "pypi-AgEIcHlwaS5vcmc" + pick(dice, LETTERS, 90),
    "hugging face": lambda dice: "hf_" + pick(dice, LETTERS, 34),
    "digitalocean": lambda dice: "dop_v1_" + pick(dice, HEX, 64),
    "telegram": lambda dice: f"{dice.randrange(10**8, 10**9)}:AA{pick(dice, LETTERS + '_-', 33)}",
    "discord webhook": lambda dice: (
        f"https://discord.com/api/webhooks/{dice.randrange(10**17, 10**18)}/{pick(dice, LETTERS, 68)}"
    ),
    "openai": lambda dice: f"sk-proj-{pick(dice, LETTERS, 48)}T3BlbkFJ{pick(dice, LETTERS, 48)}",
    "hashicorp vault": lambda dice: "hvs." + pick(dice, LETTERS, 92),
    "json web token": jwt,
    "private key": pem,
}
