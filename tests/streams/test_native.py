"""The decoder in Rust changes nothing: the same rows, dead letters and state as without it, whatever comes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics, units
from streams import native, receipts
from streams.chunk import Chunk
from streams.columns import Coded, Repeated, joined, listed, numbers
from streams.decode import Decoded, Decoder
from streams.engine import Engine
from streams.options import Options
from streams.seen import Seen
from tests.fuzz import cases
from tests.fuzz.corpus import make
from tests.fuzz.held import CIVIL, GOODS, NOTHING_SEEN, PARTITION, chunk
from tests.streams import records
from tests.streams.records import PARTITIONS, WALL

installed = pytest.mark.skipif(not native.available(), reason="staplewatch_native is not installed: make native")

#: Texts of numbers that lie where rounding goes wrong first, and what no number of a plain receipt looks like.
PLAIN = st.one_of(
    st.floats(0.001, 1e6).map(lambda number: np.format_float_positional(number, trim="-")),
    st.decimals(1, 10**6, places=4).map(str),
    st.integers(1, 10**5).map(lambda number: f"{number}.{number % 1000:03}5"),
    st.integers(1, 10**9).map(str),
)
STRANGE = st.one_of(
    st.floats(0, 1e18).map(repr),
    st.sampled_from(
        ["0", "-0", "-1", "1e3", "01", "1.", ".5", "NaN", "null", "0.0005", "2.50000000000000049", "9" * 18],
    ),
)
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(["x" * 200, "长" * 200, "长" * 201, "a\\b", 'a"b', "\ud800"]))
UNITS = {
    "potato": ["kg", "斤", "公斤", "g", "lb", "KG", "袋(5kg)", "L"],
    "milk": ["L", "mL", "l", "gal", "250ml×24瓶/箱", "袋"],
    "egg": ["piece", "个", "打", "盒(10个)"],
    "sand": ["kg"],
}
DAYS = (datetime(2026, 10, 1), datetime(2026, 11, 19, 23))  # noqa: DTZ001 - the zones are hypothesis's
TIMES = st.one_of(
    st.datetimes(*DAYS, timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.sampled_from(["2026-11-19T12:00:00Z", "2026-11-19T12:00:00.999999+08:00", "2026-11-19T23:59:60Z", "now"]),
)
FIELDS = {"event_id": TEXTS, "sender": TEXTS, "store": TEXTS, "workstation": TEXTS, "time": TIMES, "x": TEXTS}


@st.composite
def sold(draw: st.DrawFn, place: int) -> str:
    """Return a line, plain with odds of nine in ten."""
    numbers = PLAIN if draw(st.integers(0, 9)) else STRANGE
    good = draw(st.sampled_from([*UNITS] if numbers is STRANGE else [*UNITS][:3]))
    unit = draw(st.sampled_from(UNITS[good][: None if numbers is STRANGE else 3]))
    kind = draw(st.sampled_from(["sale", "sale", "return", "void"] if numbers is PLAIN else ["sale", "gift"]))
    amount, cost = draw(numbers | st.just("null")), draw(numbers | st.just("null"))
    return (
        f'{{"line":{place},"good":"{good}","quantity":{draw(numbers)},"unit":"{unit}","amount":{amount},'
        f'"unit_cost":{cost},"kind":"{kind}"}}'
    )


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """Return a receipt as text, plain in most of its fields, a few of them in another order, twice or away."""
    lines = [draw(sold(place)) for place in range(draw(st.sampled_from([1, 2, 3, 0])))]
    fields = {name: draw(FIELDS[name]) for name in draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=2))}
    whole = {**cases.RECEIPT, "sequence": draw(st.integers(0, 9)), **fields}
    pairs = [f"{msgspec.json.encode(name).decode()}:{_text(value)}" for name, value in whole.items() if name != "lines"]
    pairs.append(f'"lines":[{",".join(lines)}]')
    if draw(st.integers(0, 9)) == 0:
        pairs = draw(st.permutations(pairs))[draw(st.integers(0, 1)) :] + pairs[: draw(st.integers(0, 1))]
    return f"{{{draw(st.sampled_from([',', ', ', ' ,'])).join(pairs)}}}".encode("utf-8", "surrogatepass")


def _text(value: object) -> str:
    if isinstance(value, str) and not value.isascii():
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return msgspec.json.encode(value).decode()


MIXED = st.lists(
    st.one_of(
        written(),
        st.integers(0, 12).map(lambda number: cases.sale(sequence=number, store=f"s{number % 3}")),
        st.builds(lambda seed, number: make(seed, number).value, st.integers(0, 3), st.integers(0, 20_000)),
        st.sampled_from([case[1] for case in (cases.FOUND | cases.KNOWN).values() if len(case[1]) < 10_000]),
        st.sampled_from([None, b"", b"{", b'"\xff"']),
    ),
    min_size=1,
    max_size=20,
)


def decoded(values: Sequence[bytes | None], *, rust: bool) -> tuple[Decoded, dict[str, Any]]:
    seen = Seen()
    seen.load(NOTHING_SEEN)
    decoder = Decoder(GOODS, PARTITION, PARTITIONS, CIVIL, Options(native=rust), seen)
    half = len(values) // 2
    decoder.decode(chunk(topics.SALES, values[:half]), WALL)
    return decoder.decode(chunk(topics.SALES, values), WALL, half), seen.dump()


def same(values: Sequence[bytes | None]) -> None:
    (fast, fast_seen), (slow, slow_seen) = decoded(values, rust=True), decoded(values, rust=False)
    assert fast.dead == slow.dead
    assert (fast.events, fast.dropped, fast.repeats) == (slow.events, slow.dropped, slow.repeats)
    for name, column in slow.columns.items():
        assert listed(fast.columns[name]) == listed(column), name
        assert set(map(type, listed(fast.columns[name]))) == set(map(type, listed(column))), name
    assert str(fast_seen) == str(slow_seen)


@installed
@settings(deadline=None, max_examples=300)
@given(MIXED)
def test_rust_equals_python(values: list[bytes | None]) -> None:
    same(values)


@installed
@pytest.mark.soak
@settings(deadline=None, max_examples=20_000)
@given(MIXED)
def test_rust_equals_python_for_long(values: list[bytes | None]) -> None:
    same(values)


@installed
@pytest.mark.parametrize("name", sorted(cases.FOUND | cases.KNOWN))
def test_named_cases(name: str) -> None:
    same([(cases.FOUND | cases.KNOWN)[name][1]])


@installed
def test_ten_thousand_inputs_of_the_fuzzing() -> None:
    inputs = [each.value for each in map(make, [26] * 20_000, range(20_000)) if each.topic == topics.SALES]
    for start in range(0, len(inputs), 500):
        same(inputs[start : start + 500])


@installed
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"time": "2026-11-19T04:00:00Z"},
        {"time": "2026-11-19T12:00:00.123+08:00"},
        {"sender": "巴宜区超市"},
        {"lines": [{**cases.LINE, "kind": "return", "unit": "斤", "unit_cost": 1.25, "regular_price": None}]},
        {
            "lines": [
                {"line": 1, "good": "potato", "quantity": 2.4000000000000004, "unit": "g"},
                {**cases.LINE, "line": 2},
            ]
        },
        {"status": "normal", "schema": 1, "till_name": "x"},
    ],
)
def test_plain_receipts_are_not_looked_at_in_python(fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("read in Python")

    monkeypatch.setattr(receipts.Reader, "parts", refuse)
    values = [cases.sale(**{"sequence": number, **fields}) for number in range(9000)]
    found, _ = decoded(values, rust=True)
    assert (found.events, found.dead) == (4500, [])


@installed
def test_what_is_refused_whole_does_not_part_the_receipts_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    noted, own = list[int](), Decoder._noted

    def note(self: Decoder, part: receipts.Receipts) -> Any:
        noted.append(len(part.counts))
        return own(self, part)

    monkeypatch.setattr(Decoder, "_noted", note)
    odd = [
        b"{",
        cases.sale(region="540499"),
        cases.sale(status="training", time="x"),
        None,
        cases.sale(region="540102"),
    ]
    values = [each for number in range(8) for each in (cases.sale(sequence=number), odd[number % len(odd)])]
    found, _ = decoded([*values, *values], rust=True)
    assert (noted, found.events, found.repeats) == ([8, 8], 8, 8)
    assert [letter.offset for letter in found.dead] == [17, 19, 23, 25, 27, 29]
    noted.clear()
    values[9] = cases.line(unit="袋(5kg)")
    same([*values, *values])
    assert max(noted) < 8, "this one may count, so it is judged in its place"


@installed
def test_units_mean_the_same() -> None:
    for base in units.BASES:
        good = {"kg": "potato", "L": "milk", "piece": "egg"}[base]
        same([cases.line(good=good, unit=unit, quantity=3.7, unit_cost=0.3) for unit in units.written(base)])


def test_without_it_python_reads_everything_and_asking_for_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, native.MODULE, None)
    assert not native.available()
    assert decoded([cases.sale()], rust=False)[0].events == 1
    with pytest.raises(native.Missing, match="import of staplewatch_native halted"):
        decoded([cases.sale()], rust=True)


def test_another_version_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType(native.MODULE)
    other.VERSION = native.VERSION + 1  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, native.MODULE, other)
    with pytest.raises(
        native.Missing, match=f"staplewatch_native is version {native.VERSION + 1}, wanted is {native.VERSION}"
    ):
        native.load()


@installed
def test_an_engine_comes_to_the_same_state_and_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "RUN", 100)
    values = []
    for number in range(1500):
        fields: dict[str, Any] = {"sequence": number // 7 % 120, "store": f"s{number % 7}", "sender": f"c{number % 2}"}
        fields["time"] = records.iso(int(WALL) - 9 * 3600 + number * 20)
        if number % 50 == 3:
            fields["region"] = "540499"
        if number % 60 == 4:
            fields["lines"] = [cases.LINE, {**cases.LINE, "line": 2, "unit": "袋(5kg)"}, {**cases.LINE, "good": "sand"}]
        values.append(cases.sale(**fields))
    chunks = [_chunk(values[first : first + 250], first) for first in range(0, len(values), 250)]
    states = []
    for way in ("ahead", "at once", "in Python"):
        engine = records.engine(Options(event_time=True, inputs=(topics.SALES,), native=way != "in Python"))
        for each in chunks if way == "ahead" else ():
            engine.ahead(each)
        states.append(([_rows(engine, each) for each in chunks], engine.snapshot().pack()))
    assert states[0] == states[1] == states[2]


@installed
def test_what_was_begun_is_used_once_and_only_by_whoever_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "RUN", 200)
    values = [cases.sale(sequence=number, store=f"s{number}") for number in range(700)]
    dropped, again = _chunk(values, 0), _chunk(values, 0)
    engine, other = (records.engine(Options(native=True)) for _ in range(2))
    engine.ahead(dropped)  # and never applied, as after a rebalance
    engine.ahead(again)
    begun = again.begun
    assert isinstance(begun, native.Begun)
    assert list(begun.runs) == [0, 200, 400, 600]
    assert _rows(other, again) == _rows(engine, _chunk(values, 0))
    assert len(begun.runs) == 4, "not the other one's"
    engine.offsets.clear()
    assert list(_rows(engine, again)["sales"]["repeat"]) == [1] * 700
    assert not begun.runs
    pending = native.load().Decoder([], [], []).begin([b"{}"], 100)
    pending.take()
    with pytest.raises(RuntimeError, match="taken before"):
        pending.take()
    engine.ahead(few := _chunk(values[:100], 0))
    assert few.begun is None, "to wake a thread would take longer"


@installed
def test_another_table_of_tills_is_read_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    own = native.load()
    real = own.Decoder

    class Table:
        def __init__(self, inner: Any, number: int) -> None:
            self.since, self.number = inner.since, number

    class Forgetful:
        """Begins another table in every call."""

        def __init__(self, *known: Any) -> None:
            self._inner, self._calls = real(*known), 0

        def decode(self, values: list[bytes | None], most: int) -> Any:
            self._calls += 1
            found = self._inner.decode(values, most)
            names = [name for name in dir(found) if not name.startswith("_")]
            columns = {name: getattr(found, name) for name in names}
            return SimpleNamespace(**{**columns, "table": Table(found.table, self._calls)})

    values = [cases.sale(sequence=number, store=f"s{number % 90}") for number in range(600)]
    chunks = [_chunk(values[first : first + 150], first) for first in range(0, 600, 150)]
    rows = []
    for decoder in (real, Forgetful):
        monkeypatch.setattr(own, "Decoder", decoder)
        engine = records.engine(Options(native=True))
        rows.append([_rows(engine, each) for each in chunks])
    assert rows[0] == rows[1]


def _chunk(values: list[bytes], first: int) -> Chunk:
    size, offsets = len(values), range(first, first + len(values))
    return Chunk(topics.SALES, PARTITION, offsets, values, [b""] * size, [()] * size, [0] * size, first + size)


def _rows(engine: Engine, own: Chunk) -> dict[str, Any]:
    outcome = engine.apply(own, WALL)
    return {table: {name: listed(each) for name, each in rows.items()} for table, rows in outcome.rows.items()}


def test_columns_of_columns_look_like_lists() -> None:

    codes = np.array([1, 1, 0])
    words = Repeated(Coded([7, 8], codes), np.array([2, 1, 1]), 4)
    assert list(words) == [8, 8, 8, 7] == numbers(words).tolist()
    assert list(joined([words, Repeated([9], [2], 2)])) == [8, 8, 8, 7, 9, 9]
