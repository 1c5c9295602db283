"""What the memory of duplicates takes for 7 dates of one partition of 12, all of China.

    python -m tests.bench.memory

Prints one line per part, and JSON. Memory is resident memory of this process; packed is a snapshot's share.
"""

from __future__ import annotations

import gc
import json
import time

from streams.seen import Seen
from streams.snapshot import freeze
from tests.bench.nation import memory, remember

TODAY = 20_700


def main() -> dict[str, float]:
    """Measure, print and return."""
    gc.collect()
    before, started = memory(), time.perf_counter()
    seen = Seen()
    remember(seen, TODAY)
    gc.collect()
    taken, filled = memory() - before, time.perf_counter()
    frozen = freeze({"seen": seen.dump()})
    copied = time.perf_counter()
    found = {
        "bytes": taken,
        "entries": seen.size(),
        "fill_seconds": filled - started,
        "copy_seconds": copied - filled,
        "packed": len(frozen.pack()),
    }
    for name, value in found.items():
        print(f"{name:<14} {value:>16,.2f}")
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
