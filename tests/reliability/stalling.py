"""``python -m tests.reliability.stalling worker …``: the command, which stops reading while it goes on living.

``STAPLEWATCH_TEST_STALL`` says how: ``poll``, a fetch whose answer never comes; ``loop``, an event loop that stands
still; ``group``, a group that never shares out its partitions.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from functools import partial
from typing import Any

from staplewatch import assembly, cli
from streams import transport
from streams.options import WorkerOptions

VARIABLE = "STAPLEWATCH_TEST_STALL"


async def _never(*arguments: Any, **named: Any) -> None:
    await asyncio.Event().wait()


async def _endless_loop(*arguments: Any) -> None:
    time.sleep(600)  # noqa: ASYNC251 - the very mistake


def main() -> None:
    """Run the command line given to this process."""
    kind = os.environ.pop(VARIABLE)
    if kind == "group":
        vars(assembly)["WorkerOptions"] = partial(WorkerOptions, sharing_seconds=3.0)
        vars(transport)["ConsumerThread"].subscribe = _never
    else:
        vars(transport)["Consumer"]._poll = {"poll": _never, "loop": _endless_loop}[kind]
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
