"""What can go wrong with the warehouse: try again later, or mend something first."""

from __future__ import annotations


class WarehouseError(Exception):
    """A statement, a value or the set-up is wrong; trying again would not help."""


class WarehouseUnavailable(Exception):
    """The warehouse cannot be reached or is overloaded; the same call may succeed later.

    The text is one line: what, the address (never the password) and why.
    """
