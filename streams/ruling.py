"""Records of topic ``rules.changes``: packs made into a record, a record made into rules, and rows of ``rule_changes``.

Of all changes the newest by (time, event id) holds, so a rebuild may take it from the table before the topic brings
it again, and every worker ends up with the same rules.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pyarrow as pa

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.ruling import PackText, RulesChange
from streams import frames
from streams.alerts import packs
from streams.alerts.packs import Pack, PackError
from streams.alerts.rulebook import NATION, Rulebook
from streams.fields import checked, epoch_seconds, named, refuse
from streams.market import KINDS
from streams.options import Options

TABLE: Final = "rule_changes"
#: Indicators that an error names.
MOST_NAMES: Final = 4
#: Packs of one change: eleven are shipped, each for two kinds of price, and regions have versions of their own.
MOST_PACKS: Final = 500
LONGEST_NOTE: Final = 2_000
#: Packs kept after they were read: every partition of a worker reads the same ones.
CACHE: Final = 256

#: Chosen packs by region; ``NATION`` has those that hold where no region has packs of its own.
Chosen = Mapping[int, Sequence[Pack]]


class NotLiveError(PackError):
    """A pack reads indicators (``names``) that the stream does not compute."""

    def __init__(self, pack: str, names: Sequence[str]) -> None:
        self.pack, self.names = pack, tuple(names)
        listed = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
        super().__init__(pack, f"it needs {listed}, which the stream does not compute: leave it out")


def compose(chosen: Chosen, catalogue: Catalogue, *, quarantine: bool) -> Rulebook:
    """Return the rules of chosen packs; where quotes are held back, with those that tell of it.

    Packs that bring such rules of their own take the place of the one that is shipped. Raises ``PackError``, also
    for a region that the catalogue does not have, and ``NotLiveError``.
    """
    unknown = [code for code in chosen if code not in catalogue.regions and code != NATION]
    if unknown:
        region = f"region {unknown[0]:06d}"
        raise PackError(region, "the catalogue has no region with this code")
    whole = {code: [*each, *(_telling(each) if quarantine else ())] for code, each in chosen.items()}
    rules = Rulebook(whole.pop(NATION, []), catalogue, whole)
    for rule in rules.rules.values():
        if missing := frames.missing(rule):
            raise NotLiveError(rule.pack, missing)
    return rules


def _telling(chosen: Sequence[Pack]) -> list[Pack]:
    watched = {rule.kind for pack in chosen for rule in pack.rules if rule.trigger == "quote"}
    return [packs.load(f"{packs.SUSPECT}:{kind}") for kind in KINDS if kind not in watched]


# -- records


def change(
    chosen: Mapping[int, Sequence[tuple[str, Pack]]], *, sender: str, by: str, at: float, note: str = ""
) -> RulesChange:
    """Return the record of chosen packs, each with the reference that named it; ``at`` is the present, epoch s."""
    texts: list[PackText] = []
    places = {
        f"{code:06d}": [_place(texts, reference, pack) for reference, pack in each] for code, each in chosen.items()
    }
    # Of two changes in one second the later one holds: ids ascend with time.
    event_id = f"{int(at * 1e6):020d}-{uuid.uuid4().hex[:8]}"
    return RulesChange(event_id, sender, by, _rfc3339(int(at)), texts, places, note)


def _place(texts: list[PackText], reference: str, pack: Pack) -> int:
    """Return the place of a pack among the texts, once it is there."""
    below = {name: content.decode() for name, content in pack.below.items()}
    text = PackText(reference, pack.name, pack.version, pack.content.decode(), pack.kind, below)
    if text not in texts:
        texts.append(text)
    return texts.index(text)


def order(of: RulesChange) -> tuple[float, str]:
    """Return what says which of two changes holds: the higher one."""
    return datetime.fromisoformat(of.time).timestamp(), of.event_id


def packs_of(of: RulesChange) -> dict[int, list[Pack]]:
    """Return the packs of a change by region. Raises ``PackError`` for one that cannot be read."""
    read = [_pack(each.reference, each.content, each.kind, tuple(sorted(each.below.items()))) for each in of.packs]
    return {int(code): [read[place] for place in places] for code, places in of.chosen.items()}


@functools.lru_cache(CACHE)
def _pack(reference: str, content: str, kind: Any, below: tuple[tuple[str, str], ...]) -> Pack:
    given = {name: text.encode() for name, text in below}
    return packs.parse_pack(content.encode(), reference, kind, below=given)


class RulesReader:
    """Reads the changes of the rules."""

    def __init__(self, catalogue: Catalogue, options: Options) -> None:
        self._catalogue, self._options = catalogue, options
        self._decoder = msgspec.json.Decoder(RulesChange)

    def read(self, value: bytes | None, wall: float) -> RulesChange:
        """Return the change of a record once its rules can be followed; ``wall`` is the present, epoch seconds.

        Raises one of ``decode.UNREADABLE``.
        """
        found = self._decoder.decode(checked(value, self._options.max_record_bytes))
        named(event_id=found.event_id, sender=found.sender, by=found.by)
        at, ahead = epoch_seconds(found.time), self._options.ahead
        if not self._options.earliest <= at <= wall + ahead:
            refuse("validate", f"time {found.time[:40]} is before 2000 or over {ahead} s ahead: check the clock")
        self._check(found)
        try:
            self.rules(found)
        except PackError as error:
            refuse("validate", str(error)[:LONGEST_NOTE])
        return msgspec.structs.replace(found, time=_rfc3339(at), schema=1)

    def _check(self, found: RulesChange) -> None:
        if len(found.note) > LONGEST_NOTE or len(found.packs) > MOST_PACKS:
            refuse("validate", f"a change has at most {MOST_PACKS} packs, and a note of {LONGEST_NOTE} characters")
        strange = [code for code in found.chosen if not topics.is_code(code)]
        if strange or f"{NATION:06d}" not in found.chosen:
            refuse("validate", "chosen has codes such as 540100, and 000000 for what holds everywhere else")
        if any(not 0 <= place < len(found.packs) for places in found.chosen.values() for place in places):
            refuse("validate", f"chosen names a place outside the list of {len(found.packs)} packs")

    def rules(self, found: RulesChange) -> Rulebook:
        """Return the rules of a change. Raises ``PackError``."""
        return compose(packs_of(found), self._catalogue, quarantine=self._options.quarantine)


# -- rows


def change_rows(found: Sequence[tuple[int, RulesChange]], epoch: str, partition: int, now: int) -> dict[str, list[Any]]:
    """Return changes (offset, change) as columns of table ``rule_changes``."""
    size = len(found)
    changes = [each for _, each in found]
    rows: dict[str, list[Any]] = {name: [getattr(each, name) for each in changes] for name in _PLAIN}
    rows |= {"epoch": [epoch] * size, "partition": [partition] * size, "offset": [offset for offset, _ in found]}
    rows["author"] = [each.by for each in changes]
    rows["at"] = [int(order(each)[0]) for each in changes]
    rows["change"] = [msgspec.json.encode(each).decode() for each in changes]
    return rows | {"ingested": [now] * size}


_PLAIN: Final = ("event_id", "sender", "note")


def newest_stored(table: pa.Table) -> RulesChange | None:
    """Return the newest change of query ``rule_changes``, None where there is none."""
    found = [msgspec.json.decode(row["change"], type=RulesChange) for row in table.select(["change"]).to_pylist()]
    return max(found, key=order, default=None)


def _rfc3339(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
