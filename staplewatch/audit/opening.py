"""What is to be audited, opened: by settings, or as part of a running instance."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import warehouse as stores
from schemas import topics
from staplewatch import addresses, assembly, cluster
from staplewatch.audit.report import Report, Text
from staplewatch.audit.running import run
from staplewatch.audit.scope import Subject, Tell, silence
from staplewatch.broker import IDENTITY
from staplewatch.errors import CommandError
from streams.cluster import BrokerUnreachableError, Cluster, TopicsError
from streams.reader import LogReader
from streams.rebuild import Epoch

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue
    from staplewatch.settings import Settings
    from streams.alerts.rulebook import Rulebook
    from warehouse.protocol import Warehouse

ENDED: Final = Text(
    "未核对：内置代理的日志随代理一同消失", "not checked: the embedded broker's log ended with it"
)  # fmt: skip
NO_BROKER: Final = Text("未核对：没有代理，请给出 --broker", "not checked: no broker, name it with --broker")


@dataclass(frozen=True, slots=True)
class Setup:
    """What an audit must be told: ``servers`` and ``cluster`` (its id) of the broker, empty where there is none."""

    settings: Settings
    catalogue: Catalogue
    rules: Rulebook
    servers: str
    cluster: str
    partitions: int


def by_settings(settings: Settings, wait: float, tell: Tell = silence) -> Report:
    """Audit the broker and the warehouse that the settings name. Raises ``CommandError``."""
    catalogue = assembly.load_catalogue(settings.catalogue)
    rules = assembly.load_rules(settings, catalogue)
    found = asyncio.run(cluster.inspect(settings.broker)) if settings.broker else None
    partitions = _partitions(settings, found)
    servers = addresses.servers(settings.broker) if settings.broker else ""
    setup = Setup(settings, catalogue, rules, servers, found.id if found else "", partitions)
    with _explained(), _opened(settings) as warehouse:
        return within(setup, warehouse, wait, tell)


def within(setup: Setup, warehouse: Warehouse, wait: float, tell: Tell = silence) -> Report:
    """Audit with a warehouse that is open. Raises what it raises, and ``BrokerUnreachableError``."""
    epochs = {row["epoch"]: row["ordinal"] for row in warehouse.query("epochs").to_pylist()}
    newest = max(epochs, key=lambda epoch: epochs[epoch], default="")
    current = setup.cluster or newest
    subject = Subject(
        warehouse,
        setup.catalogue,
        assembly.engine_options(setup.settings),
        assembly.engines(setup.settings, setup.catalogue, setup.rules, setup.partitions),
        setup.partitions,
        Epoch(current, epochs.get(current, epochs.get(newest, 0) + 1)),
    )
    if not setup.servers:
        return run(subject, None, ENDED if newest.startswith(IDENTITY) else NO_BROKER, wait=wait, tell=tell)
    with LogReader(setup.servers.split(","), embedded=current.startswith(IDENTITY)) as reader:
        return run(subject, reader, wait=wait, tell=tell)


def _partitions(settings: Settings, found: Cluster | None) -> int:
    if found is None:
        embedded = settings.broker is None and settings.warehouse is None
        return settings.partitions or (topics.PARTITIONS_EMBEDDED if embedded else topics.PARTITIONS)
    number = settings.partitions or max(found.partitions.values(), default=topics.PARTITIONS)
    try:
        found.check(number)
    except TopicsError as error:
        raise CommandError(str(error)) from error
    return number


@contextmanager
def _opened(settings: Settings) -> Iterator[Warehouse]:
    warehouse = assembly.open_warehouse(settings.warehouse_url)
    try:
        yield warehouse
    finally:
        warehouse.close()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (stores.WarehouseUnavailable, stores.WarehouseError) as error:
        raise CommandError(assembly.unusable(error)) from error
    except BrokerUnreachableError as error:
        raise CommandError(str(error)) from error
