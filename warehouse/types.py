"""ClickHouse types and the Arrow types of results, the same on every engine.

======================  =====================
ClickHouse              pyarrow
======================  =====================
UInt8 … UInt64          uint8 … uint64
Int8 … Int64            int8 … int64
Float32, Float64        float, double
String                  string
Date                    date32
DateTime(…)             timestamp[s, tz=UTC]
Nullable(T)             T, with nulls
LowCardinality(T)       T
Array(T)                list<item: T>
======================  =====================
"""

from __future__ import annotations

import pyarrow as pa

from warehouse.errors import WarehouseError

TIMESTAMP = pa.timestamp("s", "UTC")

ARROW = {
    **{f"UInt{bits}": getattr(pa, f"uint{bits}")() for bits in (8, 16, 32, 64)},
    **{f"Int{bits}": getattr(pa, f"int{bits}")() for bits in (8, 16, 32, 64)},
    "Float32": pa.float32(),
    "Float64": pa.float64(),
    "String": pa.string(),
    "Date": pa.date32(),
}
#: Types that only change how or whether a value is stored.
WRAPPERS = ("LowCardinality(", "Nullable(")


def bare(clickhouse: str) -> str:
    """Return the type without ``LowCardinality`` and ``Nullable``; a DateTime without its zone."""
    for wrapper in WRAPPERS:
        if clickhouse.startswith(wrapper):
            return bare(clickhouse.removeprefix(wrapper)[:-1])
    return "DateTime" if clickhouse.startswith("DateTime(") else clickhouse


def nullable(clickhouse: str) -> bool:
    """Tell whether a column of this type takes None."""
    return clickhouse.startswith(("Nullable(", "LowCardinality(Nullable("))


def arrow_type(clickhouse: str) -> pa.DataType:
    """Return the Arrow type of a result column; raise ``WarehouseError`` for a type not in the table above."""
    plain = bare(clickhouse)
    if plain == "DateTime":
        return TIMESTAMP
    if plain.startswith("Array("):
        return pa.list_(arrow_type(plain.removeprefix("Array(")[:-1]))
    try:
        return ARROW[plain]
    except KeyError:
        msg = f"ClickHouse type {clickhouse} has no place in results: cast it in the query"
        raise WarehouseError(msg) from None
