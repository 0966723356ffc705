from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.ports import process
from lockgate.ports.family import Adoption
from lockgate.ports.process import Cancel, Command, Finished, _Kept, run, signal_name
from tests.unit.ports.living import is_alive, number_in

HERE = Path(__file__).parent


def python(
    code: str,
    *arguments: object,
    cancel: Cancel | None = None,
    on_tick: Callable[[], None] = lambda: None,
    timeout: float | None = 60,
    split: bool = False,
    cwd: Path = HERE,
) -> Finished:
    argv = (sys.executable, "-u", "-c", code, *map(str, arguments))
    environment = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
    command = Command(argv=argv, cwd=cwd, environment=environment, timeout=timeout, split=split)
    return run(command, cancel or Cancel(), on_tick)


def test_a_wait_lasts_as_long_as_nobody_wants_to_stop() -> None:
    cancel = Cancel()
    begun = time.monotonic()
    assert cancel.wait(0.15)
    assert time.monotonic() - begun >= 0.15
    threading.Timer(0.1, cancel.set).start()
    begun = time.monotonic()
    assert not cancel.wait(60)
    assert not cancel.wait(60)
    assert time.monotonic() - begun < 5


def test_a_command_ends_with_its_code_and_its_output(tmp_path: Path) -> None:
    done = python("import os, sys; print(os.getcwd()); sys.stderr.write('é\\n'); sys.exit(3)", cwd=tmp_path)
    assert (done.code, done.output, done.error) == (3, f"{tmp_path.resolve()}\né\n", "")
    assert (done.timed_out, done.cancelled, done.left_behind, done.dropped) == (False, False, 0, 0)
    assert done.seconds > 0


def test_standard_error_can_be_kept_apart() -> None:
    done = python("import sys; print('out'); sys.stderr.write('err')", split=True)
    assert (done.output, done.error) == ("out\n", "err")


def test_a_command_sees_the_given_environment_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    done = python("import os; print(*sorted(k for k in os.environ if not k.startswith('LC_')))")
    assert done.output.split() == ["LOCKGATE_FAMILY", "PATH", "PYTHONUTF8"]


def test_a_command_has_no_input_to_wait_for() -> None:
    assert python("print(repr(input.__self__ and __import__('sys').stdin.read()))").output == "''\n"


def test_a_command_that_does_not_exist_says_so() -> None:
    done = run(Command(argv=("no-such-program",), cwd=HERE, environment={}), Cancel())
    assert (done.code, done.error) == (None, "no-such-program: No such file or directory")


def test_a_folder_that_does_not_exist_says_so(tmp_path: Path) -> None:
    done = python("print()", cwd=tmp_path / "gone")
    assert (done.code, done.error) == (None, f"{tmp_path}/gone: No such file or directory")


