"""``python -m tests.reliability.stalling worker …``: the command, which stops reading while it goes on living.

``STAPLEWATCH_TEST_STALL`` says how: ``poll``, a fetch whose answer never comes; ``loop``, an event loop that stands
still.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

from staplewatch import cli
from streams import transport

VARIABLE = "STAPLEWATCH_TEST_STALL"


async def _endless_poll(*arguments: Any) -> None:
    await asyncio.Event().wait()


async def _endless_loop(*arguments: Any) -> None:
    time.sleep(600)  # noqa: ASYNC251 - the very mistake


def main() -> None:
    """Run the command line given to this process."""
    kinds = {"poll": _endless_poll, "loop": _endless_loop}
    vars(transport)["Consumer"]._poll = kinds[os.environ.pop(VARIABLE)]
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
