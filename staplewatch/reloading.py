"""Other rules for running workers: packs as the settings name them now, made into a record for every partition."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from schemas import topics
from staplewatch import assembly, instance, people, sending, source
from staplewatch.errors import CommandError
from staplewatch.settings import Settings
from staplewatch.words import say
from streams import ruling
from streams.alerts.packs import PackError
from streams.alerts.rulebook import NATION, choice
from streams.ruling import LONGEST_NOTE
from warehouse.errors import WarehouseError, WarehouseUnavailable

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue
    from schemas.ruling import RulesChange
    from streams.alerts.packs import Pack
    from streams.alerts.rulebook import Rulebook
    from streams.worker import Worker
    from warehouse.protocol import Warehouse

log = structlog.get_logger(__name__)

SENDER: Final = "cli"
#: Every worker of a group follows within a second; one that reads a backlog needs longer.
CONFIRM_SECONDS: Final = 30.0
STEP_SECONDS: Final = 0.2


class Reloading:
    """Takes SIGHUP over: settings and packs are read again and sent to all workers, or refused in one log line.

    ``read`` returns the settings as they are now, ``worker`` the one that runs, None while none does. Where the
    process has a terminal that is gone, the signal means what it always did: the end.
    """

    def __init__(self, read: Callable[[], Settings], catalogue: Catalogue, worker: Callable[[], Worker | None]) -> None:
        self._read, self._catalogue, self._worker = read, catalogue, worker
        self._terminal = has_terminal()
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self) -> None:
        """Listen from now on; call it in the running loop."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked)

    def _asked(self) -> None:
        if self._terminal and not has_terminal():
            os.kill(os.getpid(), signal.SIGTERM)
            return
        task = asyncio.create_task(self.reload())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def reload(self) -> None:
        """Send the packs of the settings as they are now; the old rules stay where that fails."""
        worker = self._worker()
        if worker is None:
            log.warning("rules not reloaded: the worker has not started yet; the old rules stay")
            return
        try:
            change = await asyncio.to_thread(self._change, f"worker-{worker.options.slot}")
            await worker.send_rules(change)
        except CommandError as error:
            log.error("rules not reloaded, the old ones stay", reason=str(error))
        except (OSError, TimeoutError) as error:
            log.error("rules not reloaded, the broker does not answer; the old ones stay", reason=str(error))
        else:
            log.info("rules reloaded", change=change.event_id, packs=told(change))

    def _change(self, sender: str) -> RulesChange:
        settings = self._read()
        return make(settings, self._catalogue, sender=sender, by=people.user(), note="SIGHUP")


def remind(warehouse: Warehouse, rules: Rulebook, catalogue: Catalogue, *, quarantine: bool) -> None:
    """Log one line where the rules in force, changed while workers ran, are not those of this process's settings."""
    try:
        last = ruling.newest_stored(warehouse.query("rule_changes", {"limit": 1}))
        if last is None:
            return
        same = ruling.compose(ruling.packs_of(last), catalogue, quarantine=quarantine).fingerprint
    except (WarehouseError, WarehouseUnavailable, PackError) as error:
        log.warning("which rules are in force is not known yet", reason=str(error))
        return
    if same != rules.fingerprint:
        log.warning(
            "the rules in force are those of the last change, not those of the settings: staplewatch rules reload",
            since=last.time,
            by=last.by,
            packs=told(last),
        )


