"""Topics, and which partition an event belongs to."""

from __future__ import annotations

from typing import Final

SALES: Final = "pos.sales"
STOCK: Final = "inventory.levels"
QUOTES: Final = "market.quotes"
CLOCK: Final = "clock"
INDICATORS: Final = "indicators"
ALERTS: Final = "alerts"
ACTIONS: Final = "alert.actions"
DEAD_LETTERS: Final = "dead.letters"
EXTENTS: Final = "extents"
REGISTRY: Final = "registry.changes"
RULES: Final = "rules.changes"

#: Events that enterprises send. Later: supply.shipments, supply.orders.
INPUTS: Final = (SALES, STOCK, QUOTES)

#: What the bureau sends has times too, but nothing is waited for it unless it is named among the inputs.
TIMED: Final = (*INPUTS, REGISTRY)

#: The names of inputs, and their topics.
INPUT_NAMES: Final = {"sales": SALES, "stock": STOCK, "quotes": QUOTES}

#: The names that ``--inputs`` takes, and their topics.
TIMED_NAMES: Final = {**INPUT_NAMES, "registry": REGISTRY}

#: What a worker reads of what others send.
CONSUMED: Final = (*TIMED, CLOCK)

#: What a worker reads: also what workers tell each other, what people do about alerts, and changes of the rules.
READ: Final = (*CONSUMED, EXTENTS, ACTIONS, RULES)

#: Newest record per key is kept by the broker. Every action, and every change of the rules, has a key of its own, so
#: none of them is ever dropped.
COMPACTED: Final = (INDICATORS, ALERTS, ACTIONS, RULES)

#: Every topic of the product, all with the same number of partitions.
ALL: Final = (*READ, INDICATORS, ALERTS, DEAD_LETTERS)

_CODE_DIGITS: Final = 6

PARTITIONS: Final = 12
PARTITIONS_EMBEDDED: Final = 4

MIB: Final = 1024 * 1024
MAX_MESSAGE_BYTES: Final = 16 * MIB
#: A dead letter holds a whole rejected record and its headers, so it needs more room than the record had.
MAX_DEAD_LETTER_BYTES: Final = 17 * MIB


def partition_of(prefecture: int, partitions: int) -> int:
    """Return the partition of a prefecture: ``(code // 100) % partitions``.

    One worker sees everything of a prefecture, and Tibet's seven spread evenly. A province
    (``PP0000``) and the nation (``0``) go to partition 0.
    """
    if prefecture % 10_000 == 0:
        return 0
    return (prefecture // 100) % partitions


def is_code(text: str) -> bool:
    """Return whether a text is written as a region's code is: six digits."""
    return len(text) == _CODE_DIGITS and text.isascii() and text.isdecimal()


def region_of_alert(key: str) -> int | None:
    """Return the region of an alert's key (``rule|region|good…``), None where it names none."""
    parts = key.split("|")
    return int(parts[1]) if len(parts) > 1 and is_code(parts[1]) else None
