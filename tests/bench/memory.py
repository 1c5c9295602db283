"""What the state of all China takes, part by part: of one partition of 12, and of all.

    python -m tests.bench.memory

Prints a table and JSON. A part is counted by the arrays, bytes and containers that it holds, which are told
apart by where they stand in the state; ``resident`` is what the process took for all of it, and ``packed``
the size of a snapshot.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from streams.engine import Engine
from tests.bench.nation import PARTITIONS, Nation, filled, memory

#: Attributes of a prefecture, and of its retail market, that are told apart.
_PARTS = ("sales", "sites", "enterprises", "suspects", "corrections", "queues")
_OF_MARKET = ("pairs", "shelf", "quotes", "outages", "hours", "closed", "together")


def parts(engine: Engine) -> dict[str, int]:
    """Return the bytes of each part of the state."""
    seen: set[int] = set()
    found: Counter[str] = Counter()
    for place in engine._places.values():
        for kind, market in place.markets.items():
            for name in _OF_MARKET:
                found[f"{kind}: {name}"] += held(getattr(market, name), seen)
        for name in _PARTS:
            found[name] += held(getattr(place, name), seen)
        found["the rest of prefectures"] += held(place, seen)
    found["duplicates: receipts"] = held(engine._seen._sales, seen)
    found["duplicates: other events"] = held(engine._seen._events, seen)
    found["duplicates: names of tills"] = held(engine._seen, seen)
    return dict(found)


def held(thing: Any, seen: set[int]) -> int:
    """Return the bytes of ``thing`` and of what it holds, but for what is in ``seen``; rules and settings count not."""
    total, waiting = 0, [thing]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or type(each).__module__.startswith(("streams.alerts", "streams.judge", "streams.setup")):
            continue
        seen.add(id(each))
        total += each.nbytes if isinstance(each, np.ndarray) and each.base is None else sys.getsizeof(each)
        waiting += _inside(each)
    return total


def _inside(thing: Any) -> Iterator[Any]:
    if isinstance(thing, np.ndarray):
        yield from [thing.base] if thing.base is not None else []
    elif isinstance(thing, dict):
        yield from thing.keys()
        yield from thing.values()
    elif isinstance(thing, list | tuple | set | frozenset | deque):
        yield from thing
    if type(thing).__module__.startswith("streams."):
        yield from getattr(thing, "__dict__", {}).values()
        slots = (name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ()))
        yield from (getattr(thing, name) for name in slots if hasattr(thing, name))


def main() -> dict[str, float]:
    """Measure, print and return."""
    with tempfile.TemporaryDirectory(prefix="staplewatch-bench-") as name:
        nation = Nation.of(Path(name))
        gc.collect()
        before = memory()
        engine = filled(nation, int(time.time()), "bench")
        gc.collect()
        taken = memory() - before
    found: dict[str, float] = {"resident": taken, **parts(engine), "packed": len(engine.snapshot().pack())}
    print(f"{'':<28}{'MB, one of 12':>14}{'GiB, all':>10}")
    for part, size in sorted(found.items(), key=lambda each: -each[1]):
        print(f"{part:<28}{size / 1e6:>14.1f}{size * PARTITIONS / 2**30:>10.2f}")
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
