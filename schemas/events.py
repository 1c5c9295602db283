"""Events on the wire: JSON objects, one msgspec Struct per topic.

Unknown fields are ignored, so a newer sender can talk to an older reader. Times are RFC 3339
with offset. Money is CNY, a price is CNY per ``unit``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from schemas.registry import Contact

SaleKind = Literal["sale", "return", "void"]
ReceiptStatus = Literal["normal", "training", "cancelled"]
StockAction = Literal["OBSERVE", "ADD", "DELETE"]
QuoteKind = Literal["retail", "wholesale"]
Level = Literal["none", "blue", "yellow", "orange", "red"]
ActionKind = Literal["acknowledge", "comment", "silence", "unsilence"]
AlertState = Literal["pending", "firing", "resolved"]

#: From the lowest upward; the index is the number used inside. -1 stands for "undefined".
LEVELS: tuple[Level, ...] = ("none", "blue", "yellow", "orange", "red")


class SaleLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a receipt. ``quantity`` and ``amount`` are positive for every kind.

    A line without ``amount`` counts for demand and not for price.
    """

    line: int
    good: str
    quantity: float
    unit: str
    amount: float | None = None
    kind: SaleKind = "sale"
    regular_price: float | None = None
    unit_cost: float | None = None
    promotion: bool = False


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """A point-of-sale transaction (``pos.sales``), in the words of ARTS POSLog.

    A line is known by (store, workstation, business_date, sequence, line).
    """

    event_id: str
    sender: str
    store: str
    region: str
    workstation: str
    business_date: str
    sequence: int
    time: str
    lines: list[SaleLine]
    status: ReceiptStatus = "normal"
    schema: int = 1  # absent on the wire means 1


class StockLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much of one good was counted (OBSERVE), came in (ADD) or went out (DELETE)."""

    good: str
    quantity: float
    unit: str


class StockReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Stock of one site (``inventory.levels``), in the words of GS1 EPCIS 2.0.

    ``corrects`` names the event ids that this one replaces.
    """

    event_id: str
    sender: str
    site: str
    region: str
    time: str
    action: StockAction
    lines: list[StockLine]
    step: str = "cycle_counting"
    disposition: str = "sellable_accessible"
    corrects: list[str] = []
    schema: int = 1  # absent on the wire means 1


class QuoteLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One good of a daily report: price per unit, and in the same unit sales and stock."""

    good: str
    unit: str
    price: float | None = None
    sales: float | None = None
    stock: float | None = None


class QuoteReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Daily report of one site (``market.quotes``).

    ``corrects`` names the event ids whose prices of these goods and date this report replaces; ``confirms`` those
    whose prices it repeats because they are right though they look wrong. Somebody has looked at such a price, so
    it is never held back as suspect.
    """

    event_id: str
    sender: str
    site: str
    region: str
    time: str
    lines: list[QuoteLine]
    kind: QuoteKind = "retail"
    business_date: str | None = None
    corrects: list[str] = []
    confirms: list[str] = []
    schema: int = 1  # absent on the wire means 1


class Clock(msgspec.Struct, frozen=True, omit_defaults=True):
    """Punctuation (``clock``): "no more events before ``time``".

    It takes effect for an input once the stream has read that input up to ``offsets[topic]``
    (next offset, of this partition): topics have no common order, so without it the clock
    could overtake the events it speaks of. ``inputs`` and ``prefectures`` limit what it
    speaks of; empty means all.
    """

    time: str
    sender: str
    offsets: dict[str, int] = {}
    inputs: list[str] = []
    prefectures: list[str] = []
    schema: int = 1  # absent on the wire means 1


