"""Units as people write them, to kg, L and piece."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.units import UnitError, factor

KNOWN = [
    ("kg", "kg", 1),
    ("千克", "kg", 1),
    ("公斤", "kg", 1),
    ("斤", "kg", 0.5),
    ("市斤", "kg", 0.5),
    ("两", "kg", 0.05),
    ("g", "kg", 0.001),
    ("克", "kg", 0.001),
    ("mg", "kg", 0.000001),
    ("吨", "kg", 1000),
    ("t", "kg", 1000),
    ("lb", "kg", 0.45359237),
    ("oz", "kg", 0.028349523125),
    ("升", "L", 1),
    ("L", "L", 1),
    ("毫升", "L", 0.001),
    ("mL", "L", 0.001),
    ("fl oz", "L", 0.0295735295625),
    ("gal", "L", 3.785411784),
    ("个", "piece", 1),
    ("只", "piece", 1),
    ("枚", "piece", 1),
    ("打", "piece", 12),
    ("dozen", "piece", 12),
]
WRITTEN = [
    (" KG ", "kg", 1),
    ("㎏", "kg", 1),
    ("ＫＧ", "kg", 1),
    ("oz.", "kg", 0.028349523125),
    ("元/斤", "kg", 0.5),
    ("每公斤", "kg", 1),
    ("CNY per kg", "kg", 1),
    ("元/500克", "kg", 0.5),
    ("袋(5kg)", "kg", 5),
    ("袋（5 kg）", "kg", 5),
    ("25kg袋", "kg", 25),
    ("25kg/袋", "kg", 25),
    ("500g/袋", "kg", 0.5),
    ("10斤装", "kg", 5),
    ("袋装2.5kg", "kg", 2.5),
    ("bag (10 lb)", "kg", 4.5359237),
    ("250ml×24瓶/箱", "L", 6),
    ("箱(24*250mL)", "L", 6),
    ("1.5L/瓶", "L", 1.5),
    ("30枚/盘", "piece", 30),
    ("盒(10个)", "piece", 10),
]


@pytest.mark.parametrize(("unit", "base", "expected"), KNOWN + WRITTEN)
def test_factor(unit: str, base: str, expected: float) -> None:
    assert factor(unit, base) == expected


@pytest.mark.parametrize(
    ("unit", "base", "english", "chinese"),
    [
        ("斤", "L", "measures mass, the good is kept in L", "重量单位"),
        ("毫升", "kg", "measures volume, the good is kept in kg", "容积单位"),
        ("个", "kg", "measures count", "个数单位"),
        ("袋", "kg", "write 袋(5kg)", "可写 袋(5kg)"),
        ("盒", "piece", "write 盒(10个)", "可写 盒(10个)"),
        ("kilogrm", "kg", "did you mean 'kilogram'?", "是否应为 'kilogram'"),
        ("蛇", "kg", "use kg, g, t, 斤, 公斤", "未知单位 '蛇'"),
        ("", "kg", "unknown unit ''", "未知单位"),
        ("0kg", "kg", "unknown unit '0kg'", "未知单位"),
        ("kg", "stone", "use kg, L or piece", "基准单位"),
        ("k" * 41, "kg", "at most 40 characters", "最多 40"),
        ("\ud800", "kg", r"unknown unit '\ud800'", "未知单位"),
    ],
)
def test_refusal_says_what_to_write(unit: str, base: str, english: str, chinese: str) -> None:
    with pytest.raises(UnitError) as refused:
        factor(unit, base)
    message = str(refused.value)
    assert english in message
    assert chinese in message
    assert message.encode()


def test_a_repeated_refusal_is_raised_anew() -> None:
    for _ in range(2):
        with pytest.raises(UnitError):
            factor("袋", "kg")


@given(
    price=st.integers(1, 10**7).map(lambda cents: cents / 100),
    unit=st.sampled_from([(unit, base) for unit, base, _ in KNOWN]),
)
def test_a_price_survives_the_way_to_base_units_and_back(price: float, unit: tuple[str, str]) -> None:
    per_base = price / factor(*unit)
    assert per_base * factor(*unit) == pytest.approx(price, rel=1e-15)


@given(price=st.integers(1, 10**9))
def test_the_price_of_a_jin_doubles_per_kg_exactly(price: int) -> None:
    assert price / factor("斤", "kg") == 2 * price


@given(
    number=st.decimals("0.001", "99999", places=3),
    unit=st.sampled_from([(unit, base) for unit, base, _ in KNOWN]),
    form=st.sampled_from(["{}", "{}/袋", "袋({})", "{}装", "箱（{}）"]),
)
def test_stated_content_counts_whatever_the_wording(number: object, unit: tuple[str, str], form: str) -> None:
    name, base = unit
    stated = factor(form.format(f"{number}{name}"), base)
    assert stated == pytest.approx(float(str(number)) * factor(name, base), rel=1e-12)


@given(unit=st.text(max_size=60), base=st.sampled_from(["kg", "L", "piece"]))
def test_any_text_is_a_positive_factor_or_a_unit_error(unit: str, base: str) -> None:
    with contextlib.suppress(UnitError):
        assert factor(unit, base) > 0
