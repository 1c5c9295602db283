"""Playing scenarios and recordings into a broker, and what is told about it afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from producers import pace
from producers.replay import Playback, Summary
from staplewatch import sending
from staplewatch.errors import CommandError
from staplewatch.sending import Encoding, Target
from staplewatch.words import say

if TYPE_CHECKING:
    from producers.batches import ArrowBatcher
    from producers.client import Producer
    from producers.progress import Reporter
    from producers.simulate import Progress, Simulation
    from schemas.catalogue import Catalogue

#: ``simulate`` without --speed: a day in two and a half minutes.
DEFAULT_SPEED: Final = 600.0
DAY: Final = 86_400

Facts = dict[str, Any]
Told = tuple[Summary, float]
Outlet: TypeAlias = "Producer | ArrowBatcher"
Play = Callable[[Outlet, "Catalogue", "Reporter"], Summary]


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """What to simulate, in the words of the command line."""

    scenario: str
    seed: int = 7
    speed: str | None = None
    rate: str | None = None
    since: str | None = None
    until: str | None = None
    prefectures: tuple[int, ...] | None = None
    truth: Path | None = None
    final: bool = False
    punctuate: bool = False
    encoding: Encoding = "json"


def simulate(place: Target, wanted: SimulationRequest) -> Facts:
    """Play a scenario and return what was sent. Raises ``CommandError``."""
    from producers import simulate as simulation  # noqa: PLC0415

    with sending.explained():
        scenario = simulation.load(wanted.scenario)
        start = pace.instant(wanted.since, place.zone) if wanted.since else None
        built = simulation.Simulation(
            scenario,
            place.load(),
            seed=wanted.seed,
            # ending yesterday: nothing would have to wait for the wall clock
            start=simulation.default_start(scenario, time.time() - DAY, place.zone) if start is None else start,
            prefectures=wanted.prefectures,
            timezone=place.zone,
            end=pace.instant(wanted.until, place.zone, option="--to", end=True) if wanted.until else None,
        )
        speed = pace.speed(wanted.speed) if wanted.speed else DEFAULT_SPEED
        with (
            sending.sink(place, wanted.rate, wanted.encoding) as producer,
            _watched(built, sending.reporter()) as progress,
        ):
            summary = simulation.run(
                built,
                producer,
                speed=speed,
                truth_path=wanted.truth,
                progress=progress,
                punctuate=wanted.punctuate,
            )
            if wanted.final:
                producer.final(built.last_midnight - 1)
    counts = {name: count for name, count in summary.counts.items() if name not in {"records", "lines"}}
    told = {"scenario": scenario.name, "seed": wanted.seed, "records": summary.records, "lines": summary.lines}
    return told | _speed(summary.lines, summary.seconds) | counts


def playback(place: Target, given: Mapping[str, Any]) -> Playback:
    """Return how to play, from the options of a replay command."""
    with sending.explained():
        since, until, speed, punctuate = (given[name] for name in ("since", "until", "speed", "punctuate"))
        return Playback(
            speed=pace.speed(speed) if speed else None,
            start=pace.instant(since, place.zone) if since else None,
            end=pace.instant(until, place.zone, option="--to", end=True) if until else None,
            shift_to_now=pace.shift_to(given["shift_to"]) if given["shift_to"] else False,
            final=given["final"],
            punctuate=pace.span(punctuate) if punctuate else None,
            limit_lines=given["max_lines"],
            zone=place.zone,
        )


def completejourney(
    place: Target, chosen: Playback, rate: str | None, prefectures: tuple[int, ...] | None, encoding: Encoding = "json"
) -> Told:
    """Play the real supermarket sales."""

    def play(producer: Outlet, catalogue: Catalogue, reporter: Reporter) -> Summary:
        from producers.replay import completejourney as module  # noqa: PLC0415

        return module.replay(producer, catalogue, chosen, prefectures=prefectures, reporter=reporter)

    return _play(place, rate, play, encoding)


def freshretail(place: Target, chosen: Playback, rate: str | None, file: Path, encoding: Encoding = "json") -> Told:
    """Play hourly sales with stock-out labels."""

    def play(producer: Outlet, catalogue: Catalogue, reporter: Reporter) -> Summary:
        from producers.replay import freshretail as module  # noqa: PLC0415

        return module.replay(producer, catalogue, file, chosen, reporter=reporter)

    return _play(place, rate, play, encoding)


def quotes(
    place: Target,
    chosen: Playback,
    rate: str | None,
    file: Path,
    *,
    kind: Literal["retail", "wholesale"] | None,
    skip_bad: bool,
) -> Told:
    """Play a canonical sheet of quotes."""

    def play(producer: Outlet, catalogue: Catalogue, reporter: Reporter) -> Summary:
        from producers.replay import quotes as module  # noqa: PLC0415

        return module.replay(producer, catalogue, file, chosen, kind=kind, skip_bad=skip_bad, reporter=reporter)

    return _play(place, rate, play)


def convert_vegetables(file: Path, directory: Path) -> Facts:
    """Write canonical quotes and a catalogue of daily wholesale prices of vegetables."""
    from producers.replay import convert  # noqa: PLC0415

    return _converted(convert.vegetables, file, directory)


def convert_freshretail(file: Path, directory: Path) -> Facts:
    """Write canonical quotes and a catalogue of hourly sales."""
    from producers.replay import convert  # noqa: PLC0415

    return _converted(convert.freshretail, file, directory)


def facts(summary: Summary, seconds: float) -> Facts:
    """Return what a replay's summary tells."""
    told: Facts = {"lines": summary.lines} | _speed(summary.lines, seconds)
    told |= dict(sorted(summary.events.items()))
    told |= {"clocks": summary.clocks, "shifted_days": summary.shifted_days}
    return told | {"skipped": dict(summary.skipped)}


def codes(text: str | None) -> tuple[int, ...] | None:
    """Return the prefecture codes of ``540400,540500``; None stays None."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        msg = say(
            f"--prefectures：{text!r} 应为六位代码，逗号分隔",
            f"--prefectures: {text!r} must be six-digit codes by comma",
        )
        raise CommandError(msg) from error


def _play(place: Target, rate: str | None, play: Play, encoding: Encoding = "json") -> Told:
    watch = sending.Stopwatch()
    catalogue = place.load()
    with sending.sink(place, rate, encoding) as producer:
        summary = play(producer, catalogue, sending.reporter())
    return summary, watch.seconds


def _converted(convert: Callable[[Path, Path], Any], file: Path, directory: Path) -> Facts:
    try:
        with sending.explained():
            return {name: _plain(value) for name, value in asdict(convert(file, directory)).items()}
    except OSError as error:
        raise CommandError(say(f"无法写入 {directory}：{error}", f"cannot write to {directory}: {error}")) from error


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _speed(lines: int, seconds: float) -> Facts:
    return {"seconds": round(seconds, 1), "lines_per_s": round(lines / seconds) if seconds else 0}


@contextmanager
def _watched(built: Simulation, reporter: Reporter) -> Iterator[Callable[[Progress], None]]:
    """Yield what tells the reporter how far the simulation is."""
    lines = 0

    def tell(progress: Progress) -> None:
        nonlocal lines
        reporter.advance(progress.lines - lines, progress.at)
        lines = progress.lines

    reporter.begin(built.scenario.name, None)
    try:
        yield tell
    finally:
        reporter.end()
