"""Rules, packs and the life of an alert: pure, no I/O but reading pack files, no clock.

``packs.load`` reads rule packs, ``Rulebook`` holds those of a deployment, ``evaluate`` gives every
row of an indicator frame its level, ``Book`` follows the alerts that come of it.
"""

from schemas.ruling import DEFAULT
from streams.alerts.lifecycle import Book
from streams.alerts.packs import Pack, PackError, load
from streams.alerts.rulebook import Rulebook
from streams.alerts.rules import Rule, evaluate
from streams.alerts.transition import Transition

__all__ = ["DEFAULT", "Book", "Pack", "PackError", "Rule", "Rulebook", "Transition", "evaluate", "load"]
