"""``staplewatch up`` killed again and again on one directory: what the warehouse acknowledged stays, and nothing else.

The broker keeps records in memory only, so a life's last records are lost with it. What must hold is that
every record before the stored progress is there exactly once, in every epoch, and that every start is clean.
"""

from __future__ import annotations

import gc
import random
import threading
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError

import warehouse as stores
from producers.simulate import Event, Simulation, load
from schemas import topics
from schemas.catalogue import load as load_catalogue
from streams import rebuild
from streams.positions import Place
from tests.integration.running import Running, up
from tests.reliability.traffic import START
from tests.services import wait_until
from warehouse.protocol import Warehouse

PREFECTURES: Final = (540400, 540500)
PARTITIONS: Final = 4
TABLES: Final = {topics.SALES: "sales", topics.STOCK: "stock", topics.QUOTES: "quotes"}
#: Rows that a life must have stored before it may be killed, and how many more it may then store at most.
LEAST: Final = 2_000
MOST: Final = 20_000


@dataclass(slots=True)
class Life:
    """What was sent to one broker, in the order of each place's offsets."""

    sent: dict[Place, list[Event]] = field(default_factory=lambda: defaultdict(list))


class Sender:
    """Sends one simulation over many lives: each goes on where the one before stopped sending."""

    def __init__(self, seed: int) -> None:
        scenario = load(Path(__file__).with_name("traffic.toml"))
        simulation = Simulation(scenario, load_catalogue(), seed=seed, start=START, prefectures=PREFECTURES)
        self._events: Iterator[Event] = simulation.events()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, server: str) -> Life:
        """Send to a broker in the background until ``stop``."""
        life = Life()
        self._stop.clear()
        self._thread = threading.Thread(target=self._send, args=(server, life), daemon=True)
        self._thread.start()
        return life

    def stop(self) -> None:
        """Stop sending; what is under way may be lost with its broker."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _send(self, server: str, life: Life) -> None:
        producer = KafkaProducer(
            bootstrap_servers=server, acks="all", enable_idempotence=False, max_in_flight_requests_per_connection=1,
            retries=0, linger_ms=5, max_block_ms=5_000, request_timeout_ms=5_000, delivery_timeout_ms=10_000,
        )  # fmt: skip
        try:
            while not self._stop.is_set() and (event := next(self._events, None)) is not None:
                place = (event.topic, topics.partition_of(event.prefecture, PARTITIONS))
                value = event.payload if isinstance(event.payload, bytes) else msgspec.json.encode(event.payload)
                producer.send(place[0], value=value, partition=place[1])
                life.sent[place].append(event)
        except KafkaError:
            self._stop.set()  # the broker was killed with its instance
        finally:
            with suppress(KafkaError):
                # longer than a delivery may take: a close that gives up before leaves its sockets open
                producer.close(timeout=20)


def play(directory: Path, seed: int, kills: int) -> Counter[str]:
    """Live and be killed ``kills`` times, then once more and end in order; return what was checked."""
    with warnings.catch_warnings():
        # kafka-python leaves the sockets of refused connections to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        checked = _play(directory, seed, kills)
        gc.collect()
    return checked


def _play(directory: Path, seed: int, kills: int) -> Counter[str]:
    chance, sender, lives = random.Random(seed), Sender(seed), []
    checked: Counter[str] = Counter()
    for number in range(kills + 1):
        with up(directory, "--partitions", str(PARTITIONS), "--event-time") as running:
            lives.append(sender.start(running.broker))
            enough = LEAST + chance.randrange(MOST)
            wait_until(lambda: _stored(running) >= enough, 120.0, f"{enough} rows stored")  # noqa: B023
            if number < kills:
                running.process.kill()
                running.process.wait()
            sender.stop()
        checked = check(directory, lives)
    return checked


def _stored(running: Running) -> float:
    return sum(running.metric("staplewatch_rows_total", table=table) for table in TABLES.values())


def check(directory: Path, lives: list[Life]) -> Counter[str]:
    """Hold every epoch of the warehouse against what its broker was sent; ``AssertionError`` says what differs."""
    checked: Counter[str] = Counter()
    with closing(stores.connect(f"chdb://{directory / 'warehouse'}")) as house:
        epochs = sorted(house.query("epochs").to_pylist(), key=lambda row: row["ordinal"])
        assert len(epochs) == len(lives), f"{len(epochs)} epochs of {len(lives)} brokers"
        for epoch, life in zip((row["epoch"] for row in epochs), lives, strict=True):
            for place, reached in rebuild.progress(house, epoch).items():
                if place[0] in TABLES:
                    checked.update(_check_place(house, epoch, place, life.sent[place][:reached], reached))
    return checked


def _check_place(house: Warehouse, epoch: str, place: Place, sent: list[Event], reached: int) -> Counter[str]:
    assert len(sent) == reached, f"{epoch} {place}: progress {reached}, sent {len(sent)}"
    found = _rows(house, epoch, place, reached)
    letters = _letters(house, epoch, place, reached)
    for offset, event in enumerate(sent):
        if isinstance(event.payload, bytes):
            assert offset in letters, f"{epoch} {place} {offset}: a broken record is no dead letter"
            continue
        lines = event.payload.lines  # type: ignore[attr-defined]
        stored = [(row["event_id"], row["good"]) for row in found[offset]]
        assert stored == [(event.payload.event_id, line.good) for line in lines], f"{epoch} {place} {offset}"  # type: ignore[attr-defined]
    return Counter(records=reached, rows=sum(map(len, found.values())), dead_letters=len(letters))


def _rows(house: Warehouse, epoch: str, place: Place, reached: int) -> dict[int, list[dict[str, Any]]]:
    where = {"epoch": epoch, "topic": place[0], "partition": place[1], "from_offset": 0, "to_offset": reached}
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in house.query(f"{TABLES[place[0]]}_after", where).to_pylist():
        found[row["offset"]].append(row)
    return found


def _letters(house: Warehouse, epoch: str, place: Place, reached: int) -> set[int]:
    where = {"epoch": epoch, "topic": place[0], "partition": place[1], "from_offset": 0, "to_offset": reached}
    return {row["offset"] for row in house.query("dead_offsets", where).to_pylist()}
