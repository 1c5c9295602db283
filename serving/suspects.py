"""Quotes that are held back because they look wrong, and the quotes of one site, good and date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from schemas.fixed import PRICE
from serving import rows
from serving.access import NEEDS
from serving.answers import ANY, Answers, Parameters

LARGEST_LIMIT: Final = 1_000_000
_EPOCH: Final = date(1970, 1, 1)

State = Literal["waiting", "confirmed", "corrected", "expired"]
Kind = Literal["retail", "wholesale"]

Id = Annotated[str | None, QueryParameter(description="id of one of them")]
Wanted = Annotated[State | None, QueryParameter(name="state", description="what became of them")]
Region = Annotated[str | None, QueryParameter(pattern=r"^\d{6}$", description="a county, for example 540402")]
Prefecture = Annotated[str | None, QueryParameter(pattern=r"^\d{6}$", description="the counties of a prefecture")]
Site = Annotated[str | None, QueryParameter(description="name of the site")]
Good = Annotated[str | None, QueryParameter(description="code of the good, for example potato")]
OfKind = Annotated[Kind | None, QueryParameter(description="kind of prices")]
Date = Annotated[date | None, QueryParameter(description="business date of the quote")]
Limit = Annotated[int, QueryParameter(ge=1, le=LARGEST_LIMIT, description="rows at most")]


@dataclass(frozen=True, slots=True)
class SuspectFilter:
    """Which quotes; an empty field means any. ``date`` is ISO 8601."""

    id: str = ANY
    state: str = ANY
    region: str = ANY
    prefecture: str = ANY
    site: str = ANY
    good: str = ANY
    kind: str = ANY
    date: str = ANY

    def parameters(self) -> Parameters:
        """Return what the named query takes."""
        texts = {name: getattr(self, name) for name in ("id", "state", "site", "good", "kind")}
        return {
            **texts,
            **{name: int(getattr(self, name) or 0) for name in ("region", "prefecture")},
            **_day(self.date),
        }


class SuspectRow(msgspec.Struct):
    """A quote that was held back. Prices are CNY per base unit, times UTC.

    ``slip``: how many times both its own last price and the county's median it is, null for a value that is absurd
    without being a unit slip. ``own_z`` and ``county_z`` are null where there were too few prices.
    """

    id: str
    state: State
    kind: Kind
    region: str
    site: str
    good: str
    date: str
    at: str
    price: float
    own_price: float
    county_price: float
    county_sites: int
    slip: float | None
    own_z: float | None
    county_z: float | None
    decided: str
    event_id: str
    sender: str


class QuoteRow(msgspec.Struct):
    """A price that a site reported, CNY per base unit; ``at`` is UTC. The last one counts, unless it is held back."""

    event_id: str
    sender: str
    kind: Kind
    region: str
    site: str
    good: str
    date: str
    at: str
    price: float
    corrects: list[str]
    confirms: list[str]


async def suspects(answers: Answers, wanted: SuspectFilter, limit: int = LARGEST_LIMIT) -> list[SuspectRow]:
    """Return the quotes that were held back, newest decision first. Raises ``WarehouseUnavailable``."""
    table = await answers.ask("quote_suspects", {**wanted.parameters(), "limit": limit})
    return [_suspect(row) for row in table.to_pylist()]


async def quotes(answers: Answers, wanted: SuspectFilter) -> list[QuoteRow]:
    """Return the prices of a site, good and date as they count, the last one last. Raises ``WarehouseUnavailable``."""
    names = ("site", "good", "kind", "region", "date")
    asked = {name: value for name, value in wanted.parameters().items() if name in names}
    table = await answers.ask("quotes_of_date", asked)
    return [QuoteRow(**_common(row), corrects=row["corrects"], confirms=row["confirms"]) for row in table.to_pylist()]


def _suspect(row: dict[str, Any]) -> SuspectRow:
    return SuspectRow(
        id=row["id"],
        state=row["state"],
        **_common(row),
        own_price=row["own_price"] / PRICE,
        county_price=row["county_price"] / PRICE,
        county_sites=row["county_sites"],
        slip=row["slip"] or None,
        own_z=row["own_z"],
        county_z=row["county_z"],
        decided=rows.utc(row["decided"]),
    )


def _common(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("event_id", "sender", "kind", "site", "good")},
        "region": f"{row['region']:06d}",
        "date": row["business_date"].isoformat(),
        "at": rows.utc(row["at"]),
        "price": row["price"] / PRICE,
    }


def _day(text: str) -> dict[str, int]:
    return {"date": (date.fromisoformat(text) - _EPOCH) // timedelta(days=1)} if text else {}


@get("/api/quotes/suspects", summary="Quotes that were held back, newest decision first", opt={NEEDS: "read"})
async def get_suspects(
    answers: NamedDependency[Answers],
    id: Id = None,
    phase: Wanted = None,
    region: Region = None,
    prefecture: Prefecture = None,
    site: Site = None,
    good: Good = None,
    kind: OfKind = None,
    date: Date = None,
    limit: Limit = 1000,
) -> list[SuspectRow]:
    """Return what was held back and what became of each."""
    texts = {"id": id, "state": phase, "region": region, "prefecture": prefecture}
    texts |= {"site": site, "good": good, "kind": kind, "date": date.isoformat() if date else None}
    return await suspects(answers, SuspectFilter(**{name: text or ANY for name, text in texts.items()}), limit)


@get("/api/quotes", summary="What a site quoted for a good on a date", opt={NEEDS: "read"})
async def get_quotes(
    answers: NamedDependency[Answers],
    site: Annotated[str, QueryParameter(description="name of the site")],
    good: Annotated[str, QueryParameter(description="code of the good, for example potato")],
    date: Annotated[date, QueryParameter(description="business date of the quotes")],
    region: Region = None,
    kind: OfKind = None,
) -> list[QuoteRow]:
    """Return every price of the site, good and date, in the order in which they count."""
    wanted = SuspectFilter(site=site, good=good, date=date.isoformat(), region=region or ANY, kind=kind or ANY)
    return await quotes(answers, wanted)


HANDLERS: Final = (get_suspects, get_quotes)
