"""Workers, broker and warehouse are killed while the region sells; a failure names the plan that repeats it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.ports import CRASH_POINTS
from tests import services
from tests.reliability import table
from tests.reliability.chaos import Chaos, Plan, Round
from tests.reliability.schedule import WEIGHTS, draw

#: Two minutes of blows; the seed is fixed, so that every run of it is the same schedule.
BRIEF = Plan(seed=4, blows=9, prefectures=(540400, 540500), seconds=90.0)
#: Rounds of `make soak`: 180 blows; two rounds run live.
ROUNDS = [
    Plan(
        seed=1000 + number,
        blows=30,
        workers=2 + number % 2,
        partitions=12 if number % 2 else 4,
        event_time=number % 3 != 2,
        seconds=180.0,
    )
    for number in range(6)
]


def play(plan: Plan, directory: Path) -> Round:
    """Play a round; whatever fails, the plan is named."""
    try:
        played = Chaos(plan, directory).run()
    except services.MissingServiceError as error:
        services.missing(error)
        raise
    except BaseException as error:
        error.add_note(f"repeat it with {plan!r}")
        raise
    assert not played.findings, f"{plan!r}: " + "\n".join(played.findings)
    return played


@pytest.mark.services
@pytest.mark.slow
def test_nothing_lost_nothing_doubled(tmp_path: Path) -> None:
    played = play(BRIEF, tmp_path)
    table.show([played])
    assert played.log.kills + sum(played.log.crashes.values()) >= 4
    assert played.done["broker"] + played.done["warehouse"] >= 1
    assert played.transitions > 0


@pytest.mark.services
@pytest.mark.soak
def test_a_hundred_kills(tmp_path: Path) -> None:
    rounds, failed = list[Round](), list[str]()
    for plan in ROUNDS:
        try:
            rounds.append(play(plan, tmp_path / str(plan.seed)))
        except AssertionError as error:
            failed.append("\n".join([str(error), *getattr(error, "__notes__", ())]))
            print(f"\nfailed: {failed[-1]}")
        table.show(rounds)
    assert not failed, "\n\n".join(failed)
    done = table.totals(rounds)
    short = {name: done[name] for name, least in table.BARS.items() if done[name] < least}
    assert not short, f"too little was done: {short}"
    assert table.first_record(rounds) < table.START_BAR


def test_a_schedule_is_the_same_for_the_same_seed() -> None:
    assert draw(7, 60, 3) == draw(7, 60, 3)
    assert draw(7, 60, 3) != draw(8, 60, 3)


def test_a_schedule_holds_every_kind_and_every_crash_point() -> None:
    blows = draw(1, 60, 2)
    assert {blow.kind for blow in blows} == set(WEIGHTS)
    assert {blow.point for blow in blows} - {""} == set(CRASH_POINTS)
    assert {blow.slot for blow in blows} == {0, 1}
