"""The pre-receive hook: asks the running server, and lets nothing in without its consent. Standard library only."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sys
import urllib.parse
from pathlib import Path

# Where the objects of a push lie until it is taken.
_OBJECTS = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")


def main() -> int:
    """Exit code: 0 where the server agrees; what it says goes to whoever pushes."""
    try:
        address = urllib.parse.urlsplit(os.environ["LOCKGATE_ASK"])
        objects = {name: os.environ.get(name, "") for name in _OBJECTS}
        asked = {"updates": sys.stdin.read(), "objects": objects, "pusher": os.environ["LOCKGATE_PUSHER"]}
        with contextlib.closing(http.client.HTTPConnection(address.netloc, timeout=60)) as connection:
            connection.request("POST", f"{address.path}{Path.cwd()}", json.dumps(asked))
            answer = json.loads(connection.getresponse().read())
        sys.stderr.write("".join(f"{line}\n" for line in answer["said"]))
    except (KeyError, OSError, ValueError, TypeError, http.client.HTTPException) as error:
        sys.stderr.write(f"error: the embedded GitHub gave no answer ({type(error).__name__}): nothing is taken\n")
        return 1
    return 0 if answer["taken"] is True else 1


if __name__ == "__main__":
    sys.exit(main())