class AsOf(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Where the stream stood: consumers keep the greatest. On the wire ``[ordinal, position, at]``."""

    ordinal: int
    position: int
    at: int


class Indicator(msgspec.Struct, frozen=True, omit_defaults=True):
    """Newest indicators of one (region, good) (``indicators``, key ``region|good``).

    ``at`` is the end of the last started 5-minute bucket, or midnight ending ``date`` on a row
    of grain ``date``. ``values`` has the names of RULES; an undefined one is absent. ``heard`` is
    only on a prefecture's own rows: newest event time of each of its inputs (sales, stock, quotes),
    epoch seconds, so that a wall can tell which feed has stopped.
    """

    region: str
    good: str
    at: str
    values: dict[str, float]
    as_of: AsOf
    grain: Literal["5m", "date"] = "5m"
    kind: QuoteKind = "retail"
    levels: dict[str, str] = {}
    date: str | None = None
    heard: dict[str, int] = {}
    schema: int = 1  # absent on the wire means 1


class Acknowledged(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who put their name to an alert, when (RFC 3339), the words given with it, and the transition that was seen."""

    by: str
    at: str
    note: str = ""
    seq: int = 0
    level: Level = "none"


class Silenced(msgspec.Struct, frozen=True, omit_defaults=True):
    """The silence that covers an alert longest: its id, end (RFC 3339), who made it and why.

    It is over at ``until`` by the reader's clock, whether or not a record says so.
    """

    silence: str
    until: str
    by: str
    why: str = ""


class Inhibited(msgspec.Struct, frozen=True, omit_defaults=True):
    """The firing alert that covers this one: its episode, key and level."""

    id: str
    key: str
    level: Level


class Substitute(msgspec.Struct, frozen=True, omit_defaults=True):
    """A site that can step in where a good runs out (动态补位), as it stood when the alert went out.

    ``gives`` base units of ``good`` it has beyond its own need, no more than is needed; ``keeps`` days of cover are
    left to it then (absent: it has no demand of its own). ``region`` is its county. ``partner``: a site of another
    prefecture, from its last count in the warehouse, added once known.
    """

    site: str
    region: str
    good: str
    gives: float
    keeps: float | None = None
    enterprise: str = ""
    contact: Contact = Contact()
    partner: bool = False


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """Newest transition of one alert (``alerts``, keyed by ``key``).

    ``id`` names the episode, ``seq`` counts its transitions from 0. ``site`` is empty for an
    alert on a region. An alert on an enterprise has no ``good``, its prefecture as ``region`` and the enterprise's
    code as ``site``. ``values`` decided, ``thresholds`` is what they were held against.
    ``acknowledged``, ``silenced`` and ``inhibited`` are marks beside the state: when they change, or when more
    ``substitutes`` are known, the newest transition is published again. ``actions_offset`` is the next offset of
    ``alert.actions`` that they take in.
    """

    id: str
    key: str
    seq: int
    pack: str
    pack_version: str
    rule: str
    level: Level
    level_before: Level
    state: AlertState
    region: str
    good: str
    since: str
    at: str
    processed_at: str
    reason: str
    values: dict[str, float]
    thresholds: dict[str, float]
    evidence: dict[str, float]
    text_zh: str
    text_en: str
    as_of: AsOf
    site: str = ""
    kind: QuoteKind = "retail"
    stale: bool = False
    correction: bool = False
    acknowledged: Acknowledged | None = None
    silenced: Silenced | None = None
    inhibited: Inhibited | None = None
    actions_offset: int = 0
    substitutes: list[Substitute] = []
    schema: int = 1  # absent on the wire means 1

    @property
    def enterprise(self) -> str:
        """Code of the enterprise that the alert is about; empty for any other."""
        return "" if self.good else self.site

    @property
    def order(self) -> tuple[AsOf, str, int]:
        """What of two transitions of one key says which is newer.

        One evaluation may bring several episodes (a chunk that closes many dates), and each counts from 0.
        """
        return self.as_of, self.since, self.seq

    def supersedes(self, known: Alert) -> bool:
        """Return whether this record, read after ``known`` of the same key, takes its place.

        Of one transition the record with the later actions does, even where its ``as_of`` is lower: a worker
        that was killed goes on from a lower position, and what is done then must not wait for the old one. Of equal
        records the one read later does: silences end and inhibitors move without a new position.
        """
        if (self.id, self.seq) != (known.id, known.seq):
            return self.order > known.order
        return self._marked >= known._marked

    @property
    def _marked(self) -> tuple[int, int, AsOf]:
        return self.as_of.ordinal, self.actions_offset, self.as_of


class Matcher(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which alerts a silence covers: each list names what is admitted, an empty one admits everything.

    A prefecture's or a province's code takes in the regions below it. ``levels`` are those at which an alert is
    covered: one that rises above them is sent.
    """

    regions: list[str] = []
    goods: list[str] = []
    packs: list[str] = []
    rules: list[str] = []
    sites: list[str] = []
    levels: list[Level] = []


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person did about alerts (``alert.actions``), one record per action and partition that it concerns.

    ``acknowledge`` and ``comment`` name an episode by ``alert`` (its id) and ``key``; ``seq`` and ``level`` are of
    the transition that was seen, so that an older acknowledgement does not cover a higher level. ``silence`` has an
    id of its own, a ``matcher`` and ``until``; ``unsilence`` ends it. ``note`` is the words given with it.
    """

    event_id: str
    sender: str
    kind: ActionKind
    by: str
    time: str
    note: str = ""
    alert: str = ""
    key: str = ""
    seq: int = 0
    level: Level = "none"
    silence: str = ""
    matcher: Matcher | None = None
    until: str | None = None
    schema: int = 1  # absent on the wire means 1


class ExtentLine(msgspec.Struct, frozen=True, gc=False):
    """One good of a prefecture under one rule: its own level, and how many counties report and are affected.

    ``rule`` is the rule's name in a rulebook. Where no county reports, ``reporting`` is 0 and the level ``none``.
    """

    rule: str
    good: str
    level: Level
    reporting: int
    affected: int


class Extent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a prefecture's agent tells the agent of provinces and the nation once it has closed a date (``extents``).

    It tells of every date in turn, also where there is nothing to say. A ``correction`` has the lines that changed
    after late events; where somebody corrected a value that they rest on, ``corrected_at`` is as of when.
    ``silent``: the prefecture never sent anything, only the clock closed this date and those before.
    """

    prefecture: str
    date: str
    kind: QuoteKind = "retail"
    lines: list[ExtentLine] = []
    correction: bool = False
    corrected_at: str | None = None
    silent: bool = False
    schema: int = 1  # absent on the wire means 1
