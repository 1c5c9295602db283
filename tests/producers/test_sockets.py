"""A connection that fails leaves no socket behind."""

from __future__ import annotations

import asyncio
import select
import socket

import pytest
from kafka.errors import KafkaConnectionError, KafkaTimeoutError
from kafka.net.inet import KafkaNetSocket

from producers.sockets import DIRECT, DirectSocket
from staplewatch.broker import free_port


class Net:
    """The library's loop, as far as a connection needs it."""

    async def wait_write(self, sock: socket.socket, timeout_at: float | None = None) -> None:
        waiting = select.poll()  # ``select`` cannot take more than 1,024 open files, which chdb in other tests leaves
        waiting.register(sock, select.POLLOUT)
        waiting.poll(10_000)


class Late(Net):
    async def wait_write(self, sock: socket.socket, timeout_at: float | None = None) -> None:
        raise KafkaTimeoutError


@pytest.mark.parametrize(("net", "error"), [(Net(), KafkaConnectionError), (Late(), KafkaTimeoutError)])
def test_the_socket_of_a_connection_that_fails_is_closed(net: Net, error: type[Exception]) -> None:
    sock = socket.socket()
    sock.setblocking(False)
    with pytest.raises(error):
        asyncio.run(DirectSocket().sock_connect(net, sock, ("127.0.0.1", free_port())))
    assert sock.fileno() == -1


def test_one_that_succeeds_is_handed_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as sock:
        sock.setblocking(False)
        assert asyncio.run(DirectSocket().sock_connect(Net(), sock, server.getsockname())) is sock
        assert sock.getpeername() == server.getsockname()


def test_clients_choose_it_by_their_proxy() -> None:
    assert type(KafkaNetSocket(DIRECT)) is DirectSocket
