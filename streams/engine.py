"""All state of one partition: events in; rows, live records and alerts out. No I/O, no clock of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import LEVELS, Action, Alert, AsOf, Substitute
from schemas.ruling import RulesChange
from streams import lockstep
from streams.absent import Absent
from streams.actions import TABLE as ACTIONS
from streams.actions import ActionReader, action_rows, stored_actions
from streams.advice import Advisor
from streams.alerts.lifecycle import Book
from streams.alerts.rulebook import Rulebook
from streams.alerts.transition import Transition
from streams.chunk import Chunk
from streams.clocks import Clocks
from streams.decode import TOPICS, Columns, Decoder
from streams.derived import POSITION_BITS, taken
from streams.extents import Extents
from streams.indicators.civil import DAY
from streams.indicators.prices import Ground
from streams.inflow import arrivals
from streams.intake import Intake
from streams.judge import Judge
from streams.live import indicators_of
from streams.market import KINDS
from streams.marking import Marker
from streams.options import Options, of_state
from streams.origins import Origins
from streams.outcome import Outcome
from streams.panel import judge_together
from streams.prefecture import Prefecture
from streams.queues import Events
from streams.registry import Registries, Registry
from streams.replayed import Replayed, remember, replayed, versions
from streams.rows import alert_rows, stored_transitions
from streams.ruling import TABLE as RULE_CHANGES
from streams.ruling import RulesReader, change_rows, newest_stored, order
from streams.seen import Seen
from streams.setup import Setup
from streams.snapshot import FORMAT, Frozen, SnapshotMismatch, freeze, unpack
from streams.standby import Need


class Engine:
    """Indicators and alerts of one partition.

    ``offsets`` holds the next offset of every topic; records below it are ignored. ``wall`` is
    the present in epoch seconds wherever it is asked for.
    """

    def __init__(
        self,
        partition: int,
        partitions: int,
        catalogue: Catalogue,
        rulebook: Rulebook,
        options: Options,
        epoch: str,
        ordinal: int,
    ) -> None:
        self.partition, self.epoch, self.ordinal = partition, epoch, ordinal
        self.offsets: dict[str, int] = {}
        self._setup = Setup(catalogue, options)
        self._partitions = partitions
        self._rules = RulesReader(catalogue, options)
        #: What changed the rules last; None while those of the settings hold.
        self._change: RulesChange | None = None
        self._seen = Seen()
        self._decoder = Decoder(catalogue, partition, partitions, self._setup.civil, options, self._seen)
        self._clocks = Clocks(options)
        self._registries = Registries()
        self._follow(rulebook)
        self._actions = ActionReader(partition, partitions, options)
        self._marker = Marker(self._registries.owner)
        self._intake = Intake(epoch, partition)
        self._published = 0.0
        #: Episodes that ended since the snapshot: perhaps stored and not published before the worker died.
        self._adopted: list[Transition] = []
        # Not the rulebook: alerts are loaded rule by rule, a changed threshold must not cost 35 days of raw rows.
        sources = (FORMAT, f"{partition}/{partitions}", catalogue.fingerprint, of_state(options))
        text = " ".join(str(source) for source in sources)
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()

    def _follow(self, rulebook: Rulebook) -> None:
        """Make everything that knows of rules, without a state."""
        catalogue = self._setup.catalogue
        self._rulebook = rulebook
        self._book = Book(rulebook, catalogue, self._setup.civil.zone)
        self._judge = Judge(rulebook, self._book, self._setup.goods)
        self._places: dict[int, Prefecture] = {}
        self._origins = Origins(self._place)
        self._advisor = Advisor(rulebook, self._places, self._setup)
        telling = [kind for kind in KINDS if self._judge.reaches_above(kind)]
        mine = [code for code in catalogue.prefectures if topics.partition_of(code, self._partitions) == self.partition]
        self._ground = Ground(sum(len(catalogue.counties(code)) for code in mine) * len(self._setup.goods))
        #: Prefectures that never sent anything; the extents above them must not wait for them.
        self._absent = {
            code: Absent(code, self._setup, telling) for code in mine if telling and catalogue.counties(code)
        }
        self._extents = Extents(self._judge, self._setup)

    # -- events

    def apply(self, chunk: Chunk, wall: float) -> Outcome:
        """Apply the records of one chunk and all that became due."""
        outcome = Outcome()
        expected = self.offsets.get(chunk.topic, 0)
        start = next((index for index, offset in enumerate(chunk.offsets) if offset >= expected), len(chunk.offsets))
        if chunk.topic == topics.CLOCK:
            self._intake.read_each(chunk, start, wall, outcome, lambda value: self._clocks.read(value, wall))
        elif chunk.topic == topics.EXTENTS:
            self._intake.read_each(chunk, start, wall, outcome, lambda value: self._extents.read(value, self.partition))
        elif chunk.topic == topics.ACTIONS:
            self._read_actions(chunk, start, wall, outcome)
        elif chunk.topic == topics.RULES:
            self._read_rules(chunk, start, wall, outcome)
        else:
            self._read_events(chunk, start, wall, outcome)
        self.offsets[chunk.topic] = max(expected, chunk.next_offset)
        self._run(wall, outcome)
        self._mark_again(wall, outcome)
        return outcome

    def ahead(self, chunk: Chunk) -> None:
        """Begin with a chunk that will be applied soon: what can be done beside the interpreter."""
        self._decoder.ahead(chunk)

    def _read_events(self, chunk: Chunk, start: int, wall: float, outcome: Outcome) -> None:
        decoded = self._decoder.decode(chunk, wall, start)
        self._absorb(decoded.table, decoded.columns, wall)
        self._intake.note_resent(chunk, start, decoded.columns, decoded.dead, wall, outcome)
        self._intake.bury(decoded.dead, wall, outcome)
        outcome.add_rows(decoded.table, self._intake.addressed(chunk.topic, decoded.columns, int(wall)))
        counted = "entities" if decoded.table == "registry" else "lines"
        outcome.count(counted, len(decoded.columns["offset"]))
        for name in ("events", "repeats", "dropped", "corrected", "corrects_unknown"):
            outcome.count(name, getattr(decoded, name))

    def _read_actions(self, chunk: Chunk, start: int, wall: float, outcome: Outcome) -> None:
        """Note what people did about alerts; it bears on marks and on no transition."""
        taken: list[Action] = []
        self._intake.read_each(chunk, start, wall, outcome, lambda value: taken.append(self._actions.read(value, wall)))
        self._marker.take(taken, wall)
        outcome.add_rows(ACTIONS, action_rows(taken))
        outcome.count("actions", len(taken))

    def _read_rules(self, chunk: Chunk, start: int, wall: float, outcome: Outcome) -> None:
        """Follow the newest of these changes, if it is newer than what is followed; alerts without a rule end."""
        taken: list[RulesChange] = []
        places: list[int] = []
        self._intake.read_each(
            chunk, start, wall, outcome, lambda value: taken.append(self._rules.read(value, wall)), places
        )
        if not taken:
            return
        found = list(zip(places, taken, strict=True))
        outcome.add_rows(RULE_CHANGES, change_rows(found, self.epoch, self.partition, int(wall)))
        outcome.count("rule_changes", len(taken))
        if self._change_to(max(taken, key=order)):
            for place in self._places.values():
                place.refresh()
            # Of a later position than what the rules before them brought.
            self.offsets[chunk.topic] = chunk.next_offset
            outcome.alerts += self._alerts(self._book.retire(self._moment_of), self._as_of(wall), wall)

    def _change_to(self, change: RulesChange) -> bool:
        """Go on under other rules with all that is known, as after a restart; return whether they are newer."""
        if self._change is not None and order(change) <= order(self._change):
            return False
        rules, state = self._rules.rules(change), unpack(self.snapshot().pack())
        self._change = change
        self._follow(rules)
        self._load(state)
        return True

    def _absorb(self, table: str, columns: Columns, wall: float) -> None:
        """Hand rows of a raw table to their prefectures."""
        if table == "registry":
            self._registries.push(columns)
            return
        for place, events, latest in arrivals(table, columns, self._place, self._setup, self._origins):
            place.push(TOPICS[table], events, wall, latest)

    def registry(self, prefecture: int) -> Registry:
        """Return what is registered of a prefecture: contacts, opening hours, feeds."""
        return self._registries.of(prefecture)

    def _place(self, code: int) -> Prefecture:
        found = self._places.get(code)
        if found is None:
            found = self._places[code] = Prefecture(code, self._setup, self._judge, self.registry(code), self._ground)
            self._absent.pop(code, None)
        return found

    # -- time

    def tick(self, wall: float) -> Outcome:
        """Do what the passing of time makes due; call it every second."""
        outcome = Outcome()
        self._run(wall, outcome)
        self._mark_again(wall, outcome)
        return outcome

    def drain(self, wall: float) -> Outcome:
        """Return rows of what has begun but not ended: for a clean stop."""
        outcome = Outcome()
        for place in self._places.values():
            place.drain()
        self._collect(self._places.values(), wall, outcome, publish=True)
        self._mark_again(wall, outcome)
        return outcome

    def republish(self, wall: float) -> Outcome:
        """Return the newest live records and the open alerts, after a rebuild."""
        outcome = Outcome()
        self._marker.know(self._records(self._book.open_alerts(), self._as_of(wall), wall))
        for place in self._places.values():
            place.refresh()
        self._run(wall, outcome, publish=True)
        as_of = self._as_of(wall)
        retired = self._alerts(self._book.retire(self._moment_of), as_of, wall)
        outcome.alerts += retired
        version = self.ordinal << POSITION_BITS | self._position()
        if retired:
            outcome.add_rows("alert_transitions", alert_rows(retired, version))
        known = {alert.key for alert in outcome.alerts}
        ended, self._adopted = self._adopted, []
        current = self._alerts([*ended, *self._book.open_alerts()], as_of, wall)
        outcome.alerts += [alert for alert in current if alert.key not in known]
        outcome.needs += self._advisor.take()
        self._mark_again(wall, outcome)
        return outcome

    def support(self, need: Need, found: Sequence[Substitute], wall: float) -> Outcome:
        """Add substitutes from partner regions to an open alert, unless it has moved on since it was asked for them."""
        outcome = Outcome()
        told = self._marker.support(need, found, self._as_of(wall))
        if told is not None:
            outcome.marked.append(told)
            # One more than its own row, if nothing was read since: of two rows of one version either may be told.
            version = (self.ordinal << POSITION_BITS | self._position()) + 1
            outcome.add_rows("alert_transitions", alert_rows([told], version))
        return outcome

    def _records(self, transitions: Sequence[Transition], as_of: AsOf, wall: float) -> list[Alert]:
        return [self._book.to_alert(each, as_of, int(wall), self._setup.civil.zone) for each in transitions]

    def _alerts(self, transitions: Sequence[Transition], as_of: AsOf, wall: float) -> list[Alert]:
        told = self._advisor.complete(transitions, self._records(transitions, as_of, wall))
        return self._marker.mark(told, wall, self.offsets.get(topics.ACTIONS, 0))

    def _mark_again(self, wall: float, outcome: Outcome) -> None:
        """Publish the newest transition again where its marks changed: no row, the record alone carries them."""
        outcome.marked += self._marker.changed(self._as_of(wall), wall, self.offsets.get(topics.ACTIONS, 0))

    def _moment_of(self, region: int) -> int:
        """Return up to when everything is decided in the prefecture of ``region``."""
        found = self._setup.catalogue.regions.get(region)
        codes = {region, found.parent} if found else {region}
        return max((self._places[code].moment for code in codes & self._places.keys()), default=0)

    def _run(self, wall: float, outcome: Outcome, *, publish: bool = False) -> None:
        self._clocks.apply(self.offsets, {**self._places, **self._absent})
        moved = lockstep.advance(self._places.values(), wall)
        judge_together(self._judge, moved)
        self._extents.advance(wall)
        self._collect(self._places.values() if publish else moved, wall, outcome, publish=publish)

    def _collect(self, places: Collection[Prefecture], wall: float, outcome: Outcome, *, publish: bool) -> None:
        """Take what there is to tell of ``places``, and what lies above prefectures."""
        as_of, position = self._as_of(wall), self._position()
        for place in places:
            extents, place.extents = place.extents, []
            outcome.extents += extents
        for absent in self._absent.values():
            outcome.extents += absent.close(wall)
        version = self.ordinal << POSITION_BITS | position
        for place in places:
            if place.suspects:
                decided = place.suspects.take(version)
                for state in decided["state"]:
                    outcome.count(f"quotes_{state}", 1)
                outcome.add_rows("quote_suspects", decided)
        sources: list[Prefecture | Extents] = [*places, self._extents]
        written = taken([source.output for source in sources], position, self._setup.goods)
        outcome.add_rows("indicators", written)
        transitions: list[Transition] = []
        for source in sources:
            transitions += source.transitions
            source.transitions = []
        outcome.alerts += self._alerts(transitions, as_of, wall)
        outcome.needs += self._advisor.take()
        if outcome.alerts:
            outcome.add_rows("alert_transitions", alert_rows(outcome.alerts, version))
        if publish or wall - self._published >= self._setup.options.live_seconds:
            self._published = wall
            for place in self._places.values():
                outcome.live.update(indicators_of(place, self._setup, as_of))

    def _position(self) -> int:
        return sum(self.offsets.values())

    def _as_of(self, wall: float) -> AsOf:
        return AsOf(self.ordinal, self._position(), int(wall))

    @property
    def behind(self) -> bool:
        """Return whether more is due than one call decides (``Options.most_steps``): call ``tick`` at once."""
        return any(place.behind for place in self._places.values())

    # -- rebuild

    def snapshot(self) -> Frozen:
        """Return the whole state, next offsets included, as of now; ``Frozen.pack`` makes bytes of it in any thread."""
        return freeze(
            {
                "fingerprint": self.fingerprint,
                "epoch": self.epoch,
                "offsets": dict(self.offsets),
                "seen": self._seen.dump(),
                "clocks": self._clocks.dump(),
                "extents": self._extents.dump(),
                "absent": [absent.dump() for absent in self._absent.values()],
                "book": self._book.dump(),
                "registries": self._registries.dump(),
                "marks": self._marker.dump(),
                "rules": msgspec.to_builtins(self._change),
                "places": [[code, place.dump()] for code, place in self._places.items()],
            }
        )

    def restore(self, data: bytes) -> None:
        """Take over a snapshot. Raises ``SnapshotMismatch`` if it is of another format, catalogue or other options.

        From another epoch everything is taken but the offsets, which mean nothing in this one. After
        an error the engine is to be thrown away.
        """
        state = unpack(data)
        if state.get("fingerprint") != self.fingerprint:
            msg = "the snapshot is of another catalogue, other options or another format"
            raise SnapshotMismatch(msg)
        try:
            if (change := state.get("rules")) is not None:
                self._change = msgspec.convert(change, RulesChange)
                self._follow(self._rules.rules(self._change))
            self._load(state)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            msg = f"the snapshot has another layout: {error!r}"
            raise SnapshotMismatch(msg) from error

    def _load(self, state: dict[str, Any]) -> None:
        same = state["epoch"] == self.epoch
        self.offsets = dict(state["offsets"]) if same else {}
        self._seen.load(state["seen"])
        self._clocks.load(state["clocks"] if same else [])
        self._book.load(state["book"])
        self._marker.load(state["marks"])
        self._extents.load(state["extents"])
        self._registries.load(state["registries"])
        for code, saved in state["places"]:
            self._place(code).load(saved)
        self._origins = Origins(self._place)
        for saved in state["absent"]:
            if saved[0] in self._absent:  # else no rule looks above prefectures any more
                self._absent[saved[0]].load(saved, same=same)

    def rule(self, stored: pa.Table, *, read_again: bool) -> None:
        """Follow the newest stored change of the rules, before the events after the snapshot are replayed.

        In event-time mode not where the topic brings it: what was judged before it would be judged anew. Live at once,
        for what was judged is stored and adopted, and alerts of new rules must find them.
        """
        newest = None if read_again and self._setup.options.event_time else newest_stored(stored)
        if newest is not None:
            self._change_to(newest)

    def prepare(self, table: str, rows: pa.Table, rejected: pa.Table) -> Replayed:
        """Note raw rows of one place as seen and return them as events, ascending by offset.

        ``rejected`` (offset, line, lines) is what became dead letters of the same records.
        """
        if table == "registry":
            return versions(rows)
        remember(self._seen, table, rows, rejected, lambda at: self._setup.civil.locals(at) // DAY)
        return replayed(table, rows, self._place, self._setup)

    def replay(self, events: Replayed, begin: int, end: int) -> None:
        """Take in events [begin, end) of what ``prepare`` returned; they take effect with ``settle``."""
        if events.topic == topics.REGISTRY:
            self._registries.push({name: column[begin:end].tolist() for name, column in events.events.items()})
            self._read_up_to(events, begin, end)
            return
        prefecture = events.prefecture[begin:end]
        for code in np.unique(prefecture).tolist():
            chosen = begin + np.flatnonzero(prefecture == code)
            own = Events.of({name: column[chosen] for name, column in events.events.items()})
            self._place(code).push(events.topic, own, float(events.ingested[end - 1]))
        self._read_up_to(events, begin, end)

    def _read_up_to(self, events: Replayed, begin: int, end: int) -> None:
        if events.epoch == self.epoch and end > begin:
            reached = int(events.offset[end - 1]) + 1
            self.offsets[events.topic] = max(self.offsets.get(events.topic, 0), reached)

    def settle(self, wall: float) -> None:
        """Decide what had become due by ``wall``; what comes of it comes with ``republish``.

        Live, started buckets are not looked into: that costs 10 ms a prefecture, and how the chunks
        were cut that made it see a level is not known any more. ``adopt`` brings what it saw.
        """
        self._clocks.apply(self.offsets, {**self._places, **self._absent})
        lockstep.advance(self._places.values(), wall, ahead=False)
        while behind := [place for place in self._places.values() if place.behind]:
            lockstep.advance(behind, wall, ahead=False)
        judge_together(self._judge, self._places.values())

    def adopt(self, stored: pa.Table) -> None:
        """Live: take over the newest stored transition of every episode that moved since the snapshot.

        Chunks that are lost decided when a level was seen, so a replay may find another one; but
        what was stored was published, and must go on from there. Call it before ``republish``.
        """
        if self._setup.options.event_time:
            return  # there a replay brings exactly what was stored
        found = stored_transitions(stored, self._rulebook, self._setup.civil)
        self._adopted += self._book.adopt(found)
        self._extents.adopt(found)
        known = {each.id: each.seq for each, _ in found}
        for place in self._places.values():
            place.transitions = [each for each in place.transitions if each.seq > known.get(each.id, -1)]

    def recall(self, actions: pa.Table, rises: pa.Table, wall: float) -> None:
        """Take in stored actions, those known already among them, and where stored transitions changed a level."""
        self._marker.take([each for each in stored_actions(actions) if self._actions.is_ours(each)], wall)
        standing = {each.id for each in self._book.open_alerts()}
        found = ((row["id"], row["seq"], LEVELS.index(row["level"])) for row in rises.to_pylist())
        self._marker.rise(found, standing)

    def sizes(self) -> dict[str, int]:
        """Return the sizes of the state, for metrics."""
        places = self._places.values()
        return {
            "prefectures": len(self._places),
            "pairs": sum(market.pairs.size for place in places for market in place.markets.values()),
            "waiting": sum(len(queue) for place in places for queue in place.queues.values()),
            "seen": self._seen.size(),
            "alerts": self._book.size,
            "marks": self._marker.size,
            "late_beyond": sum(place.corrections.beyond for place in places),
        }

    def watermarks(self) -> dict[int, int]:
        """Return the latest event time seen per prefecture, epoch seconds."""
        return {code: max(queue.watermark for queue in place.queues.values()) for code, place in self._places.items()}
