"""Open alerts worked out anew from raw rows and punctuation."""

from __future__ import annotations

import pyarrow as pa

from schemas import topics
from staplewatch.audit.rebuilt import WithoutSnapshots, worked_out
from streams.options import Options
from tests.staplewatch.audit.worlds import Answers
from tests.streams.records import WALL, chunk, clock, engine, moment, quote

BEGIN, DAY = moment("11-02 09:00"), 86_400
QUOTES = Options(event_time=True, inputs=(topics.QUOTES,))


def test_the_clock_closes_the_last_date_and_what_is_open_then_is_told() -> None:
    prices = [4.0] * 7 + [6.0]
    fresh = engine(QUOTES)
    fresh.apply(
        chunk(topics.QUOTES, [quote(BEGIN + day * DAY, ("potato", price, None)) for day, price in enumerate(prices)]),
        WALL,
    )
    assert worked_out(fresh, [], WALL) == {}
    found = worked_out(fresh, [clock(BEGIN + 8 * DAY, quotes=8)], WALL)
    assert {(key.split("|")[0], state[1:]) for key, state in found.items()} == {
        ("urumqi-2007", (0, "firing", "orange"))
    }


def test_a_rebuild_sees_no_snapshots() -> None:
    rows = pa.table({"position": [1, 2]})
    answers = WithoutSnapshots(_Fixed(rows))  # type: ignore[arg-type]
    assert answers.query("snapshots_newest").num_rows == 0
    assert answers.query("epochs").num_rows == 2


class _Fixed(Answers):
    def __init__(self, table: pa.Table) -> None:
        super().__init__()
        self._table = table

    def query(self, name: str, parameters: object = None) -> pa.Table:
        return self._table
