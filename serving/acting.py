"""Actions into Kafka: acknowledged by all replicas before anybody is told that they are done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas import topics
from schemas.events import Action
from serving.composing import key_of, partitions_of

logger = logging.getLogger(__name__)

#: Somebody waits at a desk: longer than this is "not done".
SEND_SECONDS: Final = 5.0


class NotSent(Exception):
    """The broker did not take an action: nothing is known to have happened."""


class Acting:
    """Writes actions to the partitions that they concern; connects at the first one, and anew after a failure."""

    def __init__(
        self, servers: str, *, producer: Callable[..., Any] = AIOKafkaProducer, seconds: float = SEND_SECONDS
    ) -> None:
        self._servers = servers
        self._make = producer
        self._seconds = seconds
        self._producer: Any = None
        self._connecting = asyncio.Lock()

    async def send(self, actions: Iterable[tuple[Action, Iterable[int]]]) -> None:
        """Write each action once to every partition of its prefectures; raises ``NotSent``.

        Whoever sends again after that must use the same event ids: then nothing is done twice.
        """
        try:
            async with asyncio.timeout(self._seconds):
                producer = await self._connected()
                partitions = len(await producer.partitions_for(topics.ACTIONS))
                sent = [
                    await producer.send(
                        topics.ACTIONS, msgspec.json.encode(action), key_of(action), partition=partition
                    )
                    for action, prefectures in actions
                    for partition in partitions_of(prefectures, partitions)
                ]
                await asyncio.gather(*sent)
        except (KafkaError, OSError) as error:  # a timeout is an OSError
            await self.stop()
            logger.warning("actions were not sent: %s", str(error) or type(error).__name__)
            msg = (
                "the broker does not answer: the action was not taken, try again"
                " / 消息代理没有应答：操作未生效，请稍后再试"
            )
            raise NotSent(msg) from error

    async def stop(self) -> None:
        """Disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(0.3):
                    await producer.stop()
            except (KafkaError, OSError):
                logger.debug("the producer of actions did not end in time")

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._producer is None:
                # no idempotence: the embedded broker gives no producer ids, and event ids make repeats harmless
                producer = self._make(bootstrap_servers=self._servers, acks="all", linger_ms=0, request_timeout_ms=3000)
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer
