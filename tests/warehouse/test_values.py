"""What goes in comes out, the same on both engines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest

from warehouse import WarehouseError, statements
from warehouse.engine import Engine

Create = Callable[..., str]

NASTY = [
    "",
    "土豆 24 小时均价 上涨 34 %（橙色）",
    "tab\tnewline\nreturn\rback\\slash",
    "quote' double\" tick` {x:String} %(y)s %s",
    "nul\0inside",
    "\\N",
    "\\t",
    "𝒳 é \u200b \u2028",
    "; -- /* */",
]


def everything(engine: Engine) -> pa.Table:
    return engine.select(statements.parse("everything", "SELECT * FROM t ORDER BY n"), {})


def stored(engine: Engine, values: Sequence[object]) -> list[object]:
    engine.insert("t", {"n": range(len(values)), "v": values})
    result: list[object] = everything(engine)["v"].to_pylist()
    return result


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("UInt8", [0, 255]),
        ("UInt16", [0, 65535]),
        ("UInt32", [0, 2**32 - 1]),
        ("UInt64", [0, 2**64 - 1]),
        ("Int64", [-(2**63), 2**63 - 1]),
        ("Float64", [0.1, -1e300, 5e-324]),
        ("Nullable(Int64)", [None, -5, None]),
        ("Nullable(Float64)", [None, 0.5]),
        ("Nullable(String)", [None, "", "x"]),
        ("String", NASTY),
        ("LowCardinality(String)", NASTY),
        ("Array(String)", [[], NASTY, ["one"]]),
        ("Date", [date(1970, 1, 1), date(2017, 3, 21), date(2100, 12, 31)]),
        ("DateTime('UTC')", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, 23, 59, 59, tzinfo=UTC)]),
    ],
)
def test_values_survive(house: Engine, table: Create, kind: str, values: list[object]) -> None:
    table(f"v {kind}")
    before = list(values)
    assert stored(house, values) == values
    assert values == before


def test_not_a_number_is_kept_apart_from_null(house: Engine, table: Create) -> None:
    table("v Nullable(Float64)")
    house.insert("t", {"n": np.array([7]), "v": np.array([np.nan])})  # type: ignore[dict-item] # an array is a sequence in all but the type
    from_array = everything(house)["v"].to_pylist()[0]
    assert from_array is not None
    house.run("TRUNCATE TABLE t")
    nan, null, infinite = stored(house, [float("nan"), None, float("inf")])
    assert isinstance(nan, float)
    assert nan != nan  # noqa: PLR0124 - the definition
    assert (null, infinite) == (None, float("inf"))


def test_dates_and_times_may_be_numbers(house: Engine, table: Create) -> None:
    table("d Date, t DateTime('UTC')")
    house.insert("t", {"n": [0], "d": [17246], "t": [1_490_054_400]})
    assert everything(house).to_pylist() == [
        {"n": 0, "d": date(2017, 3, 21), "t": datetime(2017, 3, 21, tzinfo=UTC)},
    ]


def test_mixed_numbers_and_objects(house: Engine, table: Create) -> None:
    table("d Date, t DateTime('UTC')")
    lhasa = timezone(timedelta(hours=8))
    at = datetime(2017, 3, 21, 8, tzinfo=lhasa)
    house.insert("t", {"n": [0, 1], "d": [date(2017, 3, 21), 17246], "t": [at, 1_490_054_400]})
    result = everything(house)
    assert result["t"].to_pylist() == [datetime(2017, 3, 21, tzinfo=UTC)] * 2
    assert result["d"].to_pylist() == [date(2017, 3, 21)] * 2


def test_numpy_arrays(house: Engine, table: Create) -> None:
    table("i Int64, u UInt8, f Float64, s String, t DateTime('UTC'), d Date, x DateTime('UTC')")
    columns: dict[str, np.ndarray] = {
        "n": np.arange(2),
        "i": np.array([-1, 2**62]),
        "u": np.array([True, False]),
        "f": np.array([0.5, 1e9]),
        "s": np.array(["土豆", "a\tb"]),
        "t": np.array(["2017-03-21T00:00:00", "2017-03-21T00:00:01"], dtype="datetime64[ns]"),
        "d": np.array(["2017-03-21", "1970-01-02"], dtype="datetime64[D]"),
        "x": np.array([0, 1_490_054_400], dtype=np.uint32),
    }
    house.insert("t", columns)  # type: ignore[arg-type] # an array is a sequence in all but the type
    assert everything(house).to_pylist()[1] == {
        "n": 1, "i": 2**62, "u": 0, "f": 1e9, "s": "a\tb", "t": datetime(2017, 3, 21, 0, 0, 1, tzinfo=UTC),
        "d": date(1970, 1, 2), "x": datetime(2017, 3, 21, tzinfo=UTC),
    }  # fmt: skip


def test_result_types(house: Engine, table: Create) -> None:
    table(
        "a UInt8, b UInt64, c Int64, d Float64, e String, f LowCardinality(String), g Date, h DateTime('UTC'), "
        "i Nullable(Int64), j Array(String), k Nullable(Float64)"
    )
    expected = {
        "n": pa.uint32(), "a": pa.uint8(), "b": pa.uint64(), "c": pa.int64(), "d": pa.float64(), "e": pa.string(),
        "f": pa.string(), "g": pa.date32(), "h": pa.timestamp("s", "UTC"), "i": pa.int64(),
        "j": pa.list_(pa.string()), "k": pa.float64(),
    }  # fmt: skip
    assert dict(zip(everything(house).schema.names, everything(house).schema.types, strict=True)) == expected
    house.insert("t", {"n": [1]})
    assert dict(zip(everything(house).schema.names, everything(house).schema.types, strict=True)) == expected


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("Int64", None, "column v: row 1 is None"),
        ("String", None, "column v: row 1 is None"),
        ("String", b"x", "column v: bytes instead of str"),
        ("String", 5, "column v: int instead of str"),
        ("String", "\ud800", "surrogates not allowed"),
        ("UInt8", 256, "(?i)column v"),
        ("UInt32", -1, "(?i)column v"),
        ("Int64", "five", "(?i)column v"),
        ("Date", -1, "column v: -1 is not a number of days"),
        ("Date", date(1969, 12, 31), "column v: -1 is not a number of days"),
        ("Date", 2**16, "column v: 65536 is not a number of days"),
        ("Date", 1.5, "column v"),
        ("DateTime('UTC')", -1, "(?i)column v"),
        ("DateTime('UTC')", 2**32, "(?i)column v"),
        ("DateTime('UTC')", datetime(2017, 1, 1), "has no time zone"),  # noqa: DTZ001 - the point of the case
    ],
)
def test_wrong_values_are_refused_whole(house: Engine, table: Create, kind: str, value: object, words: str) -> None:
    table(f"v {kind}")
    good: object = {"String": "fine"}.get(kind, 1)
    with pytest.raises(WarehouseError, match=words):
        house.insert("t", {"n": [0, 1], "v": [good, value]})
    assert everything(house).num_rows == 0
    house.insert("t", {"n": [0], "v": [good]})
    assert everything(house).num_rows == 1


def test_wrong_shapes_are_refused(house: Engine, table: Create) -> None:
    table("v String")
    with pytest.raises(WarehouseError, match="different lengths"):
        house.insert("t", {"n": [1, 2], "v": ["a"]})
    with pytest.raises(WarehouseError, match="no column nonsense"):
        house.insert("t", {"n": [1], "nonsense": ["a"]})
    with pytest.raises(WarehouseError, match="no table missing"):
        house.insert("missing", {"n": [1]})


def test_nothing_to_insert(house: Engine, table: Create) -> None:
    table("v String")
    house.insert("t", {"n": [], "v": []})
    house.insert("t", {})
    assert everything(house).num_rows == 0


def test_a_hundred_thousand_rows_over_three_hundred_months(house: Engine, table: Create) -> None:
    house.run("CREATE TABLE m (n UInt32, at DateTime('UTC'), s String) ENGINE = MergeTree "
              "PARTITION BY toYYYYMM(at) ORDER BY n")  # fmt: skip
    count = 100_000
    month = 30 * 86_400
    house.insert("m", {"n": range(count), "at": [(i % 300) * month for i in range(count)], "s": ["x"] * count})
    total = house.select(statements.parse("total", "SELECT count() AS c, sum(n) AS s FROM m"), {})
    assert total.to_pylist() == [{"c": count, "s": count * (count - 1) // 2}]


@pytest.mark.parametrize("text", NASTY)
def test_parameters_survive(house: Engine, text: str) -> None:
    statement = statements.parse(
        "echo", "SELECT {s:String} AS s, {a:Array(String)} AS a, {i:Int64} AS i, {f:Float64} AS f, {u:UInt64} AS u"
    )
    given = {"s": text, "a": [text, "", text], "i": -(2**63), "f": 0.1, "u": 2**64 - 1}
    row = house.select(statement, given).to_pylist()[0]
    assert row == given


def test_empty_list_parameters_have_a_type(house: Engine) -> None:
    statement = statements.parse("empty", "SELECT has({a:Array(UInt32)}, 5) AS a, empty({b:Array(String)=}) AS b")
    assert house.select(statement, {"a": []}).to_pylist() == [{"a": 0, "b": 1}]
