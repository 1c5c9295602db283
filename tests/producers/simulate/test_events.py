"""What stores send, as a reader of the topics sees it."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import count
from statistics import fmean, pstdev

import pytest

from producers.simulate import Event, Simulation, default_start, load
from schemas.events import Receipt, StockReport
from schemas.topics import SALES
from tests.producers.simulate.world import (
    LHOKA,
    NYINGCHI,
    START,
    base,
    catalogue,
    encoded,
    epoch,
    good,
    played,
    quotes,
    receipts,
    spikes,
    stocks,
)


def test_the_same_seed_and_start_give_the_same_bytes() -> None:
    _, first, _ = played("calm")
    again = Simulation(load("calm"), catalogue(), seed=7, start=START, prefectures=[NYINGCHI]).events()
    assert [(one.time, one.topic, encoded(one)) for one in first] == [
        (one.time, one.topic, encoded(one)) for one in again
    ]


def test_another_seed_gives_other_events() -> None:
    other = Simulation(load("calm"), catalogue(), seed=8, start=START, prefectures=[NYINGCHI]).events()
    _, first, _ = played("calm")
    assert [encoded(one) for one, _ in zip(first, range(200), strict=False)] != [
        encoded(one) for one, _ in zip(other, range(200), strict=False)
    ]


def test_leaving_a_prefecture_out_changes_nothing_elsewhere() -> None:
    both = Simulation(
        load("calm"), catalogue(), seed=7, start=START, prefectures=[NYINGCHI, LHOKA], end=START + 200_000
    )
    alone = Simulation(load("calm"), catalogue(), seed=7, start=START, prefectures=[NYINGCHI], end=START + 200_000)
    assert [encoded(one) for one in both.events() if one.prefecture == NYINGCHI] == [
        encoded(one) for one in alone.events()
    ]


def test_events_come_in_order_of_sending_and_end_in_time() -> None:
    simulation, events, _ = played("calm")
    times = [one.time for one in events]
    assert times == sorted(times)
    assert simulation.start <= times[0]
    assert times[-1] < simulation.end


def test_nothing_is_sent_after_an_earlier_end() -> None:
    end = START + 9 * 86_400 + 12 * 3600 + 1234
    simulation = Simulation(load("calm"), catalogue(), start=START, prefectures=[NYINGCHI], end=end)
    times = [event.time for event in simulation.events()]
    assert end - 60 < times[-1] < end
    assert simulation.last_midnight == START + 10 * 86_400


def test_the_default_start_ends_history_and_paced_part_today() -> None:
    scenario = load("lockdown")
    now = START + 20 * 86_400 + 5000
    assert default_start(scenario, now, "Asia/Shanghai") == START + (21 - scenario.total_days) * 86_400


def test_prices_vary_between_stores_and_days_as_real_ones_do() -> None:
    _, events, _ = played("calm")
    prices = defaultdict(list)
    for report in quotes(events):
        for line in report.lines:
            assert line.price is not None
            prices[line.good].append(line.price / base(line.unit, line.good))
    assert len(prices) == 32
    for name, values in prices.items():
        assert pstdev(values) / fmean(values) >= 0.08, name


def test_receipts_are_numbered_without_gaps() -> None:
    _, events, _ = played("calm")
    numbers = defaultdict(list)
    for receipt in receipts(events):
        numbers[receipt.store, receipt.workstation, receipt.business_date].append((receipt.sequence, receipt.time))
    for found in numbers.values():
        ordered = sorted(found)
        assert [number for number, _ in ordered] == list(range(1, len(found) + 1))
        assert [at for _, at in ordered] == sorted(at for _, at in found)


def test_receipts_have_about_four_lines_of_different_goods() -> None:
    _, events, _ = played("calm")
    found = receipts(events)
    assert 3.5 < fmean(len(one.lines) for one in found) < 5
    assert all(len({line.good for line in one.lines}) == len(one.lines) for one in found)
    assert all([line.line for line in one.lines] == list(range(1, len(one.lines) + 1)) for one in found)


def test_sales_follow_the_hours_of_the_day() -> None:
    _, events, _ = played("calm")
    hours = Counter(int(one.time[11:13]) for one in receipts(events))
    assert set(hours) == set(range(8, 22))
    assert hours[17] > 1.5 * hours[13] > 0
    assert hours[9] > hours[21]


def test_meat_sells_better_at_weekends() -> None:
    _, events, _ = played("calm")
    sold: Counter[str] = Counter()
    for receipt in receipts(events):
        sold[receipt.business_date] += sum(line.good == "beef" for line in receipt.lines)
    assert sold["2026-01-03"] > sold["2026-01-06"]  # a Saturday and a Tuesday


def test_a_county_sells_thirty_lines_of_a_good_from_three_stores_on_most_days() -> None:
    _, events, _ = played("calm")
    lines: Counter[tuple[str, str, str]] = Counter()
    stores = defaultdict(set)
    for receipt in receipts(events):
        for line in receipt.lines:
            key = (receipt.region, line.good, receipt.business_date)
            lines[key] += 1
            stores[key].add(receipt.store)
    assert len(lines) == 7 * 32 * 14
    assert sum(count >= 30 for count in lines.values()) / len(lines) > 0.95
    assert min(len(found) for found in stores.values()) >= 3


def moves(events: list[Event]) -> Iterator[tuple[int, int, str, str, str, float]]:
    """Yield (time, order, site, good, kind, quantity in base units) of everything that touches a shelf."""
    order = count()
    for one in good(events):
        at = epoch(one.time)
        if isinstance(one, Receipt):
            for sale in one.lines:
                kind = "ADD" if sale.kind == "return" else "SALE"
                yield at, next(order), one.store, sale.good, kind, sale.quantity * base(sale.unit, sale.good)
        elif isinstance(one, StockReport):
            for line in one.lines:
                yield at, next(order), one.site, line.good, one.action, line.quantity * base(line.unit, line.good)
        else:
            for quote in one.lines:
                assert quote.stock is not None
                yield at, next(order), one.site, quote.good, "OBSERVE", quote.stock * base(quote.unit, quote.good)


@pytest.mark.parametrize("name", ["calm", "lockdown"])
def test_every_count_is_what_came_in_less_what_was_sold(name: str) -> None:
    """Deliveries, losses and sales explain each OBSERVE and each quote's stock exactly; nothing goes below 0."""
    _, events, _ = played(name)
    held: dict[tuple[str, str], float] = {}
    for _, _, site, name_of_good, kind, quantity in sorted(moves(events)):
        key = (site, name_of_good)
        if kind == "OBSERVE":
            assert held.get(key, quantity) == pytest.approx(quantity, abs=1e-6)
            held[key] = quantity
        else:
            held[key] += quantity if kind == "ADD" else -quantity
        assert held[key] > -1e-6
    assert len(held) == len({site for site, _ in held}) * 32


