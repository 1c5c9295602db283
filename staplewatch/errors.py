"""Errors that end a command with one line on stderr."""

from __future__ import annotations


class CommandError(Exception):
    """What is wrong and what to do; ``code`` is the exit code.

    The first line of the message is the error, further ones are ``details`` (bad rows of a file).
    """

    def __init__(self, message: str, code: int = 2) -> None:
        first, *others = message.strip().splitlines() or [""]
        super().__init__(" ".join(first.split()))
        self.details = tuple(others)
        self.code = code
