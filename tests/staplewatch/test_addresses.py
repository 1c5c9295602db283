"""Addresses as people write them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from staplewatch import addresses
from staplewatch.addresses import Endpoint


def test_a_broker_may_have_several_servers_and_a_default_port() -> None:
    assert addresses.broker("kafka://one:19092,two") == (Endpoint("one", 19092), Endpoint("two", 9092))
    assert addresses.servers("kafka://[::1]:1/") == "[::1]:1"
    assert addresses.servers("localhost:9092") == "localhost:9092"


@pytest.mark.parametrize(
    "url", ["http://one:1", "kafka://", "kafka://one:port", "kafka://one:1/topic", "kafka://one:1,,two"]
)
def test_what_is_no_broker_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="broker"):
        addresses.broker(url)


def test_a_warehouse_is_a_server_or_a_directory() -> None:
    assert addresses.warehouse("clickhouse://u:p@host/db") == Endpoint("host", 9000)
    assert addresses.warehouse("chdb:///var/data") == Path("/var/data")
    with pytest.raises(ValueError, match="clickhouse"):
        addresses.warehouse("postgres://host/db")


def test_passwords_are_hidden() -> None:
    assert addresses.hidden("clickhouse://u:secret@host/db") == "clickhouse://u:***@host/db"
    assert addresses.hidden("chdb:///dir") == "chdb:///dir"


def test_a_closed_port_has_a_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = Endpoint("127.0.0.1", server.getsockname()[1])
        assert addresses.reachable(endpoint) is None
    assert addresses.reachable(endpoint) == "Connection refused"
