"""The servers that the other tests stand on do start, answer and stop."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from tests import services

pytestmark = pytest.mark.services


def topics_of(servers: str) -> set[str]:
    admin = KafkaAdminClient(bootstrap_servers=servers)
    try:
        admin.create_topics([NewTopic(name="hello", num_partitions=1, replication_factor=1)])
        return set(admin.list_topics())
    finally:
        admin.close()


def test_kafka_answers(kafka: str) -> None:
    assert "hello" in topics_of(kafka)


def test_tansu_answers(tansu: str) -> None:
    assert "hello" in topics_of(tansu)


def test_clickhouse_answers(clickhouse: str) -> None:
    assert clickhouse.startswith("clickhouse://")


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="unknown option"),
        services.serving([str(services.KAFKA), "start", "--bad"], "kafka://", tmp_path),
    ):
        pass