def test_calm_prices_stay_close_to_their_baseline() -> None:
    """Blue begins at 15 % with 24 hours' sales, so daily values must stay well below."""
    for seed in range(1, 6):
        _, events, _ = played("calm", seed=seed)
        values = [value for _, _, _, value in spikes(events)]
        assert max(abs(value) for value in values) < 0.12
        assert pstdev(values) < 0.03


def test_calm_cover_stays_above_blue() -> None:
    """On-hand by the newest count and mean daily sales of the dates before: coarse, within a sale of the truth."""
    _, events, _ = played("calm")
    sold: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for receipt in receipts(events):
        for line in receipt.lines:
            sold[receipt.store, line.good][receipt.business_date] += line.quantity * base(line.unit, line.good)
    counted: dict[tuple[str, str, str], float] = defaultdict(float)
    usual: dict[tuple[str, str, str], float] = defaultdict(float)
    last = {(one.site, one.time[:10]): one for one in stocks(events) if one.action == "OBSERVE"}
    for (site, date), report in last.items():
        for held in report.lines:
            before = [amount for day, amount in sorted(sold[site, held.good].items()) if day < date][-7:]
            if before:
                counted[site[:6], held.good, date] += held.quantity * base(held.unit, held.good)
                usual[site[:6], held.good, date] += fmean(before)
    ratios = [counted[key] / usual[key] / catalogue().goods[key[1]].cover[0] for key in counted]
    assert min(ratios) > 1.25
    assert max(ratios) < 3.0


def test_generation_is_faster_than_the_stream_can_read() -> None:
    began = time.process_time()
    simulation = Simulation(load("calm"), catalogue(), start=START, prefectures=[LHOKA], end=START + 4 * 86_400)
    lines = sum(event.lines for event in simulation.events())
    assert lines / (time.process_time() - began) > 30_000


def test_sales_are_the_bulk_of_the_events() -> None:
    _, events, _ = played("calm")
    topics = Counter(one.topic for one in events)
    assert topics[SALES] / len(events) > 0.9
