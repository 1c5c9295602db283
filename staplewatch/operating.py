"""The operational store of the settings. Apart from ``assembly``, so that a command on accounts needs no stream."""

from __future__ import annotations

from serving.operations.errors import OperationsError
from serving.operations.operations import Operations
from serving.operations.store import Store
from staplewatch.errors import CommandError
from staplewatch.settings import Settings
from staplewatch.words import say


def open_operations(settings: Settings) -> Operations:
    """Return accounts, tokens and audit, up to date; ``CommandError`` says what is wrong with their store."""
    try:
        return Operations(Store.open(settings.operations_url))
    except OperationsError as error:
        raise CommandError(say(error.zh, error.en)) from error