def test_a_file_that_is_no_program_says_so(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    done = run(Command(argv=(str(tmp_path / "plain"),), cwd=HERE, environment={}), Cancel())
    assert (done.code, done.error) == (None, f"{tmp_path}/plain: Permission denied")


def test_a_signal_is_a_negative_code_with_a_name() -> None:
    done = python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert done.code == -signal.SIGSEGV
    assert signal_name(-signal.SIGSEGV) == "SIGSEGV"
    assert signal_name(-120) == "signal 120"


def test_output_that_is_no_utf8_is_shown_as_escapes() -> None:
    done = python("import sys; sys.stdout.buffer.write(b'caf\\xe9 \\xff\\n')")
    assert done.output == "caf\\xe9 \\xff\n"


def test_a_flood_keeps_its_beginning_and_its_end() -> None:
    done = python("for n in range(100_000): print(f'line {n:06}')")
    lines = done.output.splitlines()
    assert (done.code, lines[0], lines[-1]) == (0, "line 000000", "line 099999")
    assert done.dropped > 500_000
    note = f"\n[… {done.dropped:,} bytes left out …]\n"
    assert note in done.output
    assert 100_000 * len("line 000000\n") == len(done.output) - len(note) + done.dropped


@given(st.lists(st.binary(max_size=30)), st.integers(0, 20), st.integers(0, 20))
def test_head_and_tail_do_not_depend_on_how_the_output_arrives(chunks: list[bytes], head: int, tail: int) -> None:
    kept, data = _Kept(head, tail), b"".join(chunks)
    for chunk in chunks:
        kept.add(chunk)
    text = kept.text()
    assert kept.dropped == max(0, len(data) - head - tail)
    middle = f"\n[… {kept.dropped:,} bytes left out …]\n".encode() if kept.dropped else b""
    rest = data[head:]
    expected = data[:head] + middle + (rest[len(rest) - tail :] if kept.dropped else rest)
    assert text == expected.decode(errors="backslashreplace")


def test_a_command_may_close_its_output_and_go_on() -> None:
    done = python("import os, time; print('x'); os.close(1); os.close(2); time.sleep(0.3); os._exit(4)")
    assert (done.code, done.output) == (4, "x\n")


def test_the_tick_comes_while_the_command_runs() -> None:
    ticks: list[float] = []
    done = python("import time; time.sleep(0.5)", on_tick=lambda: ticks.append(time.monotonic()))
    assert done.code == 0
    assert len(ticks) >= 3


# --- ends


def test_a_deadline_ends_the_command_and_what_it_started(tmp_path: Path) -> None:
    argv = ("sh", "-c", f"sleep 600 & echo $! > {tmp_path}/pid; echo begun; sleep 600")
    command = Command(argv=argv, cwd=tmp_path, environment={"PATH": os.environ["PATH"]}, timeout=1.5)
    with Adoption():
        done = run(command, Cancel())
    assert (done.timed_out, done.cancelled, done.code, done.output) == (True, False, -signal.SIGTERM, "begun\n")
    assert not is_alive(number_in(tmp_path / "pid"))


def test_a_command_that_cleans_up_when_asked_to_end_has_the_time(tmp_path: Path) -> None:
    code = """
import signal, sys, time
def end(*_):
    time.sleep(0.3)
    print("clean")
    sys.exit(7)
signal.signal(signal.SIGTERM, end)
open(sys.argv[1], "w").close()
time.sleep(600)
"""
    cancel = Cancel()
    done = python(code, tmp_path / "up", cancel=cancel, on_tick=lambda: _set_once(cancel, tmp_path / "up"))
    assert (done.code, done.output, done.cancelled) == (7, "clean\n", True)


STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(600)
"""


def test_asked_twice_a_command_that_ignores_it_is_killed_at_once(tmp_path: Path) -> None:
    cancel = Cancel()

    def twice() -> None:
        if (tmp_path / "up").exists():
            cancel.set()
            cancel.set()

    done = python(STUBBORN, tmp_path / "up", cancel=cancel, on_tick=twice)
    assert (done.code, done.cancelled, cancel.impatient()) == (-signal.SIGKILL, True, True)


def test_after_its_grace_a_command_that_ignores_the_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_GRACE", 0.3)
    cancel = Cancel()
    done = python(STUBBORN, tmp_path / "up", cancel=cancel, on_tick=lambda: _set_once(cancel, tmp_path / "up"))
    assert (done.code, cancel.impatient()) == (-signal.SIGKILL, False)


def test_after_a_cancel_nothing_is_started(tmp_path: Path) -> None:
    cancel = Cancel()
    cancel.set()
    done = python("import sys; open(sys.argv[1], 'w')", tmp_path / "mark", cancel=cancel)
    assert (done.code, done.cancelled) == (None, True)
    assert not (tmp_path / "mark").exists()


def test_an_error_while_watching_leaves_nothing_running(tmp_path: Path) -> None:
    def fail() -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            raise KeyError("watcher")

    with pytest.raises(KeyError, match="watcher"):
        python(
            "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w')); time.sleep(600)",
            tmp_path / "pid",
            on_tick=fail,
        )
    assert not is_alive(number_in(tmp_path / "pid"))


# --- survivors


def test_a_grandchild_that_holds_the_output_open_does_not_hold_up_the_end(tmp_path: Path) -> None:
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '600']); print(p.pid, file=open(sys.argv[1], 'w'))"
    with Adoption():
        done = python(f"{code}; print('done')", tmp_path / "pid")
    assert (done.code, done.output, done.left_behind) == (0, "done\n", 1)
    assert not is_alive(number_in(tmp_path / "pid"))


DAEMON = """
import os, sys, time
if os.fork():
    os.wait()
    while not os.path.exists(sys.argv[1] + ".up"):
        time.sleep(0.01)
    sys.exit(0)
os.setsid()
if os.fork():
    os._exit(0)
for descriptor in range(3):
    os.close(descriptor)
with open(sys.argv[1], "w") as file:
    file.write(str(os.getpid()))
if len(sys.argv) > 2:
    os.execve("/bin/sh", ["sh", "-c", "touch " + sys.argv[1] + ".up; exec sleep 600"], {"PATH": "/usr/bin:/bin"})
open(sys.argv[1] + ".up", "w").close()
time.sleep(600)
"""


def test_a_daemon_with_a_session_of_its_own_is_found_and_ended(tmp_path: Path) -> None:
    with Adoption():
        done = python(DAEMON, tmp_path / "pid")
    assert (done.code, done.left_behind) == (0, 1)
    assert not is_alive(number_in(tmp_path / "pid"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lets a process adopt its orphans")
def test_a_daemon_that_dropped_even_its_environment_is_adopted_and_ended(tmp_path: Path) -> None:
    with Adoption():
        done = python(DAEMON, tmp_path / "pid", "without environment")
        assert done.code == 0
        assert is_alive(number_in(tmp_path / "pid"))
    assert not is_alive(number_in(tmp_path / "pid"))


def test_what_ran_before_outlives_the_adoption() -> None:
    with subprocess.Popen(["sleep", "600"]) as before:
        with Adoption():
            assert python("print('x')").code == 0
        assert before.poll() is None
        before.kill()


def _set_once(cancel: Cancel, when: Path) -> None:
    if when.exists() and not cancel.requested():
        cancel.set()
