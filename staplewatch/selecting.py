"""What a user may name to narrow an answer: dates, regions, goods, categories. Each refusal says what to write."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from schemas.catalogue import Catalogue
from staplewatch.errors import CommandError
from staplewatch.words import say
from streams.alerts.names import suggestion
from streams.alerts.rulebook import NATION


def day(text: str | None, option: str) -> date | None:
    """Return a date written as 2022-08-08; None stays None. Raises ``CommandError``."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        msg = say(f"{option}：{text!r} 不是日期，例如 2022-08-08", f"{option}: {text!r} is no date, try 2022-08-08")
        raise CommandError(msg) from error


def region(text: str, catalogue: Catalogue) -> int:
    """Return the code of a region of the catalogue, or of the nation. Raises ``CommandError``."""
    if text.isascii() and text.isdigit() and len(text) == 6 and (int(text) in catalogue.regions or int(text) == NATION):
        return int(text)
    msg = say(
        f"--region：{text} 不在目录中：请写六位代码，全国为 000000",
        f"--region: {text} is not in the catalogue: write a six-digit code, 000000 for the nation",
    )
    raise CommandError(msg)


def good(text: str, catalogue: Catalogue) -> str:
    """Return the code of a good of the catalogue. Raises ``CommandError``."""
    return _known(text, catalogue.goods, "--good")


def category(text: str, catalogue: Catalogue) -> str:
    """Return the code of a category of the catalogue. Raises ``CommandError``."""
    return _known(text, catalogue.categories, "--category")


def _known(text: str, codes: Collection[str], option: str) -> str:
    if text in codes:
        return text
    hint = suggestion(text, codes)
    raise CommandError(say(f"{option}：{text} 不在目录中{hint}", f"{option}: {text} is not in the catalogue{hint}"))


def step(code: int) -> int:
    """Return what the codes of regions inside ``code`` share: 1 for a county, 100 for a prefecture and so on."""
    return next(step for step in (1_000_000, 10_000, 100, 1) if code % step == 0)


def inside(code: int) -> pl.Expr:
    """Return whether a row's ``region`` is ``code`` or lies in it."""
    return pl.col("region") // step(code) * step(code) == code
