"""A seeded, closed-off region: events as stores would send them, and the truth about what went wrong.

``market.toml`` says what is usual, ``scenarios/*.toml`` what happens, ``expectations/expectations.toml`` what
the default rule packs make of it.
"""

from producers.simulate.records import Event
from producers.simulate.run import Progress, Summary, run
from producers.simulate.scenario import Scenario, ScenarioError, load, names
from producers.simulate.simulation import Simulation, default_start
from producers.simulate.truth import Expect, Truth, read, touched, write

__all__ = [
    "Event",
    "Expect",
    "Progress",
    "Scenario",
    "ScenarioError",
    "Simulation",
    "Summary",
    "Truth",
    "default_start",
    "load",
    "names",
    "read",
    "run",
    "touched",
    "write",
]
