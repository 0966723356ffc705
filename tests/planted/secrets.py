"""Planted secrets: every issuer in code, and every hiding place."""

from __future__ import annotations

import base64
import io
import json
import random
import subprocess
import zipfile
from pathlib import Path

from tests.planted.case import Case
from tests.planted.credentials import ISSUERS, LETTERS, pick
from tests.support import write

_GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")


def cases(dice: random.Random) -> list[Case]:
    """Secrets in files of the tree."""
    found = [_in_code(name, make(dice)) for name, make in ISSUERS.items() if name != "private key"]
    found.append(
        Case("key file", {"deploy/id_rsa": ISSUERS["private key"](dice)}, {"deploy/id_rsa.pub": "ssh-rsa AAAA me\n"})
    )

    def token() -> str:
        return ISSUERS["github classic"](dice)

    def password() -> str:
        return pick(dice, LETTERS, 20)

    notebook = {"cells": [{"cell_type": "code", "source": [f'TOKEN = "{token()}"\n'], "outputs": []}], "nbformat": 4}
    twin = {"cells": [{"cell_type": "code", "source": ['TOKEN = input("token")\n'], "outputs": []}], "nbformat": 4}
    encoded = base64.b64encode(f'github_token = "{token()}"\n'.encode()).decode()
    found += [
        Case("notebook", {"notes/try.ipynb": json.dumps(notebook)}, {"notes/try.ipynb": json.dumps(twin)}),
        Case("base64", {"data/blob.txt": encoded + "\n"}, {"data/blob.txt": base64.b64encode(b"hello " * 20).decode()}),
        Case(
            "wheel", {"vendor/a-1-py3-none-any.whl": _wheel(token())}, {"vendor/a-1-py3-none-any.whl": _wheel("none")}
        ),
        Case(".env", {".env": f"GITHUB_TOKEN={token()}\n"}, {".env.example": "GITHUB_TOKEN=\n"}),
        Case(
            "database address",
            {"config/db.ini": f"url = postgresql://admin:{password()}@db.prod.corp:5432/main\n"},
            {"config/db.ini": "url = postgresql://localhost:5432/main\n"},
        ),
        Case(
            "address with password",
            {"scripts/fetch.sh": f"curl https://deploy:{password()}@files.prod.corp/a.tar.gz\n"},
            {"scripts/fetch.sh": "curl https://files.prod.corp/a.tar.gz\n"},
        ),
        Case(
            "password for an example's host",
            {"data/prod.env": f"BROKER=amqp://worker:{password()}@queue.example.com:5672/\n"},
            {"data/prod.env": "BROKER=amqp://worker:your-password@queue.example.com:5672/\nA=redis://u:$PASS@h\n"},
        ),
        Case(
            "aws secret",
            {"infra/keys.py": f'aws_secret_access_key = "{pick(dice, LETTERS + "+/", 40)}"\n'},
            {"infra/keys.py": 'aws_secret_access_key = os.environ["AWS_SECRET_ACCESS_KEY"]\n'},
        ),
        Case(
            "password in code",
            {"app/settings.py": f'DB_PASSWORD = "{password()}"\n'},
            {"app/settings.py": 'DB_PASSWORD = os.environ["DB_PASSWORD"]\n'},
        ),
        Case(
            "password with signs",
            {"app/signs.py": f'ADMIN_PASSWORD = "{pick(dice, LETTERS, 9)}!{pick(dice, LETTERS, 9)}%"\n'},
            {"app/signs.py": 'ADMIN_PASSWORD = read("admin")\n'},
        ),
        Case(
            "notebook with a password",
            {"notes/login.ipynb": json.dumps({**notebook, "cells": [{"source": [f'password = "{password()}"\n']}]})},
            {"notes/login.ipynb": json.dumps({**twin, "cells": [{"source": ["password = getpass()\n"]}]})},
        ),
        Case(
            "wheel with a password",
            {"vendor/b-1-py3-none-any.whl": _wheel(password(), "DB_PASSWORD")},
            {"vendor/b-1-py3-none-any.whl": _wheel("none", "DB_PASSWORD")},
        ),
        Case(
            "yaml", {"deploy/values.yaml": f"api_token: {token()}\n"}, {"deploy/values.yaml": "api_token: from-vault\n"}
        ),
        Case("toml", {"conf/app.toml": f'token = "{token()}"\n'}, {"conf/app.toml": 'token = ""\n'}),
        Case(
            "dockerfile",
            {"Dockerfile": f"FROM scratch\nENV TOKEN={token()}\n"},
            {"Dockerfile": "FROM scratch\nARG TOKEN\n"},
        ),
        Case(
            "workflow",
            {"ci/job.yml": f"env:\n  TOKEN: {token()}\n"},
            {"ci/job.yml": "env:\n  TOKEN: ${{ secrets.TOKEN }}\n"},
        ),
        Case(
            "allow comment",
            {"app/allowed.py": f'A = "{token()}"  # gitleaks:allow kingfisher:ignore noqa nosec\n'},
            {"app/allowed.py": 'A = ""  # gitleaks:allow\n'},
        ),
        Case(
            "ignore files",
            {
                "hidden/a.py": f'A = "{token()}"\n',
                ".gitleaksignore": "hidden/a.py:github-pat:1\n",
                ".gitleaks.toml": '[extend]\nuseDefault = true\n[allowlist]\npaths = [".*"]\n',
            },
            {"hidden/a.py": "A = None\n", ".gitleaksignore": "hidden/a.py:github-pat:1\n"},
        ),
        Case(
            "other encoding",
            {"old/a.py": f'# caf\xe9\nA = "{token()}"\n'.encode("latin-1")},
            {"old/a.py": b"# caf\xe9\n"},
        ),
        Case(
            "pypirc",
            {"home/.pypirc": f"[pypi]\nusername = __token__\npassword = {ISSUERS['pypi'](dice)}\n"},
            {"home/.pypirc": "[pypi]\nusername = __token__\n"},
        ),
    ]
    return found


