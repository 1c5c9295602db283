"""Whether the broker answers: asked every few seconds, told in one line per change of state.

Client libraries log every retry, hundreds of lines for one outage. Their lines about it are held
back (``streams.quiet``); what people read comes from here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from streams.assign import run_of
from streams.membership import Member
from streams.outage import lasting, moment
from streams.positions import Place
from streams.quiet import Hush, hush

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
#: A broker that is busy answers within this; one that is paused accepts connections and says nothing.
PATIENCE_SECONDS = 6.0
#: Member ids of static members are INSTANCE-UUID; the old versions of the question do not name the instance.
UUID_LENGTH = 36


class Asking(Protocol):
    """The part of ``AIOKafkaAdminClient`` that is used."""

    async def start(self) -> None:
        """Connect."""

    async def close(self) -> None:
        """Close the connections."""

    async def describe_cluster(self) -> Any:
        """Ask one broker for the cluster."""

    async def describe_consumer_groups(self, group_ids: list[str]) -> Any:
        """Ask the coordinators of groups for their members."""


class Presence:
    """Follows whether a broker answers, with a client of its own.

    ``away_since`` is unix seconds, None while the broker answers.
    """

    def __init__(
        self,
        servers: Sequence[str],
        *,
        make: Callable[[], Asking] | None = None,
        hushed: Hush = hush,
        every: float = EVERY_SECONDS,
        patience: float = PATIENCE_SECONDS,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._servers = list(servers)
        self._make = make or self._admin
        self._hush = hushed
        self._every = every
        self._patience = patience
        self._wall = wall
        self._client: Asking | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._task: asyncio.Task[None] | None = None
        self.away_since: float | None = None
        #: Called after each answer, with the time between two looks to spend.
        self.then: Callable[[], Awaitable[None]] | None = None

    @property
    def reason(self) -> str:
        """Return what is the matter, for people; empty while the broker answers."""
        if self.away_since is None:
            return ""
        where = ", ".join(self._servers)
        return (
            f"the broker at {where} does not answer since {moment(self.away_since)} / "
            f"Kafka 代理 {where} 自 {moment(self.away_since)} 起无应答"
        )

    def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._follow(), name="broker presence")

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1.0)
            self._task = None
        self._hush.unattended()
        await self._forget()

    async def members(self, group: str) -> list[Member]:
        """Return the static members of a group; raises ``KafkaError`` or ``TimeoutError``."""
        async with asyncio.timeout(self._patience):
            answers = await (await self._connected()).describe_consumer_groups([group])
        return [member for answer in answers for each in answer.groups for member in _static(each)]

    async def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """Return where the logs end; raises ``KafkaError`` or ``TimeoutError``.

        Asked by a consumer of its own: one that has died in silence must not be what tells the lag.
        """
        async with asyncio.timeout(self._patience):
            found = await (await self._reader()).end_offsets([TopicPartition(*place) for place in places])
        return {(place.topic, place.partition): end for place, end in found.items()}

    async def look(self) -> bool:
        """Ask once, and say so when the answer is another one than before."""
        try:
            async with asyncio.timeout(self._patience):
                await (await self._connected()).describe_cluster()
        except (KafkaError, OSError, TimeoutError):
            await self._forget()
            self._lost()
            return False
        self._found()
        return True

    async def _follow(self) -> None:
        while True:
            if await self.look() and self.then is not None:
                with suppress(KafkaError, OSError, TimeoutError):
                    await self.then()
            await asyncio.sleep(self._every)

    def _lost(self) -> None:
        if self.away_since is None:
            self.away_since = self._wall()
            log.warning("the broker at %s does not answer; waiting for it", ", ".join(self._servers))
        self._hush.lost()

    def _found(self) -> None:
        if self.away_since is not None:
            after = lasting(self._wall() - self.away_since)
            log.warning("the broker at %s answers again after %s", ", ".join(self._servers), after)
            self.away_since = None
        self._hush.found()

    async def _connected(self) -> Asking:
        if self._client is None:
            client = self._make()
            try:
                await client.start()
            except BaseException:
                await client.close()
                raise
            self._client = client
        return self._client

    async def _reader(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._servers, group_id=None, request_timeout_ms=int(self._patience * 1000)
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer

    async def _forget(self) -> None:
        client, self._client = self._client, None
        consumer, self._consumer = self._consumer, None
        for close in filter(None, (client and client.close, consumer and consumer.stop)):
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await close()

    def _admin(self) -> Asking:
        milliseconds = int(self._patience * 1000)
        admin: Asking = AIOKafkaAdminClient(bootstrap_servers=self._servers, request_timeout_ms=milliseconds)
        return admin


def _static(group: Sequence[Any]) -> list[Member]:
    """Return the static members in one group of a DescribeGroups answer (versions 0-3)."""
    code, _, _, _, _, members, *_ = group
    if code:
        raise for_code(code)
    return [
        Member(member_id[: -UUID_LENGTH - 1], run_of(metadata), host.lstrip("/"))
        for member_id, _, host, metadata, *_ in members
    ]
