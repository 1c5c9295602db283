"""Connections in use by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from warehouse.errors import WarehouseError

T = TypeVar("T")


class Pool(Generic[T]):
    """Opens one more connection whenever all are in use, so there are never more than threads."""

    def __init__(self, create: Callable[[], T], discard: Callable[[T], None]) -> None:
        self._create = create
        self._discard = discard
        self._lock = threading.Lock()
        self._free: list[T] = []
        self._closed = False

    @contextmanager
    def use(self) -> Iterator[T]:
        """Lend a connection; one that was in use when an exception passed is discarded."""
        connection = self._take()
        try:
            yield connection
        except BaseException:
            self._discard(connection)
            raise
        with self._lock:
            if not self._closed:
                self._free.append(connection)
                return
        self._discard(connection)

    def close(self) -> None:
        """Discard the free connections now and the others when they come back."""
        with self._lock:
            self._closed, free, self._free = True, self._free, []
        for connection in free:
            self._discard(connection)

    def _take(self) -> T:
        with self._lock:
            if self._closed:
                msg = "the warehouse was closed / 数据仓库连接已关闭"
                raise WarehouseError(msg)
            if self._free:
                return self._free.pop()
        return self._create()
