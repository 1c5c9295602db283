"""A correction takes back what rests on the price that it replaces, and nothing else."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.events import QuoteReport
from streams.options import Options
from tests.streams.records import BAYI
from tests.streams.test_engine_suspects import OFF, Run, at, closing, quote, usual

EARLY = Options(event_time=True, inputs=(topics.QUOTES,), coverage=0.8)
LATE = Options(event_time=True, inputs=(topics.QUOTES,), coverage=1.0)


def told(run: Run, rule: str = "urumqi-2007") -> list[tuple[str, str, str, bool]]:
    """Return level, state, reason and whether it is a correction, of one rule."""
    found = [alert for alert in run.alerts if alert.rule == rule]
    return [(alert.level, alert.state, alert.reason, alert.correction) for alert in found]


def risen(factor: float, options: Options = LATE) -> tuple[Run, list[QuoteReport]]:
    """Two sites ask 5.00 and 5.10 for eight dates; on the ninth ``factor`` times that, and the date closes."""
    run = Run(options)
    usual(run, range(8), "ab")
    wrong = [quote(8, site, (5 + number / 10) * factor) for number, site in enumerate("ab")]
    run.send(*wrong)
    run.until(closing(8))
    return run, wrong


def right(wrong: QuoteReport, price: float) -> QuoteReport:
    """Return the correction of a quote: at its own time, so nothing but its naming tells it from a late quote."""
    return quote(8, wrong.site, price, event_id=f"right-{wrong.event_id}", corrects=[wrong.event_id])


def test_an_alert_that_rests_on_a_corrected_price_is_withdrawn_at_once() -> None:
    run, wrong = risen(1.6)
    assert told(run) == [("orange", "firing", "raised", False)]
    run.send(*(right(each, 5.0) for each in wrong))
    assert told(run)[1:] == [("none", "resolved", "corrected", True)]
    assert "withdrawn, the data were corrected (was orange)" in run.alerts[-1].text_en
    assert "数据已更正，撤回（原橙色）" in run.alerts[-1].text_zh


def test_a_correction_that_leaves_a_lower_level_lowers_it() -> None:
    run, wrong = risen(2.5)
    assert told(run) == [("red", "firing", "raised", False)]
    run.send(*(right(each, 7.0) for each in wrong))
    assert told(run)[1:] == [("yellow", "firing", "corrected", True)]
    assert "down from red after a correction" in run.alerts[-1].text_en


def test_a_correction_raises_nothing() -> None:
    run, wrong = risen(1.35)
    assert told(run) == [("yellow", "firing", "raised", False)]
    run.send(*(right(each, 12.0) for each in wrong))
    assert len(told(run)) == 1


def test_a_late_quote_that_names_nothing_changes_rows_and_no_alert() -> None:
    run, _ = risen(1.6)
    run.send(quote(8, "a", 5.0, minute=1), quote(8, "b", 5.0, minute=1))
    run.until(at(9, 12))
    assert told(run) == [("orange", "firing", "raised", False)]
    assert run.prices[BAYI, (at(8) + 8 * 3600) // 86_400] == 5.0


def test_an_alert_that_rests_on_a_later_date_stays() -> None:
    """Orange on the ninth date, red on the tenth: correcting the ninth does not touch what the tenth says."""
    run, wrong = risen(1.6)
    run.send(*(quote(9, site, 12.0) for site in "ab"))
    run.until(closing(9))
    run.send(*(right(each, 5.0) for each in wrong))
    assert told(run) == [("orange", "firing", "raised", False), ("red", "firing", "escalated", False)]


def test_what_was_raised_early_on_an_open_date_is_withdrawn() -> None:
    run = Run(EARLY)
    usual(run, range(8), "ab")
    wrong = [quote(8, site, (5 + number / 10) * 1.6) for number, site in enumerate("ab")]
    run.send(*wrong)
    assert told(run) == [("orange", "firing", "raised", False)]
    run.send(*(right(each, 5.0) for each in wrong))
    # The first correction leaves the mean of 5.00 and 8.16, a rise of 30 %.
    assert told(run)[1:] == [("yellow", "firing", "corrected", True), ("none", "resolved", "corrected", True)]
    run.until(closing(8))
    assert len(told(run)) == 3


def test_gouging_by_a_wrong_price_is_withdrawn_without_waiting_to_clear() -> None:
    run = Run(OFF)
    usual(run, range(8), "abcdefg")
    wrong = quote(8, "g", 9.0)
    run.send(*(quote(8, site, 5 + number / 10) for number, site in enumerate("abcdef")), wrong)
    run.until(at(8, 10))
    assert [each[1:3] for each in told(run, "gouging")] == [("pending", "pending"), ("firing", "raised")]
    run.send(quote(8, "g", 5.6, event_id="by hand", corrects=[wrong.event_id]))
    assert told(run, "gouging")[2:] == [("none", "resolved", "corrected", True)]


@pytest.mark.parametrize("confirming", [True, False])
def test_a_confirmed_quote_that_is_corrected_after_all_counts_no_more(confirming: bool) -> None:
    """First it is confirmed, then it turns out to be wrong after all: the price changes, the alert has ended."""
    run = Run()
    usual(run, range(5))
    wrong = quote(5, "e", 54.0)
    run.send(wrong)
    if confirming:
        run.send(quote(5, "e", 54.0, event_id="confirmed", confirms=[wrong.event_id]))
    run.send(quote(5, "e", 5.4, event_id="corrected", corrects=[wrong.event_id]))
    ending = "confirmed" if confirming else "corrected"
    assert run.told() == [("e", "blue", "firing", "raised"), ("e", "none", "resolved", ending)]
    run.until(closing(5))
    assert run.prices[BAYI, (at(5) + 8 * 3600) // 86_400] == pytest.approx(5.2)
