"""Servers that many tests share: started once, on first use, with directories and ports of their own."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from tests import services
from tests.clickhouse import clickhouse_server

T = TypeVar("T")

# No test is timed: on two busy cores an example of 40 ms took 300 once, and Hypothesis called the test flaky.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

#: Tests that run the whole of it take as long as all others with servers, so they run beside them (``scripts/test``).
WHOLE = "integration"


def pytest_configure() -> None:
    """Allow as many open files as the system does: chdb leaves some 15 behind for each database that it had open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs the whole of it, before ``-m`` chooses."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] == WHOLE:
            item.add_marker("whole")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run Apache Kafka; yields ``host:port``."""
    with ExitStack() as stack:
        yield start(services.kafka_server(tmp_path_factory.mktemp("kafka")), stack)


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a ClickHouse server; yields ``clickhouse://…``."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as url:
        yield url


@pytest.fixture(scope="session")
def tansu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the embedded broker; yields ``host:port``."""
    with ExitStack() as stack:
        yield start(services.tansu(tmp_path_factory.mktemp("tansu")), stack)


def start(service: AbstractContextManager[T], stack: ExitStack) -> T:
    """Start a service until the end of ``stack``; one that is missing skips the test or fails it."""
    try:
        return stack.enter_context(service)
    except services.MissingServiceError as error:
        services.missing(error)
        raise
