"""The broker before the stream starts: is it there, which one is it, do its topics fit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from schemas import topics

log = logging.getLogger(__name__)

REQUEST_MS = 10_000
RETRY_SECONDS = 1.0
#: A crowded machine was seen to need a second.
SETTLE_SECONDS = 15.0
#: Copies of each record, where there are that many brokers.
REPLICAS = 3
_EXISTS = 36
_UNKNOWN = 3


class BrokerUnreachableError(ConnectionError):
    """No broker answers at the given addresses."""


class TopicsError(RuntimeError):
    """Topics are missing or differ in their number of partitions."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A broker's identity and the partitions of our topics that exist."""

    id: str
    partitions: Mapping[str, int]
    brokers: int = 1

    def check(self, partitions: int) -> None:
        """Raise ``TopicsError`` unless every topic of ours exists with that many partitions."""
        wrong = [f"{name}: {self.partitions.get(name, 0)}" for name in topics.ALL]
        if any(self.partitions.get(name) != partitions for name in topics.ALL):
            msg = (
                f"every topic must have {partitions} partitions, the broker has {', '.join(wrong)}: "
                "give the right --partitions or recreate the topics / 各主题的分区数必须相同"
            )
            raise TopicsError(msg)


async def inspect(servers: Sequence[str]) -> Cluster:
    """Ask a broker; raises ``BrokerUnreachableError``."""
    async with _admin(servers) as admin:
        return await _inspect(admin)


async def wait_for(
    servers: Sequence[str], *, once: bool = False, tell: Callable[[str], None] = lambda reason: None
) -> Cluster:
    """Return the cluster as soon as it answers; with ``once``, raise if that is not now.

    A broker is waited for without end, with one log line when it is missed and one when it comes;
    ``tell`` gets the reason at every try.
    """
    missed = False
    while True:
        try:
            cluster = await inspect(servers)
        except BrokerUnreachableError as error:
            if once:
                raise
            if not missed:
                log.warning("%s; waiting for it", error)
            missed = True
            tell(str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            if missed:
                log.warning("the broker at %s answers", ", ".join(servers))
            return cluster


async def ensure_topics(servers: Sequence[str], partitions: int, *, embedded: bool = False) -> Cluster:
    """Make the topics that are missing; raises ``BrokerUnreachableError`` or ``TopicsError``.

    An embedded broker applies neither retention nor compaction, but wants its configuration stated.
    """
    async with _admin(servers) as admin:
        cluster = await _inspect(admin)
        missing = [name for name in topics.ALL if name not in cluster.partitions]
        if missing:
            await _create(admin, missing, partitions, 1 if embedded else min(REPLICAS, cluster.brokers))
            cluster = await _settled(admin)
        cluster.check(partitions)
        return cluster


def configuration(topic: str) -> dict[str, str]:
    """Return the broker's settings of a topic."""
    limit = topics.MAX_DEAD_LETTER_BYTES if topic == topics.DEAD_LETTERS else topics.MAX_MESSAGE_BYTES
    policy = "compact" if topic in topics.COMPACTED else "delete"
    return {"cleanup.policy": policy, "max.message.bytes": str(limit)}


@asynccontextmanager
async def _admin(servers: Sequence[str]) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=list(servers), request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError, TimeoutError) as error:
        msg = (
            f"no Kafka broker answers at {', '.join(servers)} ({error}): check --broker and that it runs / "
            f"连不上 Kafka 代理 {', '.join(servers)}：请检查 --broker 以及代理是否在运行"
        )
        raise BrokerUnreachableError(msg) from error
    finally:
        await admin.close()


async def _inspect(admin: AIOKafkaAdminClient) -> Cluster:
    about = await admin.describe_cluster()
    listed: list[dict[str, Any]] = await admin.describe_topics(list(topics.ALL))
    found = {topic["topic"]: len(topic["partitions"]) for topic in listed if topic["error_code"] != _UNKNOWN}
    return Cluster(str(about["cluster_id"]), found, len(about["brokers"]))


async def _settled(admin: AIOKafkaAdminClient) -> Cluster:
    """Return the cluster once it tells of all topics: Kafka creates them first and spreads the word later."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        cluster = await _inspect(admin)
        if all(name in cluster.partitions for name in topics.ALL) or time.monotonic() > deadline:
            return cluster
        await asyncio.sleep(0.1)


async def _create(admin: AIOKafkaAdminClient, names: Sequence[str], partitions: int, replicas: int) -> None:
    wanted = [NewTopic(name, partitions, replicas, topic_configs=configuration(name)) for name in names]
    answer = await admin.create_topics(wanted)
    for name, code, *reason in answer.topic_errors:
        if code not in {0, _EXISTS}:
            msg = f"topic {name} cannot be created: error {code} {' '.join(map(str, reason))}"
            raise TopicsError(msg)
