"""A scenario on a catalogue, from a seed and a start: the same events to the byte every time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from producers.simulate.calendar import Calendar, iso
from producers.simulate.effects import check
from producers.simulate.faults import BROKEN, Mishaps
from producers.simulate.judge import Judge, with_provinces
from producers.simulate.market import market
from producers.simulate.prefecture import Prefecture, stores_of
from producers.simulate.records import Event
from producers.simulate.registered import entities
from producers.simulate.scenario import Scenario, ScenarioError
from producers.simulate.truth import Truth
from schemas.catalogue import Catalogue
from schemas.registry import RegistryChange, change

#: Keeps the faults' random numbers apart from those of stores, demand and prices.
_FAULTS = 0xFA017


def default_start(scenario: Scenario, now: float, timezone: str) -> int:
    """Return the midnight from which history and paced part last until today, ``now`` being the last date's end."""
    zone = ZoneInfo(timezone)
    today = datetime.fromtimestamp(now, zone).date()
    first = today - timedelta(days=scenario.total_days - 1)
    return int(datetime(first.year, first.month, first.day, tzinfo=zone).timestamp())


class Simulation:
    """Events and ground truth of one scenario.

    The simulation begins at the local midnight of the date of ``start`` (epoch seconds) and lasts
    the scenario's history and paced days, or until ``end``. Prefectures are independent of each
    other: leaving one out changes nothing elsewhere. Raises ``ScenarioError``.
    """

    def __init__(
        self,
        scenario: Scenario,
        catalogue: Catalogue,
        *,
        seed: int = 7,
        start: int,
        prefectures: Sequence[int] | None = None,
        timezone: str = "Asia/Shanghai",
        end: int | None = None,
    ) -> None:
        check(scenario, catalogue)
        self.scenario = scenario
        self.seed = seed
        self.prefectures = _chosen(scenario, catalogue, prefectures)
        self._calendar = Calendar(start, ZoneInfo(timezone))
        self._catalogue = catalogue
        self.start = self._calendar.midnight(0)
        whole = self._calendar.midnight(scenario.total_days)
        self.end = whole if end is None else min(whole, end)
        self.paced_from = self._calendar.hour(scenario.history_days * 24 + scenario.paced_hour).at
        #: Midnight that ends the last simulated date.
        self.last_midnight = self._calendar.midnight(self._dates())
        self._market = market(catalogue, scenario.stores.opens, scenario.stores.closes)
        self._parts: list[Prefecture] = []
        self._hours = 0
        self._sent: Counter[str] = Counter()

    @property
    def longest_delay(self) -> int:
        """Return how late an event may be sent, in seconds."""
        faults = self.scenario.faults
        return faults.late_minutes[1] * 60 if faults.late else 0

    def _dates(self) -> int:
        return next(day for day in range(1, self.scenario.total_days + 1) if self._calendar.midnight(day) >= self.end)

    def events(self) -> Iterator[Event]:
        """Yield every event in order of its time of sending; starts anew at every call."""
        self._sent = Counter()
        self._hours = 0
        self._parts = [
            Prefecture(self.scenario, self._catalogue, self._market, code, self.seed) for code in self.prefectures
        ]
        mishaps = [
            Mishaps(self.scenario.faults, np.random.default_rng([_FAULTS, self.seed, code]))
            for code in self.prefectures
        ]
        waiting: dict[int, list[tuple[Event, str]]] = defaultdict(list)
        for index in range(self.scenario.total_days * 24):
            hour = self._calendar.hour(index)
            if hour.at >= self.end:
                break
            for part, faults in zip(self._parts, mishaps, strict=True):
                for event, fate in faults.apply([one for one in part.step(hour) if one.time < self.end]):
                    waiting[(min(event.time, self.end - 1) - hour.at) // 3600 + index].append(
                        (event._replace(time=min(event.time, self.end - 1)), fate)
                    )
            self._hours = index + 1
            yield from self._counted(waiting.pop(index, []))

    def registry(self) -> Iterator[tuple[int, RegistryChange]]:
        """Yield every enterprise and store as it is registered from the start on, and its prefecture."""
        time = iso(self.start)
        for code in self.prefectures:
            stores = stores_of(self.scenario, self._catalogue, self._market, code, self.seed)
            for entity in entities(self.scenario, self._catalogue, code, stores):
                yield code, change(entity, code, time=time, sender="simulator")

    def _counted(self, due: list[tuple[Event, str]]) -> Iterator[Event]:
        sent = self._sent
        for event, fate in sorted(due, key=lambda one: one[0].time):
            sent["records"] += 1
            sent[fate] += 1
            sent[event.topic] += 1
            if fate in {"good", "late"}:
                sent["lines"] += event.lines
            yield event

    def truth(self) -> list[Truth]:
        """Return what was done, as far as ``events`` has been read: read it to its end first."""
        end = min(self.end, self._calendar.hour(self._hours).at)
        since, until = iso(self.start), iso(end)
        run = Truth(
            kind="run",
            since=since,
            until=until,
            regions=[str(code) for code in self.prefectures],
            scenario=self.scenario.name,
            seed=self.seed,
            paced_from=iso(self.paced_from),
        )
        judges = [Judge(self.scenario, self._catalogue, part, self._calendar, self._hours, end) for part in self._parts]
        incidents = with_provinces([list(judge.incidents()) for judge in judges], judges)
        return [run, *incidents, Truth("counts", since, until, counts=self.counts(), broken=self.broken())]

    def counts(self) -> dict[str, int]:
        """Return records sent, per topic and in all; late, repeated and broken ones; lines of good records."""
        broken = sum(self.broken().values())
        names = {"good": "on_time", "late": "late", "duplicate": "duplicates"}
        fates = {name: self._sent[fate] for fate, name in names.items()}
        topics = {name: count for name, count in sorted(self._sent.items()) if "." in name}
        return {"records": self._sent["records"], "lines": self._sent["lines"], **fates, "broken": broken, **topics}

    def broken(self) -> dict[str, int]:
        """Return how many broken records of each kind were sent."""
        return {kind: self._sent[kind] for kind in BROKEN}


def _chosen(scenario: Scenario, catalogue: Catalogue, prefectures: Sequence[int] | None) -> tuple[int, ...]:
    wanted = [int(code) for code in scenario.prefectures] if prefectures is None else list(prefectures)
    for code in wanted:
        if code not in catalogue.prefectures:
            known = ", ".join(str(one) for one in catalogue.prefectures)
            msg = f"scenario {scenario.name}: {code} is not a prefecture; choose from {known} / 目录中没有该地区"
            raise ScenarioError(msg)
    return tuple(sorted(set(wanted))) or catalogue.prefectures
