"""Which alerts certainly follow from what happened: values of RULES on the ledger's hours, with margins.

Only the simulator's own record is read, never an event.
"""

from producers.simulate.expectations.claims import Claim
from producers.simulate.expectations.counties import county_claims
from producers.simulate.expectations.extents import beyond, county_extents, prefecture_claims, spread, spread_claims
from producers.simulate.expectations.feeds import silence_known
from producers.simulate.expectations.hours import Hours
from producers.simulate.expectations.rules import Rules, rules
from producers.simulate.expectations.sites import site_claims

__all__ = [
    "Claim",
    "Hours",
    "Rules",
    "beyond",
    "county_claims",
    "county_extents",
    "prefecture_claims",
    "rules",
    "silence_known",
    "site_claims",
    "spread",
    "spread_claims",
]
