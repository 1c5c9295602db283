"""Where producers send to, and how their errors and summaries are told."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from staplewatch import addresses, instance
from staplewatch.errors import CommandError
from staplewatch.settings import Settings
from staplewatch.words import say

if TYPE_CHECKING:
    from producers.batches import ArrowBatcher
    from producers.client import Producer
    from producers.progress import Reporter
    from schemas.catalogue import Catalogue

#: How receipts go on the wire.
Encoding = Literal["json", "arrow"]


@dataclass(frozen=True, slots=True)
class Target:
    """A broker (``host:port[,…]``), and the catalogue and civil time of whoever reads from it.

    A broker that goes away is waited for up to ``give_up_after`` seconds, with ``wait`` at the start too.
    """

    servers: str
    catalogue: Path | None
    zone: str
    give_up_after: float
    wait: bool

    def load(self) -> Catalogue:
        """Return the catalogue; ``CommandError`` says what is wrong with it."""
        from schemas import catalogue  # noqa: PLC0415

        try:
            return catalogue.load(self.catalogue)
        except (catalogue.CatalogueError, OSError) as error:
            raise CommandError(str(error)) from error


def target(settings: Settings, patience: float, *, wait: bool = False) -> Target:
    """Return the broker that was named, or else that of the directory's running instance.

    ``patience`` is how many seconds to wait for a broker that goes away.
    """
    if settings.broker is not None:
        servers = addresses.servers(settings.broker)
        return Target(servers, settings.catalogue, settings.timezone, patience, wait)
    found = instance.find(settings.data)
    if found is None:
        starting = instance.holder(settings.data)
        hint = say(f"（进程 {starting} 正在启动）", f" (process {starting} is starting)") if starting else ""
        msg = say(
            f"{settings.data} 中没有运行的实例{hint}：先运行 staplewatch up --data {settings.data}，或指明 --broker",
            f"no instance runs in {settings.data}{hint}: start staplewatch up --data {settings.data} or give --broker",
        )
        raise CommandError(msg)
    own = Path(found.catalogue) if found.catalogue else None
    return Target(found.broker, settings.catalogue or own, found.timezone, patience, wait)


@contextmanager
def sink(place: Target, rate: str | None, encoding: Encoding) -> Iterator[Producer | ArrowBatcher]:
    """Open a producer as ``producer`` does, whose receipts go one by one in JSON or together in Arrow."""
    with producer(place, rate) as opened:
        if encoding == "json":
            yield opened
            return
        from producers.batches import ArrowBatcher  # noqa: PLC0415

        with ArrowBatcher(opened) as batcher:
            yield batcher


@contextmanager
def producer(place: Target, rate: str | None = None) -> Iterator[Producer]:
    """Open a producer; errors of producers, scenarios and options become ``CommandError``."""
    from producers import client, pace  # noqa: PLC0415

    # kafka-python tells of every retry; the producer tells of every change of state
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    with (
        explained(),
        client.Producer(
            place.servers,
            rate=pace.rate(rate) if rate else None,
            zone=place.zone,
            give_up_seconds=place.give_up_after,
            wait_seconds=place.give_up_after if place.wait else 0.0,
            tell=note,
        ) as opened,
    ):
        if sys.stderr.isatty():
            for text in opened.notes:
                note(text)
        yield opened


def note(text: str) -> None:
    """Tell what is going on, in one line on stderr; above the progress bar where there is one."""
    sys.stderr.write(f"staplewatch: {' '.join(text.split())}\n")
    sys.stderr.flush()


@contextmanager
def explained() -> Iterator[None]:
    """Turn what users can mend into exit code 2, and what the broker did not take into 1."""
    from producers import client, pace  # noqa: PLC0415
    from producers.replay import ReplayError  # noqa: PLC0415
    from producers.simulate import ScenarioError  # noqa: PLC0415

    try:
        yield
    except client.DeliveryError as error:
        raise CommandError(str(error), code=1) from error
    except (client.ProducerError, ReplayError, ScenarioError, pace.OptionError) as error:
        raise CommandError(str(error)) from error
    except KeyboardInterrupt as error:
        raise CommandError(say("已中断", "interrupted"), code=130) from error


def reporter(unit: str = "lines") -> Reporter:
    """Return a progress bar on a terminal, silence elsewhere; ``unit`` is what it counts."""
    from rich.console import Console  # noqa: PLC0415

    from producers import progress  # noqa: PLC0415

    return progress.reporter(Console(stderr=True), unit=unit)


class Stopwatch:
    """Wall time since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return elapsed seconds."""
        return time.monotonic() - self._began


def tell(name: str, facts: Mapping[str, Any], form: str) -> None:
    """Write the summary to stdout: one line of ``key=value``, or one JSON object."""
    if form == "json":
        import msgspec  # noqa: PLC0415

        text = msgspec.json.encode({"command": name, **facts}).decode()
    else:
        text = f"{name}: " + " ".join(f"{key}={_short(value)}" for key, value in facts.items())
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{count}" for key, count in value.items()) or "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
