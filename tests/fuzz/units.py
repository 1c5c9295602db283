"""Units read slowly: letter by letter, in exact fractions. Shares no line with ``schemas.units``."""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from functools import lru_cache

from tests.fuzz.tokens import words

LONGEST = 40
DIGITS = "0123456789"


def named(size: str, names: str) -> dict[str, str]:
    """Return one size under several names."""
    return dict.fromkeys(names.split(), size)


#: Name → (base unit, size), as the weights and measures act and the US customary system have them.
MASS = {
    **named("1", "kg 千克 公斤 kgs kilo kilos kilogram kilograms kilogramme kilogrammes"),
    **named("0.5", "斤 市斤 jin catty"),
    **named("0.05", "两 市两 liang"),
    **named("50", "担 市担"),
    **named("0.001", "g 克 gr gram grams gramme grammes"),
    **named("0.000001", "mg 毫克 milligram milligrams"),
    **named("1000", "t 吨 公吨 ton tons tonne tonnes metricton metrictons"),
    **named("0.45359237", "lb 磅 lbs pound pounds"),
    **named("0.028349523125", "oz 盎司 ounce ounces"),
}
VOLUME = {
    **named("1", "l 升 公升 lt ltr litre litres liter liters"),
    **named("0.001", "ml 毫升 cc millilitre millilitres milliliter milliliters"),
    **named("0.01", "cl 厘升 centilitre centiliter"),
    **named("0.1", "dl 分升 decilitre deciliter"),
    **named("1000", "m3 立方米 立方 cubicmetre cubicmeter"),
    **named("3.785411784", "gal 加仑 ga gallon gallons"),
    **named("0.946352946", "qt 夸脱 quart quarts"),
    **named("0.473176473", "pt 品脱 pint pints"),
    **named("0.0295735295625", "floz 液盎司 fz fluidounce fluidounces"),
}
COUNT = {
    **named("1", "piece 个 只 枚 件 块 条 支 根 颗 头 粒 片 棵"),
    **named("1", "pieces pc pcs ea each ct count unit units"),
    **named("2", "pair 对 双 pairs"),
    **named("12", "dozen 打 doz dz dozens"),
}
UNITS = {
    name: (base, Fraction(size))
    for base, names in (("kg", MASS), ("L", VOLUME), ("piece", COUNT))
    for name, size in names.items()
}
CONTAINERS = [
    *"袋包盒箱瓶桶罐听壶扎捆筐盘板提托件杯",
    *words("bag bags box boxes bottle bottles case cases pack packs pk pkg can cans jar jars carton cartons tray sack"),
]
CURRENCIES = ["元", "圆", "人民币", "cny", "rmb", "yuan", "¥", "￥", "$"]
Found = tuple[str, Fraction]


@lru_cache(maxsize=4096)
def size_of(unit: str, base: str) -> Fraction | None:
    """Return how many ``base`` units one ``unit`` is, None where it is no unit of that dimension."""
    if len(unit) > LONGEST:
        return None
    found = read(cleaned(unit))
    return found[1] if found and found[0] == base else None


def cleaned(unit: str) -> str:
    text = unicodedata.normalize("NFKC", unit).strip().casefold()
    text = "".join(letter for letter in text if not letter.isspace() and letter not in "()[]【】装")
    for currency in [*CURRENCIES, ""]:
        rest = text.removeprefix(currency)
        before = next((word for word in ("/", "每", "per") if rest.startswith(word)), None)
        if text.startswith(currency) and before:
            text = rest[len(before) :]
            break
    while text.endswith("."):
        text = text[:-1]
    return text


def read(text: str) -> Found | None:
    """Return what a cleaned text means: a unit, or a stated content such as ``袋5kg`` and ``250ml×24瓶/箱``."""
    if text in UNITS:
        return UNITS[text]
    for container in ["", *CONTAINERS]:
        if text.startswith(container):
            found = content(text[len(container) :])
            if found:
                return found
    return None


def content(text: str) -> Found | None:
    number, rest = leading(text)
    if number is None:
        return None
    if rest[:1] and rest[0] in "x×*":
        second, after = leading(rest[1:])
        return None if second is None else of_unit(number * second, after)
    return of_unit(number, rest)


def of_unit(number: Fraction, text: str) -> Found | None:
    """Return the content of ``number`` times a text that begins with a unit."""
    for name, (base, size) in UNITS.items():
        if not text.startswith(name):
            continue
        rest = text[len(name) :]
        if wrapping(rest):
            return positive(base, number * size)
        if rest[0] in "x×*":
            packs, after = leading(rest[1:])
            for container in ["", *CONTAINERS]:
                if packs is not None and after.startswith(container) and wrapping(after[len(container) :]):
                    return positive(base, number * size * packs)
    return None


def positive(base: str, size: Fraction) -> Found | None:
    return (base, size) if size else None


def wrapping(text: str) -> bool:
    return text.removeprefix("/") in ["", *CONTAINERS, *"个只块条"]


def leading(text: str) -> tuple[Fraction | None, str]:
    """Split a number of at most six digits before and after the point from a text."""
    whole = run(text)
    if not 1 <= len(whole) <= 6:
        return None, text
    rest = text[len(whole) :]
    part = run(rest[1:]) if rest.startswith(".") else ""
    if part and len(part) <= 6:
        return Fraction(f"{whole}.{part}"), rest[1 + len(part) :]
    return Fraction(whole), rest


def run(text: str) -> str:
    size = next((index for index, letter in enumerate(text) if letter not in DIGITS), len(text))
    return text[:size]
