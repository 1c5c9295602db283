"""Late, repeated and broken records: as many as the ground truth says, and nothing good is lost."""

from collections import Counter

import msgspec
import pytest

from producers.simulate.faults import BROKEN
from schemas.events import Receipt
from tests.producers.simulate.world import encoded, epoch, played, receipts


def test_counts_equal_the_ground_truth() -> None:
    _, events, truths = played("calm")
    counts = truths[-1].counts
    identities = Counter(encoded(one) for one in events)
    structs = [one for one in events if not isinstance(one.payload, bytes)]
    firsts = {encoded(one): one for one in reversed(structs)}
    assert counts["records"] == len(events)
    assert counts["broken"] == len(events) - len(structs) == sum(truths[-1].broken.values())
    assert counts["duplicates"] == len(events) - len(identities)
    assert counts["lines"] == sum(one.lines for one in firsts.values())
    late = [one for one in firsts.values() if isinstance(one.payload, Receipt) and one.time > epoch(one.payload.time)]
    assert counts["late"] == len(late)
    assert counts["on_time"] == len(firsts) - len(late)


def test_late_records_are_minutes_to_hours_late() -> None:
    _, events, _ = played("calm")
    delays = [one.time - epoch(one.payload.time) for one in events if isinstance(one.payload, Receipt)]
    assert min(delays) == 0
    assert 3600 < max(delays) <= 240 * 60 + 120  # a repeat may follow


def test_shares_are_about_what_the_scenario_states() -> None:
    simulation, _, truths = played("calm")
    counts, faults = truths[-1].counts, simulation.scenario.faults
    assert counts["late"] / counts["pos.sales"] == pytest.approx(faults.late, rel=0.3)
    assert counts["duplicates"] / counts["records"] == pytest.approx(faults.duplicates, rel=0.3)
    assert counts["broken"] / counts["records"] == pytest.approx(faults.broken, rel=0.5)


@pytest.mark.parametrize("kind", BROKEN)
def test_each_kind_of_broken_record_is_broken(kind: str) -> None:
    _, events, truths = played("calm")
    sample = msgspec.to_builtins(receipts(events)[0])
    raw = BROKEN[kind](sample)
    assert truths[-1].broken[kind] > 0
    try:
        receipt = msgspec.json.decode(raw, type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        assert kind in {"truncated", "nan", "invalid-utf8", "wrong-type"}
    else:
        line = receipt.lines[0]
        assert line.good == "no-such-good" or (line.amount or 0) < 0 or receipt.time[:4] in {"1900", "2100"}
