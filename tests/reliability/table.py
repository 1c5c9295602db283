"""What rounds of chaos did and found, as one table for people."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from streams.ports import CRASH_POINTS
from tests.reliability.chaos import Round

#: What `make soak` must have done at least.
BARS: Final = {"worker kills": 80, "broker kills": 10, "warehouse kills": 10, "live rebalances": 20} | {
    f"crash {point}": 5 for point in CRASH_POINTS
}
START_BAR: Final = 5.0


def totals(rounds: Sequence[Round]) -> Counter[str]:
    """Return what was done in all rounds; a crash is a kill of a worker too."""
    done: Counter[str] = Counter()
    for each in rounds:
        crashes = each.log.crashes
        done["worker kills"] += each.log.kills + sum(crashes.values())
        done["broker kills"] += each.done["broker"]
        done["warehouse kills"] += each.done["warehouse"]
        done["live rebalances"] += 2 * each.done["rebalance"]
        done.update({f"crash {point}": crashes.get(point, 0) for point in CRASH_POINTS})
    return done


def first_record(rounds: Sequence[Round]) -> float:
    """Return the median time from the start of a killed worker to its first record."""
    return statistics.median([seconds for each in rounds for seconds in each.log.first_record] or [math.nan])


def show(rounds: Sequence[Round]) -> None:
    """Print the table."""
    table = Table(title="chaos: lost 0, doubled 0" if not any(r.findings for r in rounds) else "chaos: FINDINGS")
    names = ("seed", "mode", "seconds", "records", "kills", "crashes", "stops", "pauses", "rebalances", "broker")
    for name in (*names, "warehouse", "transitions", "indicators", "first record", "findings"):
        table.add_column(name, justify="right")
    for each in rounds:
        table.add_row(*map(str, _row(each)))
    console = Console(width=200)
    console.print(table)
    for name, count in totals(rounds).items():
        console.print(f"{name}: {count}")
    console.print(f"first record after a kill: median {first_record(rounds):.1f} s")


def _row(each: Round) -> list[object]:
    done, log = each.done, each.log
    return [
        *(each.plan.seed, "event" if each.plan.event_time else "live", f"{each.seconds:.0f}", each.records),
        *(log.kills, sum(log.crashes.values()), len(log.stops), done["pause"], 2 * done["rebalance"]),
        *(done["broker"], done["warehouse"], each.transitions, each.indicators),
        *(f"{each.start_seconds:.1f} s", len(each.findings)),
    ]