def has_terminal() -> bool:
    """Return whether the process has a terminal that still exists."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def make(settings: Settings, catalogue: Catalogue, *, sender: str, by: str, note: str) -> RulesChange:
    """Return the packs of the settings as a record, once they are known to go together. Raises ``CommandError``."""
    if len(note) > LONGEST_NOTE:
        raise CommandError(
            say(f"--note：最多 {LONGEST_NOTE} 个字符", f"--note: at most {LONGEST_NOTE} characters: make it shorter")
        )
    chosen: Mapping[int, Sequence[tuple[str, Pack]]] = assembly.choose_packs(settings, catalogue)
    assembly.compose(chosen, catalogue, quarantine=True)
    return ruling.change(chosen, sender=sender, by=by, at=time.time(), note=note)


def send(settings: Settings, change: RulesChange, patience: float) -> int:
    """Send a change to every partition; return their number once the broker has it. Raises ``CommandError``."""
    with sending.producer(sending.target(settings, patience)) as producer:
        value = msgspec.json.encode(change)
        for partition in range(producer.partitions):
            producer.forward(topics.RULES, partition, change.event_id.encode(), value, [])
        producer.flush()
        return producer.partitions


def confirmed(settings: Settings, event_id: str, partitions: int, seconds: float = CONFIRM_SECONDS) -> int:
    """Wait until every partition follows a change; return how many do after that time at most."""
    deadline, known = time.monotonic() + seconds, 0
    while known < partitions and time.monotonic() < deadline:
        found = [row for row in changes(settings) if row["event_id"] == event_id]
        known = found[0]["partitions"] if found else 0
        if known < partitions:
            time.sleep(STEP_SECONDS)
    return known


def changes(settings: Settings, *, direct: bool = False) -> list[dict[str, Any]]:
    """Return the changes of the rules that are recorded, the one that holds first. Raises ``CommandError``."""
    with source.opened(settings, direct=direct) as answers:
        return answers.ask("rules/changes", {})


def told(change: RulesChange) -> str:
    """Return in one line which packs hold where: ``live 1+ab, cover 1+cd; 540100: live 1+ef``."""
    where = []
    for code, places in sorted(change.chosen.items()):
        listed = ", ".join(f"{change.packs[place].reference} {change.packs[place].version}" for place in places)
        where.append(f"{code}: {listed}" if int(code) else listed)
    return "; ".join(where)


def wanted(settings: Settings) -> Settings:
    """Return settings whose packs are to hold: where they name none, those of the directory's running instance."""
    if settings.model_fields_set & {"packs", "region_packs"}:
        return settings
    found = instance.find(settings.data)
    if found is None or not found.packs:
        return settings
    return settings.model_copy(update={"packs": found.packs, "region_packs": found.region_packs})


def in_force(settings: Settings, region: str | None) -> list[dict[str, Any]]:
    """Return the packs that hold, by the region that they were chosen for; for ``region`` those that hold there.

    Those of the newest change that is recorded, without one those of the settings. Raises ``CommandError``.
    """
    catalogue = assembly.load_catalogue(settings.catalogue)
    if region is not None and not (topics.is_code(region) and int(region) in {*catalogue.regions, NATION}):
        raise CommandError(assembly.no_region(region, catalogue, "--region"))
    recorded = newest(settings)
    rows = _recorded(recorded) if recorded else _of_settings(wanted(settings), catalogue)
    chosen = [int(row["region"]) for row in rows]
    if region is not None:
        holds = choice(int(region), chosen)
        rows = [row for row in rows if int(row["region"]) == holds]
    return [{**row, "name": _name(int(row["region"]), catalogue)} for row in rows]


def newest(settings: Settings) -> dict[str, Any] | None:
    """Return the recorded change that holds, None where there is none or nobody to ask. Raises ``CommandError``."""
    recorded = changes(settings) if _has_answers(settings) else []
    return recorded[0] if recorded else None


def _has_answers(settings: Settings) -> bool:
    held = instance.find(settings.data) is not None or (settings.data / "warehouse").is_dir()
    return settings.warehouse is not None or held


def _recorded(change: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**pack, "since": change["at"], "by": change["by"]} for pack in change["packs"]]


def _of_settings(settings: Settings, catalogue: Catalogue) -> list[dict[str, Any]]:
    return [
        {"region": f"{code:06d}", "reference": reference, "pack": pack.name, "kind": pack.kind}
        | {"version": pack.version, "since": None, "by": say("设置", "settings")}
        for code, each in sorted(assembly.choose_packs(settings, catalogue).items())
        for reference, pack in each
    ]


def _name(code: int, catalogue: Catalogue) -> str:
    if code == NATION:
        return say("其余各地", "everywhere else")
    return say(catalogue.regions[code].short_zh, catalogue.regions[code].short_en)
