"""What can go wrong with the warehouse: try again later, or mend something first."""

from __future__ import annotations

from typing import ClassVar, Literal

#: ``busy``: it is there but overloaded, or is stopping; ``refuses``: it answers, and does not want this.
State = Literal["away", "busy", "read-only", "disk full", "refuses"]

#: Words of the operating system for a full disk, as ClickHouse passes them on (18.16: "errno: 28, strerror: …").
DISK_FULL = ("errno: 28", "No space left on device")


class WarehouseError(Exception):
    """A statement, a value or the set-up is wrong; trying again would not help."""

    state: ClassVar[State] = "refuses"


class WarehouseUnavailable(Exception):
    """The warehouse cannot be reached or is overloaded; the same call may succeed later.

    The text is one line: what, the address (never the password) and why.
    """

    state: ClassVar[State] = "away"


class WarehouseBusy(WarehouseUnavailable):
    """It answers, but has too much to do, too little memory or is stopping."""

    state: ClassVar[State] = "busy"


class WarehouseMistaken(WarehouseUnavailable):
    """Something answers at the address that is no ClickHouse: most likely another port was meant."""


class WarehouseReadOnly(WarehouseUnavailable):
    """It takes no writes: a read-only user or profile, or a table that lost its coordinator."""

    state: ClassVar[State] = "read-only"


class WarehouseFull(WarehouseUnavailable):
    """Its disk is full; the same call succeeds once there is room."""

    state: ClassVar[State] = "disk full"


def state_of(error: BaseException) -> State:
    """Return what state of the warehouse an error speaks of."""
    return error.state if isinstance(error, WarehouseError | WarehouseUnavailable) else "refuses"
