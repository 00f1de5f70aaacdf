"""The watchdog as a process of its own."""

import os
import signal
import subprocess
import sys

import pytest

from cli import watchdog
from cli.watchdog import groups_left, signal_group

pytestmark = pytest.mark.kill
SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(300)"]
# Says when it is deaf, so that no test signals it too early.
STUBBORN = [sys.executable, "-I", "-S", "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)"]


def start_watchdog() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-I", "-S", watchdog.__file__], stdin=subprocess.PIPE, text=True, bufsize=1)


def test_groups_announced_and_not_withdrawn_are_left():
    assert groups_left(["+1\n", "+2\n", "-1\n", "+3\n", "-9\n", "+2\n"]) == [2, 3]


def test_end_of_the_pipe_ends_the_announced_groups_only():
    announced, withdrawn = (subprocess.Popen(SLEEP, start_new_session=True) for _ in range(2))
    dog = start_watchdog()
    dog.stdin.write(f"+{announced.pid}\n+{withdrawn.pid}\n-{withdrawn.pid}\n")
    dog.stdin.close()
    assert announced.wait(20) == -signal.SIGTERM
    assert dog.wait(20) == 0
    assert withdrawn.poll() is None
    withdrawn.kill()
    withdrawn.wait()


def test_process_that_ignores_the_request_is_killed():
    stubborn = subprocess.Popen(STUBBORN, start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert stubborn.stdout.readline() == "deaf\n"
    dog = start_watchdog()
    dog.stdin.write(f"+{stubborn.pid}\n")
    dog.stdin.close()
    assert stubborn.wait(20) == -signal.SIGKILL
    stubborn.stdout.close()
    dog.wait(20)


def test_ctrl_c_and_a_closed_terminal_do_not_end_the_watch():
    child = subprocess.Popen(SLEEP, start_new_session=True)
    dog = start_watchdog()
    dog.stdin.write(f"+{child.pid}\n")
    # It answers nothing, so the first signal may only be sent once the handlers are surely set: the line above was read then.
    with pytest.raises(subprocess.TimeoutExpired):
        dog.wait(0.5)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(dog.pid, number)
    with pytest.raises(subprocess.TimeoutExpired):
        dog.wait(0.3)
    dog.stdin.close()
    assert child.wait(20) == -signal.SIGTERM
    dog.wait(20)


def test_empty_group_is_no_error():
    gone = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    gone.wait()
    assert signal_group(gone.pid, signal.SIGTERM) is False
