"""The ground truth says what the events show."""

from pathlib import Path
from statistics import median

import pytest

from producers.simulate import Simulation, load, read, touched, write
from schemas.events import Receipt
from tests.producers.simulate.world import (
    LHOKA,
    NYINGCHI,
    START,
    Played,
    base,
    catalogue,
    epoch,
    good,
    played,
    quotes,
    spikes,
    stocks,
)

BOTH = (NYINGCHI, LHOKA)
RISES = {"blue": 0.15, "yellow": 0.30, "orange": 0.50, "red": 1.00}


@pytest.fixture(scope="module", params=range(1, 6))
def lockdown(request: pytest.FixtureRequest) -> Played:
    """Return the lockdown with one of five seeds; pytest runs all tests of a seed together."""
    seed: int = request.param
    return played("lockdown", BOTH, seed)


def test_calm_expects_nothing() -> None:
    _, _, truths = played("calm")
    assert [one.kind for one in truths] == ["run", "counts"]


def test_counties_left_alone_stay_calm(lockdown: Played) -> None:
    _, events, truths = lockdown
    alone = [abs(value) for region, _, _, value in spikes(events) if region not in touched(truths)]
    assert len(alone) > 10_000 / 4
    assert max(alone) < 0.12


def test_expected_rises_of_sales_prices_are_in_the_events(lockdown: Played) -> None:
    """A whole date's VWAP is one of the 24-hour windows; a shorter incident's best window may lie across two."""
    _, events, truths = lockdown
    highest: dict[tuple[str, str], float] = {}
    for region, name, _, value in spikes(events):
        highest[region, name] = max(value, highest.get((region, name), -1.0))
    wanted = [one for truth in truths for one in truth.expects if one.rule == "live-24h"]
    assert len(wanted) > 30
    for one in wanted:
        assert highest[one.region, one.good] > RISES[one.level] + 0.02, one


def test_expected_weekly_changes_of_quotes_are_in_the_events(lockdown: Played) -> None:
    _, events, truths = lockdown
    prices: dict[tuple[str, str], dict[str, list[float]]] = {}
    for report in quotes(events):
        for line in report.lines:
            dates = prices.setdefault((report.region, line.good), {})
            dates.setdefault(report.time[:10], []).append((line.price or 0) / base(line.unit, line.good))
    causes = {truth.kind: truth.expects for truth in truths if truth.kind == "price-rise"}
    wanted = [one for expects in causes.values() for one in expects if one.rule == "urumqi-2007"]
    assert len(wanted) > 5
    for one in wanted:
        medians = [median(found) for _, found in sorted(prices[one.region, one.good].items())]
        best = max(later / earlier - 1 for earlier, later in zip(medians, medians[7:], strict=False))
        assert best >= RISES[one.level], one


def test_lockdown_calls_for_all_rules_in_both_prefectures(lockdown: Played) -> None:
    simulation, _, truths = lockdown
    expects = [one for truth in truths for one in truth.expects]
    assert len({(one.rule, one.level, one.region, one.site, one.good) for one in expects}) == len(expects)
    found = {(one.rule, one.region[:4]) for one in expects}
    everywhere = ("live-24h", "cover", "urumqi-2007", "qingdao-2014", "mofcom-2011")
    assert found >= {(rule, place) for rule in everywhere for place in ("5404", "5405")}
    assert {one.level for one in expects if one.rule == "cover"} == {"blue", "yellow", "orange", "red"}
    for one in expects:
        assert simulation.paced_from - 6 * 3600 <= epoch(one.after) < epoch(one.before) <= simulation.end


def test_a_substitution_calls_for_suspicions_at_the_stores_of_one_enterprise_only() -> None:
    _, events, truths = played("substitution")
    cut = next(one for one in truths if one.kind == "supply-cut")
    owners = {report.site: report.sender for report in quotes(events)}
    assert cut.enterprise == "E5404-2"
    assert set(cut.stores) == {site for site, sender in owners.items() if sender == cut.enterprise}
    suspected = {(one.site, one.good) for one in cut.expects if one.rule == "suspected-out"}
    assert len(suspected) > 20
    assert {site for site, _ in suspected} <= set(cut.stores)


