"""Who sits at the command line."""

from __future__ import annotations

import getpass


def user() -> str:
    """Return the name of the system's user, ``cli`` where it has none (a container)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "cli"
