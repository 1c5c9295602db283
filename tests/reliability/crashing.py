"""``python -m tests.reliability.crashing worker …``: the command, killed when a crash point is passed.

``STAPLEWATCH_TEST_CRASH=POINT:N`` names the point and the how-manieth time. The kill is the kernel's
SIGKILL to the own process: no handler, no flush, nothing runs after it.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial

from staplewatch import assembly, cli
from streams.ports import CRASH_POINTS
from streams.worker import Worker

VARIABLE = "STAPLEWATCH_TEST_CRASH"


class Crash:
    """Kills the process when ``point`` is passed for the ``times``-th time."""

    def __init__(self, point: str, times: int) -> None:
        assert point in CRASH_POINTS, point
        self._point, self._left = point, times

    def __call__(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the command line given to this process."""
    point, _, times = os.environ.pop(VARIABLE, "").partition(":")
    if point:
        vars(assembly)["Worker"] = partial(Worker, hook=Crash(point, int(times)))
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
