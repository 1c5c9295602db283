"""What partner prefectures have of a good, on every engine."""

from __future__ import annotations

from tests.warehouse import rows
from tests.warehouse.test_queries import found, picked, twice
from warehouse.engine import Engine

AT = 1_490_000_000
ASKED = {"good": "potato", "prefectures": [540500, 540600], "since": AT - 1000}


def test_the_last_count_of_each_site_comes_with_stock_and_demand_of_its_county(house: Engine) -> None:
    there = {"region": 540502, "prefecture": 540500}
    twice(house, "stock", rows.stock(1, site="a", quantity=9000, **there), rows.stock(2, site="a", **there))
    twice(house, "stock", rows.stock(3, site="b", quantity=70_000, region=540602, prefecture=540600))
    twice(house, "indicators", rows.indicator(AT, region=540502, on_hand=24_000, demand_day=2.0))
    twice(house, "indicators", rows.indicator(AT + 300, region=540502, on_hand=20_000, demand_day=3.0))
    told = found(house, "partners", **ASKED)
    assert picked(told, "region", "site", "quantity") == [(540602, "b", 70_000), (540502, "a", 12_000)]
    assert [tuple(value or 0 for value in row) for row in picked(told, "on_hand", "demand_day")] == [
        (0, 0),
        (20_000, 3.0),
    ]


def test_others_movements_what_is_not_sellable_and_old_counts_are_left_out(house: Engine) -> None:
    there = {"region": 540502, "prefecture": 540500}
    twice(house, "stock", rows.stock(1, site="a"), rows.stock(2, site="b", good="beef", **there))
    twice(house, "stock", rows.stock(3, site="c", action="ADD", **there))
    twice(house, "stock", rows.stock(4, site="d", disposition="recalled", **there))
    twice(house, "stock", rows.stock(5, site="e", at=AT - 2000, **there), rows.stock(6, site="f", quantity=0, **there))
    assert found(house, "partners", **ASKED) == []
