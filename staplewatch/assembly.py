"""Settings made into parts: catalogue, rules, engines, worker, warehouse."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import warehouse as stores
from schemas import catalogue as catalogues
from schemas import topics
from schemas.catalogue import Catalogue
from serving import county_map
from staplewatch.errors import CommandError
from staplewatch.settings import Settings
from staplewatch.words import say
from streams import native, ruling
from streams.alerts import packs
from streams.alerts.packs import Pack, PackError
from streams.alerts.rulebook import NATION, Rulebook
from streams.engine import Engine
from streams.health import Probes
from streams.options import MIB, Options, WorkerOptions
from streams.partners import Partners
from streams.worker import Worker
from warehouse.errors import state_of

if TYPE_CHECKING:
    from streams.ports import EngineFactory
    from warehouse.protocol import Warehouse

#: Of the five seconds that Ctrl-C may take, what the worker may spend on storing what it has;
WORKER_STOP_SECONDS: Final = 3.5
#: and of the ten that a worker by itself may take to end.
SOLO_STOP_SECONDS: Final = 7.0


def load_catalogue(directory: Path | None) -> Catalogue:
    """Return the catalogue; ``CommandError`` lists what is wrong with file, row and column."""
    try:
        return catalogues.load(directory)
    except (catalogues.CatalogueError, OSError) as error:
        raise CommandError(str(error)) from error


def load_map(path: Path | None, catalogue: Catalogue) -> county_map.CountyMap | None:
    """Return the wall's map, None where none is set; ``CommandError`` says what is wrong with the file."""
    if path is None:
        return None
    try:
        return county_map.load(path, catalogue)
    except county_map.MapError as error:
        raise CommandError(say(error.chinese, error.english)) from error


def counties_missing(shown: county_map.CountyMap, catalogue: Catalogue) -> str:
    """Return in words which counties the map lacks, empty where it lacks none."""
    if not shown.missing:
        return ""
    names = [say(catalogue.regions[code].short_zh, catalogue.regions[code].short_en) for code in shown.missing]
    more = " …" if len(names) > MOST_MISSING else ""
    return say(
        f"地图缺 {len(names)} 个县区，以方格补示：{'、'.join(names[:MOST_MISSING])}{more}",
        f"the map lacks {len(names)} counties, drawn as tiles: {', '.join(names[:MOST_MISSING])}{more}",
    )


#: Shown of the counties that a map lacks.
MOST_MISSING: Final = 10
#: Shown of what a pack wants and cannot have.
MOST_NAMES = 4
#: Regions that an unknown one may have been meant for.
MOST_NEAR = 3

#: Grid points decided before the event loop has its turn: some 50 ms, well below a heartbeat.
STEPS_AT_ONCE = 150
ADVICE: Final[dict[str, tuple[str, str]]] = {
    "away": ("检查 --warehouse 地址，以及服务器是否在运行", "check --warehouse and that the server is running"),
    "read-only": ("用户需要写权限", "give its user the right to write"),
    "disk full": ("清理服务器磁盘", "make room on the server's disk"),
    "busy": ("稍后再试", "try again later"),
}


def quarantined(settings: Settings) -> bool:
    """Return whether quotes that look wrong are held back: the contract with backtests is about all quotes."""
    return not settings.event_time if settings.quarantine is None else settings.quarantine == "on"


def choose_packs(settings: Settings, catalogue: Catalogue) -> dict[int, list[tuple[str, Pack]]]:
    """Return the packs of the settings by region (``NATION``: everywhere else), each with what named it.

    ``CommandError`` says which pack is wrong, where in it, and which region the catalogue does not have.
    """
    chosen = {NATION: [(each, _pack(each, "--packs")) for each in settings.packs]}
    for code, references in settings.region_packs.items():
        if int(code) not in catalogue.regions:
            raise CommandError(no_region(code, catalogue))
        chosen[int(code)] = [(each, _pack(each, f"--region-packs {code}")) for each in references]
    return chosen


