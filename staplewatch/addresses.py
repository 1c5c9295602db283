"""Addresses of brokers and warehouses, as people write them."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from staplewatch.words import say
from warehouse import address
from warehouse.errors import WarehouseError

KAFKA_PORT: Final = 9092


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return ``host:port``, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def broker(url: str) -> tuple[Endpoint, ...]:
    """Return the servers of ``kafka://host[:port][,host[:port]…]``; ``ValueError`` says what is wrong."""
    scheme, found, rest = url.strip().partition("://")
    if not found:
        scheme, rest = "kafka", url.strip()
    if scheme != "kafka":
        msg = say(
            f"代理地址 {url!r} 应写成 kafka://主机:端口[,主机:端口]",
            f"broker {url!r} must be written kafka://host:port[,host:port]",
        )
        raise ValueError(msg)
    return tuple(_endpoint(part, KAFKA_PORT, url) for part in rest.rstrip("/").split(","))


def servers(url: str) -> str:
    """Return ``host:port[,host:port]`` of a broker URL, the form that Kafka clients take."""
    return ",".join(map(str, broker(url)))


def warehouse(url: str) -> Endpoint | Path:
    """Return the server or the embedded directory of a warehouse URL; ``ValueError`` says what is wrong."""
    try:
        found = address.parse(url.strip())
    except WarehouseError as error:
        raise ValueError(str(error)) from error
    return found.directory or Endpoint(found.host, found.port)


def hidden(url: str) -> str:
    """Return the address without its password, fit for messages and logs."""
    scheme, found, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    if not (found and at):
        return url
    return f"{scheme}://{user.partition(':')[0]}:***@{host}"


def reachable(endpoint: Endpoint, seconds: float = 3.0) -> str | None:
    """Return None when something accepts a TCP connection there, or else the reason why not."""
    try:
        with socket.create_connection((endpoint.host, endpoint.port), seconds):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _endpoint(text: str, default: int, url: str) -> Endpoint:
    parts = urlsplit(f"//{text.strip()}")
    try:
        host, port = parts.hostname, parts.port or default
    except ValueError:
        host, port = None, default
    if not host or parts.path:
        msg = say(f"代理地址 {url!r} 中的 {text!r} 不是 主机:端口", f"{text!r} in broker {url!r} is not host:port")
        raise ValueError(msg)
    return Endpoint(host, port)