def _in_code(name: str, value: str) -> Case:
    path = f"app/{name.replace(' ', '_')}.py"
    return Case(name, {path: f'import client\n\nTOKEN = "{value}"\nclient.login(TOKEN)\n'}, {path: "TOKEN = read()\n"})


def _wheel(text: str, name: str = "TOKEN") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/__init__.py", f'{name} = "{text}"\n')
    return content.getvalue()


def past(root: Path, dice: random.Random) -> list[str]:
    """Secrets that are only in the history of the repository in `root`; returns their names."""
    hidden: list[str] = []

    def run(*arguments: str) -> None:
        subprocess.run([*_GIT, *arguments], cwd=root, check=True, capture_output=True)

    def commit(name: str, files: dict[str, str | bytes], message: str = "Change") -> None:
        write(root, files)
        run("add", "-A", "-f")
        run("commit", "-q", "--allow-empty", "-m", message)
        hidden.append(name)

    def token() -> str:
        return ISSUERS["github classic"](dice)

    commit("deleted file", {"gone/a.py": f'A = "{token()}"\n'})
    commit("changed line", {"gone/b.py": f'A = "{token()}"\n'})
    commit("wheel in the history", {"gone/w-1-py3-none-any.whl": _wheel(token())})
    commit("password in a wheel", {"gone/v-1-py3-none-any.whl": _wheel(pick(dice, LETTERS, 20), "DB_PASSWORD")})
    cells = {"cells": [{"source": [f'password = "{pick(dice, LETTERS, 20)}"\n']}]}
    commit("notebook in the history", {"gone/n.ipynb": json.dumps(cells)})
    commit("key file in the history", {"gone/id_ed25519": ISSUERS["private key"](dice)})
    commit("base64 in the history", {"gone/c.txt": base64.b64encode(f'token = "{token()}"'.encode()).decode()})
    run("rm", "-q", "-r", "gone")
    commit("commit message", {}, f"Use the token {token()} for the deployment")
    run("checkout", "-q", "-b", "side")
    commit("side branch", {"side/a.py": f'A = "{token()}"\n'})
    run("checkout", "-q", "main")
    run("tag", "-a", "v1", "-m", f"token: {token()}")
    hidden.append("tag message")
    return hidden
