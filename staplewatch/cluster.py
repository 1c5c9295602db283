"""The broker before anything starts: one line when it cannot be used, and the number of partitions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from schemas import topics
from staplewatch import addresses
from staplewatch.errors import CommandError
from staplewatch.words import say
from streams import cluster as kafka


@dataclass(frozen=True, slots=True)
class Ready:
    """A broker with all topics: its cluster id and their number of partitions."""

    id: str
    partitions: int


class Unreachable(CommandError):
    """No broker answers; the same call may succeed later."""


async def inspect(url: str) -> kafka.Cluster:
    """Ask the broker; ``CommandError`` says in one line what is unreachable and what to do."""
    servers = addresses.broker(url)
    loop = asyncio.get_running_loop()
    reasons = {str(server): await loop.run_in_executor(None, addresses.reachable, server) for server in servers}
    if all(reasons.values()):
        raise Unreachable(_unreachable(", ".join(f"{server}: {reason}" for server, reason in reasons.items())))
    with _quiet():
        try:
            return await kafka.inspect([server for server, reason in reasons.items() if reason is None])
        except kafka.BrokerUnreachableError as error:
            raise Unreachable(_unreachable(f"{', '.join(reasons)}: {error.__cause__ or error}")) from error


async def ensure(url: str, partitions: int | None, *, embedded: bool = False) -> Ready:
    """Make the topics that are missing.

    ``partitions`` None takes the number that existing topics have, or else the default. Raises
    ``CommandError`` when the topics do not all have the same number.
    """
    found = await inspect(url)
    default = topics.PARTITIONS_EMBEDDED if embedded else topics.PARTITIONS
    number = partitions or max(found.partitions.values(), default=default)
    servers = [str(server) for server in addresses.broker(url)]
    try:
        made = await kafka.ensure_topics(servers, number, embedded=embedded)
    except kafka.BrokerUnreachableError as error:
        raise Unreachable(str(error)) from error
    except kafka.TopicsError as error:
        raise CommandError(str(error)) from error
    return Ready(made.id, number)


def _unreachable(listed: str) -> str:
    return say(
        f"连不上 Kafka 代理（{listed}）：检查 --broker 地址，以及代理是否在运行",
        f"cannot reach the Kafka broker ({listed}): check --broker and that the broker is running",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep aiokafka from saying in its own way what the error says already."""
    logger = logging.getLogger("aiokafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