def test_others_are_delivered_more_where_they_take_over() -> None:
    _, events, truths = played("substitution")
    taken = [one for one in truths if one.kind == "take-over"]
    since, until = epoch(taken[0].since), epoch(taken[0].until)
    stores = {store for one in taken for store in one.stores}
    delivered = {True: 0.0, False: 0.0}
    for report in stocks(events):
        at = epoch(report.time)
        if report.site in stores and report.step == "receiving" and since - 5 * 86_400 <= at < until:
            delivered[at >= since] += sum(
                line.quantity * base(line.unit, line.good) for line in report.lines if line.good in taken[0].goods
            )
    # two days and 15 hours against five dates; the first delivery also fills the shelves up to a third more
    assert delivered[True] / 3 > 1.3 * delivered[False] / 5


def test_cover_falls_through_the_levels_in_order() -> None:
    _, _, truths = played("lockdown", BOTH)
    expects = {(one.region, one.good, one.level): one for t in truths for one in t.expects if one.rule == "cover"}
    for region, name, level in expects:
        if level == "red":
            found = [epoch(expects[region, name, step].before) for step in RISES]
            assert found == sorted(found)


def test_a_store_with_nothing_on_hand_sells_nothing() -> None:
    _, events, truths = played("lockdown", BOTH)
    out = next(one for one in truths if one.kind == "supply-cut" and "hairtail" in one.goods)
    since, until = epoch(out.since), epoch(out.until)
    sold = [
        one.payload
        for one in events
        if isinstance(one.payload, Receipt)
        and one.payload.region in out.regions
        and since <= epoch(one.payload.time) < until
        and any(line.good in out.goods and line.kind == "sale" for line in one.payload.lines)
    ]
    assert sold == []


def test_gouging_names_the_stores() -> None:
    _, events, truths = played("price-gouging", BOTH)
    found = [one for one in truths if one.kind == "price-gouging"]
    assert [one.stores for one in found] == [["540402-01"], ["540502-01"]]
    by_site = {report.site: report for report in quotes(events) if report.region == "540402"}
    potato = {
        site: (line.price or 0) / base(line.unit, "potato")
        for site, report in by_site.items()
        for line in report.lines
        if line.good == "potato"
    }
    others = median(price for site, price in potato.items() if site != "540402-01")
    assert potato["540402-01"] > 1.25 * others


def test_a_lost_feed_is_silent_while_it_lasts() -> None:
    _, events, truths = played("feed-loss", BOTH)
    lost = [one for one in truths if one.kind == "feed-loss"]
    assert [one.enterprise for one in lost] == ["E5404-2", "E5405-1"]
    for one in lost:
        times = [epoch(report.time) for report in good(events) if report.sender == one.enterprise]
        assert times
        assert not [at for at in times if epoch(one.since) <= at < epoch(one.until)]


def test_what_was_not_reached_is_not_claimed() -> None:
    end = START + 9 * 86_400
    simulation = Simulation(load("lockdown"), catalogue(), start=START, prefectures=[NYINGCHI], end=end)
    assert sum(1 for _ in simulation.events()) > 1000
    truths = simulation.truth()
    assert all(epoch(one.before) <= end for truth in truths for one in truth.expects)
    assert all(epoch(truth.since) < end for truth in truths)


def test_the_ground_truth_survives_its_file(tmp_path: Path) -> None:
    _, _, truths = played("lockdown", BOTH)
    write(truths, tmp_path / "deep" / "truth.jsonl")
    assert read(tmp_path / "deep" / "truth.jsonl") == truths


def test_a_quote_in_the_wrong_unit_is_written_down_with_the_alert_that_it_calls_for() -> None:
    _, _, truths = played("unit-slip")
    slips = [truth for truth in truths if truth.kind == "unit-slip"]
    assert {(*truth.stores, *truth.goods) for truth in slips} >= {("540402-01", "eggs", "potato")}
    for truth in slips:
        assert {expect.rule for expect in truth.expects} == {"suspect"}
        assert {expect.good for expect in truth.expects} == set(truth.goods)


def test_only_quotes_are_in_the_wrong_unit_and_only_where_the_truth_says_so() -> None:
    _, events, truths = played("unit-slip")
    slips = {
        (store, good, expect.after[:10])
        for truth in truths
        for store in truth.stores
        for good in truth.goods
        for expect in truth.expects
    }
    prices: dict[tuple[str, str], dict[str, float]] = {}
    for quote in quotes(events):
        for line in quote.lines:
            assert line.price is not None
            prices.setdefault((quote.site, line.good), {})[quote.time[:10]] = line.price
    jumps = {
        (site, good, date)
        for (site, good), dates in prices.items()
        for date, price in dates.items()
        if price > 5 * sorted(dates.values())[len(dates) // 2]
    }
    assert jumps == slips
