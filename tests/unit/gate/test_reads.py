"""The note of what a process reads has no say in what the process does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lockgate.gate import reads

WATCHED = """\
import json, os, sys
sys.path.insert(0, {folder!r})
import reads
files = reads.Files({pid}, {tell})
files.stand_in()
{body}
print(json.dumps(files.close()))
"""


def watched(body: str, folder: Path, *, pid: str = "os.getpid()", tell: str = "print") -> dict[str, Any]:
    """What a process of its own was seen to do."""
    text = WATCHED.format(folder=str(Path(reads.__file__).parent), pid=pid, tell=tell, body=body)
    done = subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "body",
    [
        "assert not os.path.exists('/tmp/../nowhere/at/all')",
        "assert not os.path.exists('../a/../b')",
        "from pathlib import Path; assert Path('../..').resolve().exists()",
        "assert os.path.realpath('../' * 50 + 'etc') == '/etc'",
    ],
)
def test_a_path_that_goes_up_is_followed_once(tmp_path: Path, body: str) -> None:
    assert watched(body, tmp_path)["incomplete"] is False


def test_the_look_is_noted_where_it_leads(tmp_path: Path) -> None:
    found = watched("os.path.exists('/tmp/../nowhere/at/all')", tmp_path)
    assert found["looks"] == {"/nowhere/at/all": "absent"}


def test_an_error_of_the_path_itself_stays_its_own_and_the_note_is_incomplete(tmp_path: Path) -> None:
    body = """
class Bad(os.PathLike):
    def __fspath__(self): raise KeyError("mine")
try:
    os.stat(Bad())
except KeyError:
    pass
else:
    raise SystemExit("swallowed")
"""
    assert watched(body, tmp_path)["incomplete"] is True


def test_a_deep_stack_is_not_ended_by_the_note(tmp_path: Path) -> None:
    body = """
def down(depth):
    try:
        return down(depth + 1)
    except RecursionError:
        return os.path.exists('/nowhere')
assert down(0) is False
"""
    watched(body, tmp_path)


def test_no_room_for_the_testimony_is_no_error_of_the_process_and_is_told_later(tmp_path: Path) -> None:
    body = """
open('/etc/passwd').close()
full = False
open('/etc/group').close()
"""
    tell = "lambda line: (_ for _ in ()).throw(OSError(28, 'full')) if full else told.append(line)"
    text = f"told, full = [], True\n{WATCHED}"
    script = text.format(folder=str(Path(reads.__file__).parent), pid=0, tell=tell, body=body)
    script += "print(json.dumps(told))\n"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=True)
    told = [json.loads(line) for line in json.loads(done.stdout.splitlines()[-1])]
    assert told[0] == {"event": "files", "incomplete": True}
    assert {"event": "files", "read": ["/etc/group"]} in told
