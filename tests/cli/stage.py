"""Small real processes for the supervisor tests, which write their lives into a file."""

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from cli.services import Service

ACTOR = """
import os, signal, subprocess, sys, time
events, name, behaviour = sys.argv[1:4]
def write(what):
    with open(events, "a") as file:
        file.write(f"{what} {name} {os.getpid()}\\n")
def leave(number, frame):
    write("stop")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in behaviour else leave)
if "child" in behaviour:
    grandchild = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(300)"])
    with open(events, "a") as file:
        file.write(f"start {name}-child {grandchild.pid}\\n")
write("start")
if "fail" in behaviour:
    print("the reason of the failure", flush=True)
    sys.exit(3)
time.sleep(300)
"""


class Stage:
    """Makes services out of ACTOR and reads what they wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.events_file = folder, folder / "events"
        self.script = folder / "actor.py"
        self.script.write_text(textwrap.dedent(ACTOR))

    def service(self, name: str, stage: int, behaviour: str = "", stop_seconds: float = 10.0, ready: Callable[[], bool] | None = None) -> Service:
        command = [sys.executable, "-I", "-S", str(self.script), str(self.events_file), name, behaviour]
        return Service(name, command, stage, stop_seconds=stop_seconds, ready=ready)

    def events(self) -> list[tuple[str, str, int]]:
        if not self.events_file.exists():
            return []
        return [(what, name, int(pid)) for what, name, pid in (line.split() for line in self.events_file.read_text().splitlines())]

    def pids(self, name: str) -> list[int]:
        return [pid for what, who, pid in self.events() if what == "start" and who == name]
