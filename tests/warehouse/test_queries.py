"""Named queries are right before merges: every batch here is inserted twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.services import wait_until
from tests.warehouse import rows
from warehouse import migrations
from warehouse.engine import Engine
from warehouse.statements import Statement

ALL = {"epoch": "e1", "partition": 2, "from_offset": 0, "to_offset": 2**63}
RAW = [
    ("sales", rows.sale, "pos.sales"),
    ("stock", rows.stock, "inventory.levels"),
    ("quotes", rows.quote, "market.quotes"),
]


def twice(engine: Engine, table: str, *batch: dict[str, object]) -> None:
    for _ in range(2):
        engine.insert(table, rows.columns(batch))


def found(engine: Engine, query: str, **parameters: object) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = engine.query(query, parameters).to_pylist()
    return result


def merge(engine: Engine, table: str) -> None:
    """Merge all parts of every partition of ``table``.

    ``OPTIMIZE`` says nothing when a merge in the background has taken some of the parts, and does nothing then.
    """
    parts = Statement(
        "parts",
        "SELECT count() AS many FROM system.parts WHERE database = currentDatabase()"
        f" AND table = '{table}' AND active GROUP BY partition",
        {},
    )

    def merged() -> bool:
        engine.run(f"OPTIMIZE TABLE {table} FINAL")
        return set(engine.select(parts, {})["many"].to_pylist()) == {1}

    wait_until(merged, 30, f"all parts of {table} are merged")


def picked(result: Sequence[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in result]


def test_progress_is_the_greatest_offset_of_the_epoch(house: Engine) -> None:
    base = {"topic": "pos.sales", "partition": 1, "at": 1_490_000_000}
    for next_offset in (5, 9, 7):
        house.insert("ingest_progress", rows.columns([{"epoch": "e1", "next_offset": next_offset, **base}]))
    house.insert("ingest_progress", rows.columns([{"epoch": "e2", "next_offset": 99, **base}]))
    assert found(house, "progress", epoch="e1") == [{"topic": "pos.sales", "partition": 1, "next_offset": 9}]
    assert found(house, "progress", epoch="none") == []


def test_epochs_in_the_order_they_began(house: Engine) -> None:
    for epoch, ordinal in (("b", 2), ("a", 3), ("c", 1), ("a", 3)):
        house.insert("epochs", {"epoch": [epoch], "ordinal": [ordinal], "started": [1_490_000_000 + ordinal]})
    assert picked(found(house, "epochs"), "epoch", "ordinal") == [("c", 1), ("b", 2), ("a", 3)]


def snapshot(position: int, **other: object) -> dict[str, object]:
    return {
        "epoch": "e1", "partition": 2, "slot": position % 4, "position": position, "offsets": '{"pos.sales":5}',
        "format": 1, "fingerprint": "f", "state": f"state {position}", "at": 1_490_000_000,
    } | other  # fmt: skip


def test_snapshots_newest_first_and_state_on_demand(house: Engine) -> None:
    other = [snapshot(9, partition=3, state="x"), snapshot(9, epoch="e0", state="x")]
    for each in (snapshot(5), snapshot(20), snapshot(7), *other):
        twice(house, "snapshots", each)
    newest = found(house, "snapshots_newest", epoch="e1", partition=2)
    assert picked(newest, "position") == [(20,), (7,), (5,)]
    assert "state" not in newest[0]
    assert picked(found(house, "snapshots_newest", epoch="e1", partition=2, limit=1), "position") == [(20,)]
    one = found(house, "snapshot_state", epoch="e1", partition=2, position=7)
    assert picked(one, "state", "offsets") == [("state 7", '{"pos.sales":5}')]
    assert found(house, "snapshot_state", epoch="e1", partition=2, position=8) == []


def test_a_slot_of_the_ring_holds_one_snapshot_once_it_is_merged(house: Engine) -> None:
    for position in (4, 8, 12, 5):
        twice(house, "snapshots", snapshot(position))
    merge(house, "snapshots")
    assert picked(found(house, "snapshots_newest", epoch="e1", partition=2), "position") == [(12,), (5,)]


def test_offsets_of_which_a_part_was_rejected(house: Engine) -> None:
    letter = {
        "epoch": "e1", "topic": "pos.sales", "partition": 2, "stage": "validate", "reason": "", "error": "Rejected",
        "key_base64": "", "value_base64": "", "headers": "{}", "at": 1_490_000_000,
    }  # fmt: skip
    twice(
        house,
        "dead_letters",
        *(letter | {"offset": offset} for offset in (5, 9, 7)),
        letter | {"offset": 6, "partition": 3},
    )
    where = {"epoch": "e1", "topic": "pos.sales", "partition": 2, "from_offset": 6, "to_offset": 10}
    assert picked(found(house, "dead_offsets", **where), "offset") == [(7,), (9,)]


def test_the_history_of_quotes_is_by_event_time_and_then_as_they_came(house: Engine) -> None:
    for epoch, ordinal in (("e1", 2), ("e0", 1)):
        house.insert("epochs", {"epoch": [epoch], "ordinal": [ordinal], "started": [1_490_000_000 + ordinal]})
    late = rows.quote(12, at=1_490_000_000, price=2, confirms=["q1"])
    again = rows.quote(13, price=3, repeat=1)
    before = rows.quote(99, epoch="e0", at=1_490_000_000, price=1)
    twice(house, "quotes", rows.quote(10, price=4), rows.quote(10, 1, price=5, corrects=["q1"]), late, again, before)
    twice(house, "quotes", rows.quote(14, kind="wholesale", price=None, stock=500))
    history = found(house, "quotes_history", kind="retail")
    assert picked(history, "price", "stock", "checked") == [(1, None, 0), (2, None, 1), (4, None, 0), (5, None, 2)]
    assert set(history[0]) == {"region", "site", "good", "business_date", "price", "stock", "checked"}
    assert picked(found(house, "quotes_history", kind="wholesale"), "price", "stock") == [(None, 500)]


def test_daily_sales_count_priced_lines_once_by_business_date(house: Engine) -> None:
    lines = [rows.sale(0), rows.sale(1), rows.sale(2, repeat=1), rows.sale(3, priced=0), rows.sale(4, site="s2")]
    lines += [rows.sale(5, quantity=-500, amount=-20_000), rows.sale(6, business_date=17247, good="rice")]
    lines += [rows.sale(7, region=540102), rows.sale(8, business_date=17248), rows.sale(0, epoch="e0")]
    twice(house, "sales", *lines)
    wanted = {"from_region": 540400, "to_region": 540500, "until": 17247}
    assert found(house, "sales_daily", **wanted) == [
        {"region": 540402, "site": site, "good": good, "day": day, "amount": amount, "quantity": quantity}
        for site, good, day, amount, quantity in [
            ("s1", "potato", 17246, 160_000, 4_000),
            ("s1", "rice", 17247, 60_000, 1_500),
            ("s2", "potato", 17246, 60_000, 1_500),
        ]
    ]
    assert picked(found(house, "sales_daily", since=17248), "day") == [(17248,)]


@pytest.mark.parametrize(("table", "row", "topic"), RAW)
def test_rows_after_an_offset_once_and_in_order(house: Engine, table: str, row: Any, topic: str) -> None:
    twice(house, table, row(12), row(10, line=1), row(10), row(9), row(11, prefecture=540100), row(13, partition=3))
    twice(house, table, row(10, epoch="e0"), row(14), row(15))

    after = found(house, f"{table}_after", **ALL | {"topic": topic, "from_offset": 10, "to_offset": 15})
    assert picked(after, "offset", "line") == [(10, 0), (10, 1), (11, 0), (12, 0), (14, 0)]
    assert after[0] == as_stored(row(10))
    limited = found(house, f"{table}_after", **ALL, topic=topic, prefectures=[540400, 540500])
    assert picked(limited, "offset") == [(9,), (10,), (10,), (12,), (14,), (15,)]


@pytest.mark.parametrize(("table", "row", "topic"), RAW)
def test_rows_since_a_time_over_all_epochs(house: Engine, table: str, row: Any, topic: str) -> None:
    for epoch, ordinal in (("z", 0), ("a", 1)):
        house.insert("epochs", {"epoch": [epoch], "ordinal": [ordinal], "started": [1_490_000_000]})
    twice(house, table, row(8, epoch="a"), row(7, epoch="a", line=1), row(7, epoch="a"), row(1, epoch="a"))
    twice(house, table, row(9, epoch="z"), row(30, epoch="z", prefecture=540100))

    since = found(house, f"{table}_since", since=1_490_000_007, prefectures=[540400])
    assert picked(since, "epoch", "offset", "line") == [("z", 9, 0), ("a", 7, 0), ("a", 7, 1), ("a", 8, 0)]
    assert {entry["topic"] for entry in since} == {topic}
    assert len(found(house, f"{table}_since")) == 6
    assert picked(found(house, f"{table}_since", until=1_490_000_007), "offset") == [(1,)]


def as_stored(row: dict[str, Any]) -> dict[str, Any]:
    times: dict[str, Any] = {name: datetime.fromtimestamp(row[name], UTC) for name in ("at", "ingested")}
    if "business_date" in row:
        times["business_date"] = datetime.fromtimestamp(row["business_date"] * 86_400, UTC).date()
    return row | times


def test_newest_indicators_by_time_then_version(house: Engine) -> None:
    twice(house, "indicators", rows.indicator(1000, vwap=1.0), rows.indicator(2000, vwap=2.0, version=3))
    twice(house, "indicators", rows.indicator(2000, vwap=None, version=4), rows.indicator(2000, vwap=9.0, version=2))
    twice(house, "indicators", rows.indicator(500, region=540400), rows.indicator(900, good="rice"))
    twice(house, "indicators", rows.indicator(800, grain="date"), rows.indicator(700, grain="date", kind="wholesale"))
    twice(house, "indicators", rows.indicator(5000, region=540102))

    newest = found(house, "indicators_latest", region=540402, good="potato", grain="5m")
    assert picked(newest, "at", "vwap", "version") == [(datetime.fromtimestamp(2000, UTC), None, 4)]
    assert picked(found(house, "indicators_latest", grain="date"), "kind") == [("retail",), ("wholesale",)]
    assert picked(found(house, "indicators_latest", kind="wholesale"), "grain") == [("date",)]
    inside = picked(found(house, "indicators_latest", prefecture=540400, grain="5m"), "region", "good")
    assert inside == [(540400, "potato"), (540402, "potato"), (540402, "rice")]
    assert len(found(house, "indicators_latest")) == 6
    assert len(found(house, "indicators_latest", limit=2)) == 2


def test_newest_indicators_survive_merges_as_they_are_told(house: Engine) -> None:
    bucket = 1_490_000_100
    written = bucket // 300
    for vwap, at, grid, position in (
        (1.0, bucket, written + 48, 7),  # a correction, four hours later
        (2.0, bucket, written, 90),
        (3.0, bucket - 300, written + 9000, 99),  # corrected last of all, of a bucket before
        (4.0, bucket, written - 1, 99),  # a clean stop's, before the bucket was over
    ):
        twice(house, "indicators", rows.indicator(at, vwap=vwap, version=grid << 40 | position))
    before = found(house, "indicators_latest")
    merge(house, "indicators_newest")
    assert picked(before, "at", "vwap") == [(datetime.fromtimestamp(bucket, UTC), 1.0)]
    assert found(house, "indicators_latest") == before


def test_newest_indicators_are_taken_over_from_before_they_were_kept(connected: Engine) -> None:
    connected.create_database()
    names = [each.name for each in migrations.load()]
    before = names.index("011_indicators_newest")
    migrations.apply(connected, migrations.load()[:before])
    twice(connected, "indicators", rows.indicator(1000, vwap=1.0), rows.indicator(2000, vwap=2.0))
    migrations.apply(connected, migrations.load())
    assert picked(found(connected, "indicators_latest"), "vwap") == [(2.0,)]


def test_indicator_series_has_each_time_once(house: Engine) -> None:
    for version, vwap in ((5, 5.0), (2, 2.0)):
        twice(house, "indicators", *(rows.indicator(at, vwap=vwap, version=version) for at in (300, 600, 900)))
    twice(house, "indicators", rows.indicator(600, region=540400))
    series = found(house, "indicators_series", region=540402, good="potato", grain="5m", since=600, until=900)
    assert [(row["at"].timestamp(), row["vwap"]) for row in series] == [(600, 5.0), (900, 5.0)]
    assert len(found(house, "indicators_series")) == 4


def test_newest_transition_of_every_alert(house: Engine) -> None:
    twice(house, "alert_transitions", rows.transition("a", 0, level="yellow"), rows.transition("a", 1))
    twice(house, "alert_transitions", rows.transition("a", 2, state="resolved", version=7))
    twice(house, "alert_transitions", rows.transition("a", 2, state="firing", version=6))
    twice(house, "alert_transitions", rows.transition("b", 0, region=540102, level="red", at=1_490_000_500))
    twice(house, "alert_transitions", rows.transition("c", 0, region=540400))

    assert picked(found(house, "alerts_latest"), "id", "seq", "state") == [
        ("b", 0, "firing"), ("a", 2, "resolved"), ("c", 0, "firing"),
    ]  # fmt: skip
    assert picked(found(house, "alerts_latest", state="firing"), "id") == [("b",), ("c",)]
    assert picked(found(house, "alerts_latest", level="red"), "id") == [("b",)]
    assert found(house, "alerts_latest", level="yellow") == []
    assert picked(found(house, "alerts_latest", region=540402), "id") == [("a",)]
    assert picked(found(house, "alerts_latest", prefecture=540400), "id") == [("a",), ("c",)]
    assert picked(found(house, "alerts_latest", since=1_490_000_500), "id") == [("b",)]
    assert picked(found(house, "alerts_latest", limit=1), "id") == [("b",)]
    assert picked(found(house, "alert_transitions", id="a"), "seq", "version") == [(0, 1), (1, 1), (2, 7)]
    assert picked(found(house, "alerts_open", prefectures=[540400]), "id") == [("c",)]
    assert picked(found(house, "alerts_open", prefectures=[540400, 540100]), "id") == [("b",), ("c",)]
    assert found(house, "alerts_open", prefectures=[]) == []


def test_dead_letters_page_by_page_in_both_directions(house: Engine) -> None:
    other = rows.dead_letter(3, topic="market.quotes", stage="size", sender="shop", reason="太大 Too LARGE", size=9)
    twice(house, "dead_letters", rows.dead_letter(1), rows.dead_letter(2), other)
    house.insert("dead_letters", rows.columns([rows.dead_letter(2, at=1_490_000_002, stage="validate")]))
    keys = ("topic", "offset")
    oldest = [("pos.sales", 1), ("pos.sales", 2), ("market.quotes", 3)]
    assert picked(found(house, "dead_letters_keys"), *keys) == oldest
    assert picked(found(house, "dead_letters_keys", direction=-1), *keys) == oldest[::-1]
    after = {"after": 1, "after_epoch": "e1", "after_topic": "pos.sales", "after_partition": 2}
    assert (
        picked(found(house, "dead_letters_keys", **after, after_turn=1_490_000_001, after_offset=1), *keys)
        == oldest[1:]
    )
    back = {**after, "after_turn": -1_490_000_002, "after_offset": -2, "direction": -1}
    assert picked(found(house, "dead_letters_keys", **back), *keys) == oldest[:1]
    texts = ({"topic": "market.quotes"}, {"stage": "size"}, {"sender": "shop"}, {"reason": "large"}, {"reason": "太"})
    for only in (*texts, {"since": 1_490_000_003}, {"offset": 3}):
        assert picked(found(house, "dead_letters_keys", **only), *keys) == oldest[2:], only
    assert picked(found(house, "dead_letters_keys", until=1_490_000_001, limit=5, partition=2), *keys) == oldest[:1]
    assert found(house, "dead_letters_keys", epoch="e2") == []
    places = {"keys": ["e1/pos.sales/2/1/0", "e1/market.quotes/2/3/0"], "epochs": ["e1"], "first": 1, "last": 3}
    whole = found(house, "dead_letters_values", **places, topics=["pos.sales", "market.quotes"])
    assert picked(whole, "offset", "value_base64", "size", "sender") == [(3, "eyI=", 9, "shop"), (1, "eyI=", 3, "")]


def test_receipts_of_one_batch_are_letters_of_their_own(house: Engine) -> None:
    batch = [rows.dead_letter(1, line=line, lines=2, value_base64=f"{line}") for line in (0, 2, 4)]
    twice(house, "dead_letters", *batch)
    merge(house, "dead_letters")
    assert picked(found(house, "dead_letters_keys"), "offset", "line") == [(1, 0), (1, 2), (1, 4)]
    assert picked(found(house, "dead_letters_keys", direction=-1), "line") == [(4,), (2,), (0,)]
    after = {"after": 1, "after_epoch": "e1", "after_topic": "pos.sales", "after_partition": 2}
    rest = found(house, "dead_letters_keys", **after, after_turn=1_490_000_001, after_offset=1, after_line=0)
    assert picked(rest, "line") == [(2,), (4,)]
    assert picked(found(house, "dead_letters_keys", offset=1, line=4), "line") == [(4,)]
    places = {"keys": ["e1/pos.sales/2/1/2"], "epochs": ["e1"], "topics": ["pos.sales"], "first": 1, "last": 1}
    assert picked(found(house, "dead_letters_values", **places), "line", "lines", "value_base64") == [(2, 2, "2")]
    where = {"epoch": "e1", "topic": "pos.sales", "partition": 2, "from_offset": 0, "to_offset": 9}
    assert picked(found(house, "dead_offsets", **where), "line", "lines") == [(0, 2), (2, 2), (4, 2)]
    twice(house, "dead_letter_replays", {
        "epoch": "e1", "topic": "pos.sales", "partition": 2, "offset": 1, "line": 2, "attempt": 1, "step": "sent",
        "run": "r", "at": 1_490_000_100,
    })  # fmt: skip
    assert picked(found(house, "dead_letters_keys", replayed=1), "line") == [(2,)]
    assert picked(found(house, "dead_letters_summary"), "letters", "replayed") == [(3, 1)]


def test_how_many_rows_a_window_of_offsets_would_hold(house: Engine) -> None:
    twice(house, "sales", rows.sale(4), rows.sale(4, line=1), rows.sale(205))
    place = {"epoch": "e1", "topic": "pos.sales", "partition": 2, "from_offset": 0, "to_offset": 300, "step": 100}
    blocks = dict(picked(found(house, "sales_sizes", **place), "block", "rows"))
    assert blocks.keys() == {0, 2}
    assert blocks[0] >= 2


def test_dead_letters_by_reason_and_their_replays(house: Engine) -> None:
    lines = [rows.dead_letter(offset, reason=f"line {offset}: no amount") for offset in range(3)]
    twice(house, "dead_letters", *lines, rows.dead_letter(9))
    place = {"epoch": "e1", "topic": "pos.sales", "partition": 2, "offset": 1, "attempt": 1}
    sent = {**place, "step": "sent", "run": "r", "sent_partition": 3, "at": 1_490_000_100}
    twice(house, "dead_letter_replays", sent)
    assert picked(found(house, "dead_letter_run", run="r"), "outcome", "records") == [("", 1)]
    read = {**place, "step": "read", "sent_epoch": "e2", "sent_partition": 3, "sent_offset": 5, "outcome": "counted"}
    twice(house, "dead_letter_replays", {**read, "at": 1_490_000_101})
    assert picked(found(house, "dead_letter_run", run="r"), "outcome", "records") == [("counted", 1)]
    assert found(house, "dead_letter_run", run="other") == []
    steps = found(house, "dead_letter_replays", keys=["e1/pos.sales/2/1/0"])
    assert picked(steps, "step", "sent_offset", "outcome") == [("sent", 0, ""), ("read", 5, "counted")]
    names = ("kind", "letters", "replayed")
    assert picked(found(house, "dead_letters_summary"), *names) == [("line #: no amount", 3, 1), ("truncated", 1, 0)]
    assert picked(found(house, "dead_letters_summary", replayed=1), *names) == [("line #: no amount", 1, 1)]
    assert picked(found(house, "dead_letters_keys", replayed=1), "offset") == [(1,)]
    assert picked(found(house, "dead_letters_keys", replayed=0), "offset") == [(0,), (2,), (9,)]


def test_counts_and_audit(house: Engine) -> None:
    twice(house, "sales", rows.sale(4), rows.sale(4, line=1), rows.sale(6))
    twice(house, "stock", rows.stock(1))
    counted = {row["name"]: row["rows"] for row in found(house, "counts")}
    assert 3 <= counted["sales"] <= 6  # a merge may have come already
    assert counted["quotes"] == 0
    audited = found(house, "audit")
    assert picked(audited, "name", "epoch", "topic", "partition", "rows", "first_offset", "last_offset") == [
        ("sales", "e1", "pos.sales", 2, 3, 4, 6),
        ("stock", "e1", "inventory.levels", 2, 1, 1, 1),
    ]


def test_every_transition_and_the_highest_level_of_alerts(house: Engine) -> None:
    twice(house, "alert_transitions", rows.transition("a", 0, level="yellow"), rows.transition("a", 1, level="red"))
    twice(house, "alert_transitions", rows.transition("a", 2, level="blue"), rows.transition("b", 0, region=540102))
    assert picked(found(house, "alerts_highest"), "id", "highest") == [("a", 5), ("b", 4)]
    assert picked(found(house, "alerts_highest", prefecture=540100), "id") == [("b",)]
    history = found(house, "alerts_history")
    assert picked(history, "id", "seq") == [("a", 0), ("b", 0), ("a", 1), ("a", 2)]
    assert picked(found(house, "alerts_history", id="a", limit=2), "seq") == [(0,), (1,)]


def test_where_a_rebuild_has_to_look(house: Engine) -> None:
    for table, row, _ in RAW:
        twice(house, table, row(5), row(9), row(20, prefecture=540100), row(3, epoch="e0"))
    newest = found(house, "events_newest", prefectures=[540400, 540100])
    assert [(row["prefecture"], row["newest"].timestamp()) for row in newest] == [
        (540100, 1_490_000_020),
        (540400, 1_490_000_009),
    ]
    for table, _, topic in RAW:
        extents = found(house, f"{table}_extent", prefectures=[540400], since=1_490_000_004)
        assert picked(extents, "epoch", "topic", "partition", "first_offset", "next_offset") == [
            ("e1", topic, 2, 5, 10),
        ]


def test_the_newest_version_of_every_entity_per_prefecture(house: Engine) -> None:
    """By event time, then by the order of the stream, over all brokers."""
    for epoch, ordinal in (("e1", 2), ("e0", 1)):
        house.insert("epochs", {"epoch": [epoch], "ordinal": [ordinal], "started": [1_490_000_000]})
    shop: dict[str, Any] = {"kind": "enterprise", "code": "E1"}
    twice(house, "registry", rows.registered(5), rows.registered(9, at=1_490_000_001), rows.registered(99, epoch="e0"))
    twice(house, "registry", rows.registered(6, at=1_490_000_099, entity="new"), rows.registered(7, **shop))
    twice(house, "registry", rows.registered(8, prefecture=540100, **shop))
    newest = found(house, "registry_newest")
    assert picked(newest, "kind", "code", "prefecture", "entity") == [
        ("enterprise", "E1", 540100, rows.registered(8)["entity"]),
        ("enterprise", "E1", 540400, rows.registered(7)["entity"]),
        ("site", "s1", 540400, "new"),  # as late as the other broker's, and read later
    ]
    assert picked(found(house, "registry_newest", kind="site"), "code") == [("s1",)]
    assert picked(found(house, "registry_newest", code="E1", prefecture=540100), "prefecture") == [(540100,)]


def test_what_a_rebuild_reads_of_the_registry(house: Engine) -> None:
    twice(house, "registry", rows.registered(5), rows.registered(5, line=1, code="s2"), rows.registered(9))
    twice(house, "registry", rows.registered(7, prefecture=540100), rows.registered(3, epoch="e0"))
    extents = found(house, "registry_extent", prefectures=[540400])
    assert picked(extents, "epoch", "first_offset", "next_offset") == [("e0", 3, 4), ("e1", 5, 10)]
    after = found(house, "registry_after", **ALL, topic="registry.changes", prefectures=[540400])
    assert picked(after, "offset", "line", "code") == [(5, 0, "s1"), (5, 1, "s2"), (9, 0, "s1")]
    assert after[0] == as_stored(rows.registered(5))
