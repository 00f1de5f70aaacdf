"""Kills the supervised processes when their supervisor is gone, even by SIGKILL (standard library only; run as a script).

It reads `+GROUP` and `-GROUP` lines from the supervisor. The pipe closes when the supervisor ends, however it ends;
process groups still listed then get SIGTERM and, two seconds later, SIGKILL.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 2.0


def groups_left(lines: Iterable[str]) -> list[int]:
    """Process groups announced and not withdrawn when `lines` end."""
    groups: dict[int, None] = {}
    for line in lines:
        group = int(line[1:])
        if line.startswith("+"):
            groups[group] = None
        else:
            groups.pop(group, None)
    return list(groups)


def signal_group(group: int, number: signal.Signals) -> bool:
    """Send a signal to a whole process group; False when nobody is left in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


def main() -> None:
    """Wait for the end of the supervisor, then clean up."""
    # Ctrl-C and a terminal that closes are the supervisor's business.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left = groups_left(sys.stdin)
    left = [group for group in left if signal_group(group, signal.SIGTERM)]
    if left:
        time.sleep(GRACE_SECONDS)
    for group in left:
        signal_group(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
