"""The topics of the product on a broker: made when missing, refused when their partitions differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from schemas import topics
from staplewatch import addresses
from staplewatch.errors import CommandError
from staplewatch.words import say

#: A broker that accepts the connection and says nothing for this long does not speak Kafka.
BOOTSTRAP_MS: Final = 8_000
UNKNOWN_TOPIC: Final = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a broker told: its cluster id and the partitions of the product's topics that exist."""

    id: str
    partitions: Mapping[str, int]

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the product's topics that do not exist yet."""
        return tuple(name for name in topics.ALL if name not in self.partitions)


def describe(url: str) -> Cluster:
    """Ask the broker; ``CommandError`` says in one line what is unreachable and what to do."""
    with _admin(url) as admin:
        return _describe(admin)


def ensure(url: str, partitions: int | None, *, default: int = topics.PARTITIONS) -> Cluster:
    """Make the topics that are missing and return the cluster.

    ``partitions`` None takes the number that existing topics have, or else ``default``.
    Raises ``CommandError`` when the topics do not all have the same number.
    """
    with _admin(url) as admin:
        cluster = _describe(admin)
        number = partitions or max(cluster.partitions.values(), default=default)
        check(cluster, number)
        if cluster.missing:
            _create(admin, cluster.missing, number)
            cluster = _describe(admin)
            check(cluster, number)
        return cluster


def check(cluster: Cluster, partitions: int) -> None:
    """Raise ``CommandError`` unless every topic there is has that many partitions."""
    unequal = {name: count for name, count in cluster.partitions.items() if count != partitions}
    if unequal:
        listed = ", ".join(f"{name}={count}" for name, count in sorted(unequal.items()))
        msg = say(
            f"主题分区数不一致（应为 {partitions}：{listed}）：用 --partitions 指定相同的数，或重建这些主题",
            f"topics differ in partitions (want {partitions}: {listed}): "
            "give their number by --partitions, or make those topics again",
        )
        raise CommandError(msg)


def settings_of(topic: str) -> dict[str, str]:
    """Return the broker's settings of a topic."""
    limit = topics.MAX_DEAD_LETTER_BYTES if topic == topics.DEAD_LETTERS else topics.MAX_MESSAGE_BYTES
    own = {"max.message.bytes": str(limit)}
    if topic in topics.COMPACTED:
        own["cleanup.policy"] = "compact"
    return own


@contextmanager
def _admin(url: str) -> Iterator[Any]:
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415
    from kafka.errors import KafkaError  # noqa: PLC0415

    servers = addresses.broker(url)
    reasons = {str(server): addresses.reachable(server) for server in servers}
    if all(reasons.values()):
        listed = ", ".join(f"{server}: {reason}" for server, reason in reasons.items())
        raise CommandError(_unreachable(listed))
    reachable = [server for server, reason in reasons.items() if reason is None]
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=reachable, bootstrap_timeout_ms=BOOTSTRAP_MS, request_timeout_ms=BOOTSTRAP_MS
        )
    except KafkaError as error:
        raise CommandError(_unreachable(f"{', '.join(reachable)}: {error}")) from error
    try:
        yield admin
    except KafkaError as error:
        msg = say(f"代理 {', '.join(reachable)} 拒绝请求：{error}", f"broker {', '.join(reachable)} refused: {error}")
        raise CommandError(msg) from error
    finally:
        admin.close()


def _unreachable(listed: str) -> str:
    return say(
        f"连不上 Kafka 代理（{listed}）：检查 --broker 地址和代理是否在运行",
        f"cannot reach the Kafka broker ({listed}): check --broker and that the broker is running",
    )


def _describe(admin: Any) -> Cluster:
    found = admin.describe_topics(list(topics.ALL))
    return Cluster(
        id=str(admin.describe_cluster()["cluster_id"]),
        partitions={topic["name"]: len(topic["partitions"]) for topic in found if topic["error_code"] != UNKNOWN_TOPIC},
    )


def _create(admin: Any, names: tuple[str, ...], partitions: int) -> None:
    from kafka.admin import NewTopic  # noqa: PLC0415
    from kafka.errors import TopicAlreadyExistsError  # noqa: PLC0415

    wanted = [NewTopic(name, partitions, topic_configs=settings_of(name)) for name in names]
    with suppress(TopicAlreadyExistsError):  # another instance was faster: the check afterwards decides
        admin.create_topics(wanted, wait_for_metadata=True)
