"""Errors that end a command with one line on stderr."""

from __future__ import annotations


class CommandError(Exception):
    """What is wrong and what to do, in one line; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(" ".join(message.split()))
        self.code = code
