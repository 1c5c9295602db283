"""Hostile batches of receipts: no crash, and every line is a row or in a dead letter."""

from __future__ import annotations

import msgspec
import pytest

from schemas.letters import DeadLetter
from streams import ipc
from streams.batches import Odd
from streams.fields import Rejected
from streams.frombatch import opened
from tests.fuzz import batches
from tests.fuzz.held import Held, Tally

SEED = 20_261_124
CHUNK = 64


def fuzz(seed: int, count: int) -> Tally:
    """Try ``count`` batches; the failures say how to make them again."""
    held, tally = Held(), Tally()
    problems: list[str] = []
    for start in range(0, count, CHUNK):
        inputs = [batches.make(seed, number) for number in range(start, min(count, start + CHUNK))]
        problems += batches.check(held, inputs, tally)
        if len(problems) >= 10:
            break
    listed = "\n".join(problems[:10])
    assert not problems, f"seed {seed}, {len(problems)} problem(s)\n{listed}"
    assert sum(tally.counts.values()) == count
    return tally


def test_two_thousand_batches() -> None:
    tally = fuzz(SEED, 2_000)
    assert {name for _, name in tally.counts} >= {"accepted", "in part", "decode", "validate", "partition"}
    assert sum(n for (_, name), n in tally.counts.items() if name in {"accepted", "in part"}) > 400
    assert not [outcome for kind, outcome in tally.counts if kind == "zipped" and outcome != "decode"]


@pytest.mark.soak
def test_a_quarter_of_a_million_batches(capsys: pytest.CaptureFixture[str]) -> None:
    tally = fuzz(SEED + 1, 250_000)
    with capsys.disabled():
        print(f"\n{tally}")


def test_a_column_of_a_type_that_pyarrow_has_no_class_for_is_refused() -> None:
    found = batches.make(SEED + 1, 208_080)  # a bit makes ``time`` an interval of days and milliseconds
    (batch,) = ipc.batches(found.value)
    assert str(batch.schema.field("time").type) == "day_time_interval"
    with pytest.raises(Rejected, match="column time is day_time_interval: send a timestamp with a time zone"):
        opened(batch)


def test_a_row_that_vanishes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(letter: DeadLetter, odd: Odd) -> DeadLetter:
        return msgspec.structs.replace(letter, line=odd.line + 1, lines=odd.lines)

    monkeypatch.setattr("streams.decode.cut_out", elsewhere)
    with pytest.raises(AssertionError, match=r"seed 5, (.|\n)*base64: "):
        fuzz(5, 200)


def test_batches_can_be_made_again() -> None:
    assert [batches.make(3, number) for number in range(20)] == [batches.make(3, number) for number in range(20)]
    assert batches.make(3, 1) != batches.make(4, 1)
