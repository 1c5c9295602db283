"""Sockets of kafka-python that are closed when a connection fails.

kafka-python 3.0.12 leaves the socket of every refused connection to the garbage collector
(``kafka.net.inet``): a producer that waits 15 minutes for its broker opens 450 of them.
"""

from __future__ import annotations

import socket
from typing import Any, Final

from kafka.net.inet import KafkaNetSocket

#: To be given to a client as its ``proxy_url``, which chooses the class of its sockets: no proxy.
DIRECT: Final = "direct://"


class DirectSocket(KafkaNetSocket):  # type: ignore[misc]
    """A connection without a proxy; registered for ``DIRECT`` by being defined."""

    SCHEMES = ("direct",)

    async def sock_connect(
        self, net: Any, sock: socket.socket, sockaddr: Any, timeout_at: float | None = None
    ) -> socket.socket:
        """Connect as the library does; whatever ends the attempt closes the socket."""
        try:
            await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise
        return sock
