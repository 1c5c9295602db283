"""Connecting to the broker: what it can do, whether its topics fit, and a client set up accordingly."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.codec import has_lz4
from kafka.errors import KafkaError

from producers.outage import Tell, span
from producers.sockets import DIRECT
from schemas import topics

#: 20 ms fill a batch at thousands of receipts a second and are not felt at one.
LINGER_MS: Final = 20
BATCH_BYTES: Final = 256 * 1024
CONNECT_SECONDS: Final = 5.0
#: A broker that is away is asked for again so often; one that accepts and never answers is left after this.
ASK_AGAIN_SECONDS: Final = 1.0
REQUEST_SECONDS: Final = 15.0
#: kafka-python waits up to 30 s between tries to connect; a broker is back within seconds.
RECONNECT_MS: Final = 2_000

#: A producer id, needed for idempotence.
_INIT_PRODUCER_ID: Final = 22
#: "Unknown topic or partition" in Kafka's list of errors.
_MISSING: Final = 3


class ProducerError(Exception):
    """Events cannot be sent: says where, why and what to do."""


class BrokerUnavailable(ProducerError):
    """The broker cannot be reached, or its topics are not what the stream expects."""


@dataclass(frozen=True, slots=True)
class Broker:
    """What is known of a broker. ``notes`` says what it cannot do."""

    partitions: int
    idempotent: bool
    notes: tuple[str, ...]


def inspect(servers: str) -> Broker:
    """Return what the broker at ``servers`` can do; raises ``BrokerUnavailable``."""
    _probe(servers)
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=servers, bootstrap_timeout_ms=int(CONNECT_SECONDS * 1000), proxy_url=DIRECT
        )
    except (KafkaError, ValueError, OSError) as error:
        raise _nobody(servers, error) from error
    try:
        first = admin.describe_cluster()["brokers"][0]["broker_id"]
        # not admin.api_versions(): that fails on every request type newer than the client (Kafka 4.4's 93)
        idempotent = _INIT_PRODUCER_ID in admin.get_broker_version_data(first).api_versions
        described = admin.describe_topics(list(topics.CONSUMED))
    except KafkaError as error:
        msg = f"the broker at {servers} does not describe its topics: {reason_of(error)} / 代理未返回主题信息"
        raise BrokerUnavailable(msg) from error
    finally:
        admin.close()
    return Broker(_partitions(described, servers), idempotent, _notes(idempotent))


def inspect_patiently(
    servers: str,
    wait_seconds: float,
    tell: Tell,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Broker:
    """Return what the broker can do, asking until ``wait_seconds`` are over; ``tell`` hears of it once."""
    deadline, said = clock() + wait_seconds, False
    while True:
        try:
            return inspect(servers)
        except BrokerUnavailable as error:
            if clock() >= deadline:
                raise
            if not said:
                tell(f"waiting up to {span(wait_seconds)} for the broker / 最长等待 {span(wait_seconds)}：{error}")
            said = True
        sleep(ASK_AGAIN_SECONDS)


def _probe(servers: str) -> None:
    """Find out whether anything listens: the client would try for seconds."""
    last: Exception | None = None
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except (OSError, ValueError) as error:
            last = error
        else:
            return
    raise _nobody(servers, last or ValueError("no address"))


def _nobody(servers: str, error: Exception) -> BrokerUnavailable:
    return BrokerUnavailable(
        f"no Kafka broker answers at {servers} ({reason_of(error)}): start one (staplewatch up) or correct --broker"
        f" / {servers} 没有可用的 Kafka 代理：请先启动（staplewatch up）或改正 --broker"
    )


def _partitions(described: list[dict[str, Any]], servers: str) -> int:
    counts = {topic["name"]: len(topic["partitions"]) for topic in described if topic["error_code"] != _MISSING}
    absent = sorted(set(topics.CONSUMED) - {name for name, count in counts.items() if count})
    if absent:
        msg = (
            f"the broker at {servers} lacks the topics {', '.join(absent)}: start staplewatch up or a worker first"
            " / 代理上缺少上述主题：请先启动 staplewatch up 或 worker"
        )
        raise BrokerUnavailable(msg)
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        msg = (
            f"the topics at {servers} have unequal numbers of partitions ({said}): create them anew with one number"
            " / 各主题分区数不一致：请以同一分区数重建"
        )
        raise BrokerUnavailable(msg)
    return next(iter(counts.values()))


def _notes(idempotent: bool) -> tuple[str, ...]:
    if idempotent:
        return ()
    return (
        "the broker gives no producer ids: a retried batch can arrive twice (the stream counts it once)"
        " / 代理不支持幂等写入：重试可能重复，流处理只计一次",
    )


def connect(servers: str, broker: Broker, delivery_seconds: float) -> KafkaProducer:
    """Return a client that gives a record up after ``delivery_seconds``; raises ``BrokerUnavailable``."""
    milliseconds = int(delivery_seconds * 1000)
    try:
        client = KafkaProducer(
            bootstrap_servers=servers,
            acks="all",
            enable_idempotence=broker.idempotent,
            # without producer ids several requests under way could change places at a retry
            max_in_flight_requests_per_connection=5 if broker.idempotent else 1,
            compression_type="lz4" if has_lz4() else None,
            linger_ms=LINGER_MS,
            batch_size=BATCH_BYTES,
            max_request_size=topics.MAX_DEAD_LETTER_BYTES,
            delivery_timeout_ms=milliseconds,
            request_timeout_ms=min(max(1000, milliseconds // 2), int(REQUEST_SECONDS * 1000)),
            reconnect_backoff_max_ms=RECONNECT_MS,
            max_block_ms=milliseconds,
            bootstrap_timeout_ms=int(CONNECT_SECONDS * 1000),
            proxy_url=DIRECT,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        for topic in topics.CONSUMED:  # known before the broker goes away: a first send would block without a word
            client.partitions_for(topic)
    except (KafkaError, ValueError, OSError) as error:
        msg = f"the broker at {servers} went away: {reason_of(error)} / 代理连接中断"
        raise BrokerUnavailable(msg) from error
    return client


def reason_of(error: BaseException) -> str:
    """Return the name and the text of an error in one line."""
    name, text = type(error).__name__, " ".join(str(error).split())
    return text if text.startswith(name) else f"{name}: {text}"
