"""Playing a simulation: pacing, punctuation, the ground truth's file."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from producers.simulate import Progress, Simulation, load, read, run
from schemas.events import QuoteReport, Receipt, StockReport
from schemas.registry import RegistryChange
from schemas.topics import REGISTRY, TIMED
from tests.producers.simulate.world import NYINGCHI, START, catalogue

HOUR = 3600
DAY = 24 * HOUR


class Wall:
    """A clock that only sleeping moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 0.2
        self.now += seconds


class Sent:
    """Remembers what was sent and when."""

    def __init__(self, wall: Wall, fail_after: int | None = None) -> None:
        self.registered: list[tuple[float, msgspec.Struct | bytes]] = []
        self.records: list[tuple[float, str]] = []
        self.clocks: list[int] = []
        self.flushed = 0
        self._wall = wall
        self._fail_after = fail_after

    def send(self, topic: str, prefecture: int, event: msgspec.Struct | bytes) -> None:
        assert prefecture == NYINGCHI
        assert isinstance(event, msgspec.Struct | bytes)
        if topic == REGISTRY:
            assert not self.records
            self.registered.append((self._wall.now, event))
            return
        if len(self.records) == self._fail_after:
            raise KeyboardInterrupt
        self.records.append((self._wall.now, topic))

    def flush(self) -> None:
        self.flushed = len(self.records)

    def clock(self, time: int, *, inputs: Sequence[str] = (), prefectures: Sequence[int] = ()) -> None:
        assert tuple(inputs) == TIMED
        assert list(prefectures) == [NYINGCHI]
        self.clocks.append(time)


def simulated(hours_paced: float = 2) -> Simulation:
    end = START + 8 * DAY + int((8 + hours_paced) * HOUR)
    return Simulation(load("calm"), catalogue(), start=START, prefectures=[NYINGCHI], end=end)


def test_history_goes_at_full_speed_and_the_rest_is_paced() -> None:
    wall = Wall(START + 30 * DAY)
    producer = Sent(wall)
    simulation = simulated()
    summary = run(simulation, producer, speed=600, clock=wall.time, sleep=wall.sleep)
    history = [at for at, _ in producer.records if at == START + 30 * DAY]
    assert len(history) > 0.9 * len(producer.records)
    assert summary.seconds == pytest.approx(2 * HOUR / 600, abs=1)
    assert summary.records == len(producer.records) == producer.flushed == summary.counts["records"]


def test_its_registry_is_sent_before_anything_else() -> None:
    wall = Wall(START + 30 * DAY)
    producer, simulation = Sent(wall), simulated()
    run(simulation, producer, speed=1e9, clock=wall.time, sleep=wall.sleep)
    changes = [change for _, change in producer.registered if isinstance(change, RegistryChange)]
    assert changes == [change for _, change in simulation.registry()]
    receipts = [event.payload for event in simulation.events() if isinstance(event.payload, Receipt)]
    sites = {change.site.code: change.site for change in changes if change.site}
    assert {receipt.store: (receipt.sender, receipt.region) for receipt in receipts} == {
        code: (site.enterprise, site.county) for code, site in sites.items()
    }
    assert {site.hours for site in sites.values()} == {"Mo-Su 08:00-22:00"}
    enterprises = {change.enterprise.code for change in changes if change.enterprise}
    assert enterprises == {site.enterprise for site in sites.values()}


def test_no_event_is_sent_before_its_own_time() -> None:
    """The wall clock stands one hour into the paced part: at any speed the second hour takes an hour."""
    wall = Wall(START + 8 * DAY + 9 * HOUR)
    producer = Sent(wall)
    times = []
    send = producer.send
    simulation = simulated()
    original = simulation.events

    def watched(topic: str, prefecture: int, event: msgspec.Struct | bytes) -> None:
        if topic != REGISTRY:
            times.append(wall.now)
        send(topic, prefecture, event)

    producer.send = watched  # type: ignore[method-assign]
    run(simulation, producer, speed=1e9, clock=wall.time, sleep=wall.sleep)
    assert all(event.time <= at + 1e-6 for event, at in zip(original(), times, strict=True))
    assert wall.now > START + 8 * DAY + 9.9 * HOUR


def test_punctuation_comes_every_five_minutes_and_closes_every_date() -> None:
    wall = Wall(START + 30 * DAY)
    producer = Sent(wall)
    run(simulated(), producer, speed=1e9, clock=wall.time, sleep=wall.sleep, punctuate=True)
    assert producer.clocks == sorted(set(producer.clocks))
    assert all(at % 300 == 0 for at in producer.clocks)
    assert producer.clocks[-1] == START + 9 * DAY + 2 * HOUR


def test_punctuation_never_passes_an_event_still_to_come() -> None:
    wall = Wall(START + 30 * DAY)
    producer, simulation = Sent(wall), simulated()
    broken, known = list[tuple[int, int]](), set[str]()

    def watched(topic: str, prefecture: int, event: msgspec.Struct | bytes) -> None:
        if isinstance(event, Receipt | StockReport | QuoteReport) and event.event_id not in known:
            known.add(event.event_id)  # what is sent again changes nothing
            at, passed = int(datetime.fromisoformat(event.time).timestamp()), max(producer.clocks, default=0)
            if at < passed:
                broken.append((at, passed))

    producer.send = watched  # type: ignore[method-assign]
    run(simulation, producer, speed=1e9, clock=wall.time, sleep=wall.sleep, punctuate=True)
    assert simulation.counts()["late"] > 0
    assert broken == []


def test_progress_is_told() -> None:
    wall = Wall(START + 30 * DAY)
    told: list[Progress] = []
    run(simulated(), Sent(wall), clock=wall.time, sleep=wall.sleep, progress=told.append)
    assert [one.records for one in told] == sorted(one.records for one in told)
    assert told[-1].paced
    assert not told[0].paced


def test_the_ground_truth_is_written_after_an_interruption_too(tmp_path: Path) -> None:
    wall = Wall(START + 30 * DAY)
    path = tmp_path / "truth.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(simulated(), Sent(wall, fail_after=500), clock=wall.time, sleep=wall.sleep, truth_path=path)
    first, *_, last = read(path)
    assert first.kind == "run"
    assert 500 <= last.counts["records"] <= 501


def test_a_speed_of_nothing_is_refused() -> None:
    wall = Wall(START)
    with pytest.raises(ValueError, match="speed 0 must be above 0"):
        run(simulated(), Sent(wall), speed=0, clock=wall.time, sleep=wall.sleep)
