"""Answers that many ask for at the same time: asked once, and kept for a little while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

#: Daily prices move by a point a day; a hall of screens that starts together asks for them together.
KEPT_SECONDS: Final = 30.0
MOST: Final = 64

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """The newest answers by question, at most ``most``. A question that fails is forgotten."""

    def __init__(self, seconds: float = KEPT_SECONDS, most: int = MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._known: dict[Hashable, tuple[float, asyncio.Future[Value]]] = {}

    async def get(self, question: Hashable, ask: Callable[[], Awaitable[Value]]) -> Value:
        """Return the answer to ``question``, from ``ask`` unless it is known or being asked for already."""
        now = asyncio.get_running_loop().time()
        known = self._known.get(question)
        if known is None or now - known[0] >= self._seconds:
            known = self._known[question] = now, asyncio.ensure_future(ask())
            known[1].add_done_callback(lambda asked: self._settle(question, asked))
            while len(self._known) > self._most:
                del self._known[next(iter(self._known))]
        return await asyncio.shield(known[1])  # whoever leaves first must not take the answer from the others

    def _settle(self, question: Hashable, asked: asyncio.Future[Value]) -> None:
        if not asked.cancelled() and asked.exception() is None:
            return
        known = self._known.get(question)
        if known is not None and known[1] is asked:
            del self._known[question]
