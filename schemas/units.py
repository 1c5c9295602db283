"""Units of sale and stock, in Chinese and English, to the base units kg, L and piece.

Written forms are taken as people write them: ``斤``, ``KG``, ``元/公斤``, ``500g``, ``袋(5kg)``,
``25kg/袋``, ``250ml×24瓶/箱``. Numbers are kept exact until the end, so 500 g is 0.5 kg to the bit.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from fractions import Fraction
from functools import lru_cache
from typing import Final

BASES: Final = ("kg", "L", "piece")

#: A longer text is no unit; it also bounds the work that a hostile one can cause.
LONGEST: Final = 40

#: Per base unit: how much one unit is, and its names. Pounds, ounces and gallons are the US ones.
_TABLE: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "kg": (
        ("1", "kg 千克 公斤 kgs kilo kilos kilogram kilograms kilogramme kilogrammes"),
        ("1/2", "斤 市斤 jin catty"),
        ("1/20", "两 市两 liang"),
        ("50", "担 市担"),
        ("1/1000", "g 克 gr gram grams gramme grammes"),
        ("1/1000000", "mg 毫克 milligram milligrams"),
        ("1000", "t 吨 公吨 ton tons tonne tonnes metricton metrictons"),
        ("0.45359237", "lb 磅 lbs pound pounds"),
        ("0.028349523125", "oz 盎司 ounce ounces"),
    ),
    "L": (
        ("1", "l 升 公升 lt ltr litre litres liter liters"),
        ("1/1000", "ml 毫升 cc millilitre millilitres milliliter milliliters"),
        ("1/100", "cl 厘升 centilitre centiliter"),
        ("1/10", "dl 分升 decilitre deciliter"),
        ("1000", "m3 立方米 立方 cubicmetre cubicmeter"),
        ("3.785411784", "gal 加仑 ga gallon gallons"),
        ("0.946352946", "qt 夸脱 quart quarts"),
        ("0.473176473", "pt 品脱 pint pints"),
        ("0.0295735295625", "floz 液盎司 fz fluidounce fluidounces"),
    ),
    "piece": (
        ("1", "piece 个 只 枚 件 块 条 支 根 颗 头 粒 片 棵 pieces pc pcs ea each ct count unit units"),
        ("2", "pair 对 双 pairs"),
        ("12", "dozen 打 doz dz dozens"),
    ),
}

_UNITS: Final[dict[str, tuple[str, Fraction]]] = {
    name: (base, Fraction(size)) for base, rows in _TABLE.items() for size, names in rows for name in names.split()
}

#: Customary forms that are neither small nor capital letters.
_MIXED: Final = {"L": ("mL", "cL", "dL")}

_CONTAINERS: Final = frozenset(
    [
        *"袋包盒箱瓶桶罐听壶扎捆筐盘板提托件杯",
        *("bag", "bags", "box", "boxes", "bottle", "bottles", "case", "cases", "pack", "packs", "pk", "pkg"),
        *("can", "cans", "jar", "jars", "carton", "cartons", "tray", "sack"),
    ]
)


def _one_of(names: frozenset[str] | dict[str, tuple[str, Fraction]]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_NUMBER: Final = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
_CONTENT: Final = re.compile(
    rf"(?:{_one_of(_CONTAINERS)})?"
    rf"(?:(?P<times>{_NUMBER})[x×*])?(?P<number>{_NUMBER})(?P<unit>{_one_of(_UNITS)})"
    rf"(?:[x×*](?P<packs>{_NUMBER})(?:{_one_of(_CONTAINERS)})?)?"
    rf"/?(?:{_one_of(_CONTAINERS)}|个|只|块|条)?"
)
#: What stands before the unit in a price: "元/", "CNY per", "每".
_PRICE_WORDS: Final = re.compile(r"^(?:(?:元|圆|人民币|cny|rmb|yuan|[¥￥$])?(?:/|每|per))")
_DROPPED: Final = re.compile(r"[\s()\[\]【】装]+")

_WORDS: Final = {
    "kg": ("mass", "重量", "kg, g, t, 斤, 公斤"),
    "L": ("volume", "容积", "L, mL, 升, 毫升"),
    "piece": ("count", "个数", "piece, 个, 只, 枚"),
}


class UnitError(ValueError):
    """A unit that is unknown, of another dimension or without stated content. Says what to write instead."""


def factor(unit: str, base: str) -> float:
    """Return how many ``base`` units (kg, L or piece) one ``unit`` is.

    A price per ``unit`` divided by it, or a quantity in ``unit`` multiplied by it, is per or in
    base units. Raises ``UnitError`` with a suggestion in English and Chinese.
    """
    found = _find(unit, base)
    if isinstance(found, str):
        raise UnitError(found)
    return found


def written(base: str) -> dict[str, float]:
    """Return the units of ``base`` as they are mostly written, without contents, and ``factor`` of each."""
    names = (name for own, rows in _TABLE.items() if own == base for _, listed in rows for name in listed.split())
    spelt = {form for name in names for form in (name, name.upper(), name.capitalize())} | {base, *_MIXED.get(base, ())}
    return {form: factor(form, base) for form in sorted(spelt)}


@lru_cache(maxsize=4096)
def _find(unit: str, base: str) -> float | str:
    """Return the factor, or why there is none: failures are remembered too, a feed repeats them."""
    if base not in BASES:
        return f"{base!r} is not a base unit: use kg, L or piece / 基准单位只能是 kg、L、piece"
    if len(unit) > LONGEST:
        return f"a unit has at most {LONGEST} characters / 单位最多 {LONGEST} 个字符"
    text = _clean(unit)
    found = _UNITS.get(text) or _content(text)
    if found is None:
        return _unknown(unit, text, base)
    if found[0] != base:
        return _other_dimension(unit, found[0], base)
    return float(found[1])


def _clean(unit: str) -> str:
    text = unicodedata.normalize("NFKC", unit).strip().casefold()
    return _PRICE_WORDS.sub("", _DROPPED.sub("", text)).rstrip(".")


def _content(text: str) -> tuple[str, Fraction] | None:
    match = _CONTENT.fullmatch(text)
    if match is None:
        return None
    base, size = _UNITS[match["unit"]]
    size *= Fraction(match["number"]) * Fraction(match["times"] or 1) * Fraction(match["packs"] or 1)
    return (base, size) if size else None


def _other_dimension(unit: str, has: str, base: str) -> str:
    (en, zh, _), (want_en, want_zh, examples) = _WORDS[has], _WORDS[base]
    return (
        f"unit {unit!r} measures {en}, the good is kept in {base} ({want_en}): use {examples}"
        f" / 单位 {unit!r} 是{zh}单位，该商品按{want_zh}（{base}）计：请用 {examples}"
    )


def _unknown(unit: str, text: str, base: str) -> str:
    examples = _WORDS[base][2]
    if text in _CONTAINERS:
        example = f"{text}({'10个' if base == 'piece' else '5' + base})"
        return f"unit {unit!r} does not say how much it holds: write {example} / 单位 {unit!r} 未写规格：可写 {example}"
    near = difflib.get_close_matches(text, [name for name, (b, _) in _UNITS.items() if b == base], n=1)
    if near:
        return f"unknown unit {unit!r}: did you mean {near[0]!r}? / 未知单位 {unit!r}：是否应为 {near[0]!r}？"
    return f"unknown unit {unit!r}: use {examples} / 未知单位 {unit!r}：请用 {examples}"