def reads_in_rust(settings: Settings) -> bool:
    """Return whether the decoder in Rust is used; ``CommandError`` if it is asked for and cannot be loaded."""
    if settings.native == "off" or (settings.native == "auto" and not native.available()):
        return False
    try:
        native.load()
    except native.Missing as error:
        msg = say(
            f"Rust 解码器无法加载（{error}）：运行 make native，或设 --native off",
            f"the decoder in Rust cannot be loaded ({error}): run make native, or set --native off",
        )
        raise CommandError(msg) from error
    return True


def load_rules(settings: Settings, catalogue: Catalogue) -> Rulebook:
    """Return the rules of the packs in the settings; ``CommandError`` says where a pack is wrong.

    Where quotes are held back, those that tell of it belong to them: a pack that brings such rules of its own
    takes the place of the one that is shipped.
    """
    return compose(choose_packs(settings, catalogue), catalogue, quarantine=quarantined(settings))


def compose(chosen: Mapping[int, Sequence[tuple[str, Pack]]], catalogue: Catalogue, *, quarantine: bool) -> Rulebook:
    """Return the rules of chosen packs; ``CommandError`` says what cannot go together or be followed live."""
    try:
        plain = {code: [pack for _, pack in each] for code, each in chosen.items()}
        return ruling.compose(plain, catalogue, quarantine=quarantine)
    except ruling.NotLiveError as error:
        raise CommandError(_not_live(error.pack, error.names)) from error
    except PackError as error:
        msg = f"--packs: {error}"
        raise CommandError(msg) from error


def _pack(reference: str, option: str) -> Pack:
    try:
        return packs.load(reference)
    except (PackError, OSError) as error:
        msg = f"{option}: {error}"
        raise CommandError(msg) from error


def no_region(code: str, catalogue: Catalogue, option: str = "--region-packs") -> str:
    """Return what is said of a region that the catalogue does not have, with those that may be meant."""
    known = {f"{each:06d}": region for each, region in catalogue.regions.items()}
    near = difflib.get_close_matches(code, known, MOST_NEAR)
    chinese = "、".join(f"{each} {known[each].short_zh}" for each in near)
    english = ", ".join(f"{each} {known[each].short_en}" for each in near)
    return say(
        f"{option}：目录中没有地区 {code}" + (f"，是否指 {chinese}" if near else ""),
        f"{option}: the catalogue has no region {code}" + (f"; did you mean {english}?" if near else ""),
    )


def _not_live(pack: str, missing: tuple[str, ...]) -> str:
    names = ", ".join(missing[:MOST_NAMES]) + (" …" if len(missing) > MOST_NAMES else "")
    return say(
        f"--packs：规则包 {pack} 需要实时流尚不计算的 {names}：请去掉它，或用 staplewatch backtest 评估历史",
        f"--packs: pack {pack} needs {names}, which the stream does not compute yet: "
        "leave it out, or evaluate history with staplewatch backtest",
    )


def engine_options(settings: Settings) -> Options:
    """Return how events become indicators."""
    return Options(
        timezone=settings.timezone,
        event_time=settings.event_time,
        inputs=tuple(topics.TIMED_NAMES[name] for name in settings.inputs),
        close_after=settings.close_after,
        coverage=settings.coverage,
        quarantine=quarantined(settings),
        native=reads_in_rust(settings),
        most_steps=STEPS_AT_ONCE,
    )


def worker_options(
    settings: Settings, servers: str, partitions: int, *, embedded: bool, stop_seconds: float = WORKER_STOP_SECONDS
) -> WorkerOptions:
    """Return how the worker talks to Kafka and the warehouse."""
    return WorkerOptions(
        broker=servers,
        data=settings.data,
        group=settings.group,
        slot=settings.slot,
        embedded=embedded,
        partitions=partitions,
        metrics_host=settings.metrics_host,
        metrics_port=settings.metrics_port,
        buffer_bytes=settings.buffer_mib * MIB,
        flush_seconds=settings.flush_seconds,
        snapshot_seconds=settings.snapshot_seconds,
        history_days=settings.history_days,
        stop_seconds=stop_seconds,
        stall_seconds=settings.stall_seconds,
        stall_exit_seconds=settings.stall_exit_seconds,
        engine=engine_options(settings),
    )


