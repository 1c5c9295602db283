"""What the writer tells about a warehouse that takes no rows."""

from __future__ import annotations

import numpy as np
import pytest

from streams.buffer import Batch
from streams.columns import Coded, Repeated
from streams.compact import compact, size_of
from streams.outage import MIB, Outage, Rate, Waiting, Watch, lasting
from warehouse.errors import (
    State,
    WarehouseBusy,
    WarehouseError,
    WarehouseFull,
    WarehouseReadOnly,
    WarehouseUnavailable,
)


class Now:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_700_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def watch(now: Now) -> Watch:
    return Watch(wall=now, clock=now, silent_seconds=10)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (WarehouseUnavailable("gone"), "away"),
        (WarehouseBusy("too many parts"), "busy"),
        (WarehouseReadOnly("no"), "read-only"),
        (WarehouseFull("no room"), "disk full"),
        (WarehouseError("unknown column"), "refuses"),
        (KeyError("bug"), "refuses"),
    ],
)
def test_every_error_is_a_state(watch: Watch, error: Exception, state: State) -> None:
    watch.began()
    watch.failed(error)
    assert watch.outage is not None
    assert watch.outage.state == state
    assert watch.outage.since == 1_700_000_000.0


def test_one_line_per_change_of_state(watch: Watch, now: Now, caplog: pytest.LogCaptureFixture) -> None:
    for error in (WarehouseUnavailable("gone"), WarehouseUnavailable("gone"), WarehouseFull("28"), WarehouseFull("28")):
        watch.began()
        watch.failed(error)
        now.at += 60
    watch.succeeded()
    watch.succeeded()
    assert [record.getMessage() for record in caplog.records] == [
        "the warehouse is away (gone); rows wait in memory and are tried again",
        "the disk of the warehouse is full (28); rows wait in memory and are tried again",
        "the warehouse takes rows again after 4 min",
    ]


def test_no_answer_is_an_outage_too(watch: Watch, now: Now) -> None:
    watch.began()
    now.at += 9
    assert watch.look() is None
    now.at += 1
    assert watch.look() == Outage("away", "no answer for 10 s", 1_700_000_000.0)
    watch.succeeded()
    assert watch.look() is None


def test_an_answer_that_nobody_waits_for_is_none(watch: Watch, now: Now) -> None:
    watch.began()
    watch.abandoned()
    now.at += 60
    assert watch.look() is None


def test_in_words() -> None:
    outage = Outage("read-only", "DB::Exception", 1_700_000_000.0)
    assert str(outage) == "the warehouse is read-only / 仓库只读, since 2023-11-14T22:13:20Z: DB::Exception"
    assert str(Waiting(12_345, 34 * MIB, 450.0)) == (
        "12,345 rows (34.0 MiB) wait, room for about 8 min more at this rate"
    )
    assert str(Waiting(1, 0, None)) == "1 rows (0.0 MiB) wait"
    assert [lasting(seconds) for seconds in (45, 600, 7200)] == ["45 s", "10 min", "2.0 h"]


def test_the_rate_is_that_of_the_last_seconds(now: Now) -> None:
    rate = Rate(30, now)
    assert rate.per_second() == 0
    for _ in range(100):
        rate.add(500)
        rate.add(500)
        now.at += 1
    assert rate.per_second() == pytest.approx(1000, rel=0.05)
    now.at += 31
    assert rate.per_second() == 0


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3],
        [-(2**40), 2**62],
        ["a", "b", "a"],
        [None, 5, 5],
        [2**70, 1],
        [["x"], []],
        [True, False],
        [1.5, -0.0],
        [1.5, 2],
        [None, "a", 3],
    ],
)
def test_packed_values_are_equal(values: list[object]) -> None:
    packed = compact(values)
    assert list(packed) == values
    assert size_of(packed) <= size_of(values)


def test_the_lines_of_a_receipt_are_packed_without_being_spelled_out() -> None:
    batch, parts = Batch(), 50
    for number in range(parts):
        batch.add(
            {
                "sales": {
                    "event_id": Repeated([f"r-{number}-a", f"r-{number}-b"], [40, 60], 100),
                    "sequence": Repeated([number, 2**40], [40, 60], 100),
                    "good": Coded(["potato", "beef"], np.array([number % 2, *[1] * 99])),
                    "quantity": np.arange(0, 1000, 10).tolist(),
                    "unit_cost": [None] * 99 + [5],
                }
            },
            {},
        )
    before = {name: list(values) for name, values in batch.rows["sales"].items()}
    batch.compact()
    columns = batch.rows["sales"]
    assert {name: list(values) for name, values in columns.items()} == before
    assert {name: type(values) for name, values in columns.items()} == {
        "event_id": Coded, "sequence": np.ndarray, "good": Coded, "quantity": np.ndarray, "unit_cost": Coded,
    }  # fmt: skip
    assert batch.bytes < parts * 100 * (1 + 8 + 1 + 2 + 1 + 6)


def test_a_packed_batch_is_the_same_in_less_memory() -> None:
    batch = Batch()
    rows: dict[str, list[object]] = {
        "good": [f"potato{n % 7}" for n in range(9000)],
        "quantity": [n * 1000 for n in range(9000)],
    }
    batch.add({"sales": rows}, {})
    before = batch.bytes
    saved = batch.compact()
    assert batch.bytes == before - saved
    assert saved > before / 2
    assert {name: list(values) for name, values in batch.rows["sales"].items()} == rows
