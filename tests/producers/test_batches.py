"""Receipts gathered into batches: by lines, by time, before anything that must come after them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import pytest

from producers.batches import ArrowBatcher
from producers.client import DeliveryError
from schemas import topics
from schemas.events import QuoteReport, Receipt, SaleLine

LHASA, NYINGCHI, QAMDO = 540100, 540400, 540300
RECEIPT = Receipt(
    "e1", "test", "shop", "540402", "1", "2026-05-20", 1, "2026-05-20T10:00:00+08:00", [SaleLine(1, "potato", 1, "kg")]
)
QUOTE = QuoteReport("q1", "test", "shop", "540402", "2026-05-20T10:00:00+08:00", [])


class Sent:
    """A producer that notes what it is given; ``failing`` is raised by the next batch."""

    partitions = 4

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.failing: DeliveryError | None = None
        self.came = threading.Event()

    def send(
        self, topic: str, prefecture: int, event: msgspec.Struct | bytes, *, headers: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        self.calls.append((topic, prefecture, event, *headers))

    def send_batch(self, prefecture: int, receipts: Sequence[Receipt]) -> None:
        if self.failing:
            self.came.set()
            raise self.failing
        self.calls.append((prefecture, [each.sequence for each in receipts]))
        self.came.set()

    def flush(self) -> None:
        self.calls.append(("flush",))

    def clock(self, time: int, *, inputs: Iterable[str] = (), prefectures: Iterable[int] = ()) -> None:
        self.calls.append(("clock", time, *inputs, *prefectures))

    def final(self, last: int, *, close_after: int = 0) -> int:
        self.calls.append(("final", last, close_after))
        return last


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def batcher(sent: Sent) -> Iterator[ArrowBatcher]:
    with ArrowBatcher(sent, lines=3, seconds=1e6) as found:
        yield found


def numbered(number: int, lines: int = 1) -> Receipt:
    return msgspec.structs.replace(RECEIPT, sequence=number, lines=RECEIPT.lines * lines)


def test_a_batch_goes_when_it_is_full(sent: Sent, batcher: ArrowBatcher) -> None:
    for number, lines in ((1, 2), (2, 2), (3, 1)):
        batcher.send(topics.SALES, NYINGCHI, numbered(number, lines))
    assert sent.calls == [(NYINGCHI, [1, 2])]
    batcher.close()
    assert sent.calls == [(NYINGCHI, [1, 2]), (NYINGCHI, [3])]


def test_every_partition_has_its_own(sent: Sent, batcher: ArrowBatcher) -> None:
    for number, prefecture in enumerate((LHASA, NYINGCHI, LHASA)):
        batcher.send(topics.SALES, prefecture, numbered(number))
    batcher.flush()
    assert sent.calls == [(LHASA, [0, 2]), (NYINGCHI, [1]), ("flush",)]


def test_what_must_come_later_comes_later(sent: Sent, batcher: ArrowBatcher) -> None:
    batcher.send(topics.SALES, NYINGCHI, numbered(1))
    batcher.send(topics.SALES, QAMDO, numbered(2))
    batcher.send(topics.QUOTES, NYINGCHI, QUOTE)
    batcher.send(topics.SALES, NYINGCHI, b"{broken")
    batcher.clock(7, inputs=[topics.SALES])
    batcher.send(topics.SALES, NYINGCHI, numbered(3), headers=[("a", b"1")])
    batcher.send(topics.SALES, NYINGCHI, numbered(4))
    assert batcher.final(9) == 9
    assert [call[:2] for call in sent.calls] == [
        (topics.QUOTES, NYINGCHI),
        (NYINGCHI, [1]),
        (topics.SALES, NYINGCHI),
        (QAMDO, [2]),
        ("clock", 7),
        (topics.SALES, NYINGCHI),
        (NYINGCHI, [4]),
        ("final", 9),
    ]


def test_a_receipt_that_waits_alone_goes_in_time(sent: Sent) -> None:
    with ArrowBatcher(sent, seconds=0.01) as batcher:
        batcher.send(topics.SALES, NYINGCHI, numbered(1))
        assert sent.came.wait(20)
    assert sent.calls == [(NYINGCHI, [1])]


def test_what_failed_meanwhile_is_raised_by_the_next_call(sent: Sent) -> None:
    sent.failing = DeliveryError({(topics.SALES, 0, "gone"): 1})
    batcher = ArrowBatcher(sent, seconds=0.0)
    batcher.send(topics.SALES, NYINGCHI, numbered(1))
    assert sent.came.wait(20)
    with pytest.raises(DeliveryError, match="gone"):
        batcher.flush()
    batcher.close()


def test_after_an_error_nothing_more_is_sent(sent: Sent) -> None:
    def fail() -> None:
        with ArrowBatcher(sent, seconds=1e6) as batcher:
            batcher.send(topics.SALES, NYINGCHI, numbered(1))
            raise KeyError(NYINGCHI)

    with pytest.raises(KeyError):
        fail()
    assert sent.calls == []