def engines(settings: Settings, catalogue: Catalogue, rules: Rulebook, partitions: int) -> EngineFactory:
    """Return what makes the engine of a partition."""
    options = engine_options(settings)

    def make(partition: int, epoch: str, ordinal: int) -> Engine:
        return Engine(partition, partitions, catalogue, rules, options, epoch, ordinal)

    return make


def partner_regions(settings: Settings, catalogue: Catalogue) -> Partners:
    """Return whom each prefecture may ask for substitutes; ``CommandError`` names a region that there is not."""
    chosen = {
        own: [each for name in names for each in _prefectures(catalogue, name)]
        for code, names in settings.partners.items()
        for own in _prefectures(catalogue, code)
    }
    return Partners(catalogue.prefectures, chosen)


def _prefectures(catalogue: Catalogue, code: str) -> list[int]:
    """Return the prefecture, or those of the province, that a code of setting ``partners`` names."""
    found = [each for each in catalogue.prefectures if f"{each:06d}" == code or f"{each // 10_000:02d}0000" == code]
    if not found:
        raise CommandError(no_region(code, catalogue, "partners"))
    return found


def make_worker(
    settings: Settings,
    catalogue: Catalogue,
    rules: Rulebook,
    warehouse: Warehouse,
    *,
    servers: str,
    partitions: int,
    embedded: bool,
    probes: Probes | None = None,
    stop_seconds: float = WORKER_STOP_SECONDS,
) -> Worker:
    """Return a worker that was not started."""
    return Worker(
        worker_options(settings, servers, partitions, embedded=embedded, stop_seconds=stop_seconds),
        warehouse,
        engines(settings, catalogue, rules, partitions),
        catalogue.prefectures,
        partners=partner_regions(settings, catalogue),
        wait_for_broker=settings.wait_for_parts is not False,
        probes=probes,
    )


def open_probes(settings: Settings) -> Probes:
    """Return the probes; ``CommandError`` when their port is taken."""
    try:
        return Probes(settings.metrics_host, settings.metrics_port, stuck_seconds=settings.stall_exit_seconds)
    except OSError as error:
        where = f"{settings.metrics_host}:{settings.metrics_port}"
        reason = error.strerror or error
        msg = say(
            f"指标与探针无法监听 {where}（{reason}）：换一个 --metrics-port",
            f"metrics and probes cannot listen on {where} ({reason}): choose another --metrics-port",
        )
        raise CommandError(msg) from error


def open_warehouse(url: str) -> Warehouse:
    """Return a warehouse that answers and has all its tables; ``CommandError`` says what to do."""
    try:
        return connect(url)
    except stores.WarehouseUnavailable as error:
        raise CommandError(unusable(error)) from error


def connect(url: str, *, reading: bool = False) -> Warehouse:
    """Return a warehouse that answers and has all its tables.

    With ``reading`` one that takes no writes will do, if its tables are there. Raises
    ``WarehouseUnavailable`` for what time may mend, else ``CommandError``.
    """
    try:
        store = stores.connect(url)
        try:
            _prepare(store, reading=reading)
        except BaseException:
            store.close()
            raise
    except stores.WarehouseError as error:
        raise CommandError(unusable(error)) from error
    return store


def _prepare(store: Warehouse, *, reading: bool) -> None:
    try:
        store.migrate()
    except stores.WarehouseReadOnly:
        if not reading:
            raise
        store.query("counts")  # raises where there are no tables


def unusable(error: Exception) -> str:
    """Return one line on a warehouse that cannot be used, and what to do about it."""
    chinese, english = ADVICE.get(
        state_of(error),
        ("检查 --warehouse 地址，以及服务器是否在运行", "check --warehouse and that the server is running"),
    )
    return say(f"仓库无法使用：{error}：{chinese}", f"the warehouse cannot be used: {error}: {english}")
