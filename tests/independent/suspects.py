"""Suspect quotes the slow way: plain lists, searched anew for every quote. RULES, "Suspect values"."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Literal

Said = Literal["", "confirms", "corrects"]
SLIPS = (2, 10, 100, 500, 1000, 1 / 2, 1 / 10, 1 / 100, 1 / 500, 1 / 1000)


@dataclass(frozen=True)
class Paper:
    """A quote as it was sent, in 1/10,000 CNY."""

    site: str
    day: int
    at: int
    price: int
    said: Said = ""


@dataclass
class Filed:
    """A quote and what is thought of it: ``counts``, ``waiting``, ``confirmed``, ``corrected``."""

    paper: Paper
    number: int
    state: str


class Desk:
    """Files one quote after another, of one good in one county."""

    def __init__(self) -> None:
        self.files: list[Filed] = []

    def take(self, paper: Paper) -> None:
        waiting = [each for each in self._of(paper.site) if each.state == "waiting"]
        near = [each for each in waiting if abs(round(paper.price / each.paper.price - 1, 9)) <= 0.05]
        state = "counts"
        if near and paper.said != "corrects":
            for each in near:
                each.state = "confirmed"
        elif not paper.said and self._wrong(paper):
            state = "waiting"
            for each in waiting:
                if each.paper.day == paper.day:
                    each.state = "corrected"
        else:
            for each in waiting:
                before = (each.paper.day, each.paper.at) <= (paper.day, paper.at)
                if before or (paper.said == "corrects" and each.paper.day == paper.day):
                    each.state = "corrected"
        self.files.append(Filed(paper, len(self.files), state))

    def price(self, site: str, day: int) -> int:
        """Return the price of a site on a date that counts, 0 without one."""
        counting = [each for each in self._of(site) if each.paper.day == day and each.state in {"counts", "confirmed"}]
        # What is confirmed counts from then on; by event time that plays no part but for equal times.
        return max(counting, key=lambda each: (each.paper.at, each.number)).paper.price if counting else 0

    def _of(self, site: str) -> list[Filed]:
        return [each for each in self.files if each.paper.site == site]

    def _reported(self, site: str, day: int) -> int:
        """Return the latest price that a site said on the date or the two before, waiting or not."""
        for date in (day, day - 1, day - 2):
            said = [each for each in self._of(site) if each.paper.day == date and each.state != "corrected"]
            if said:
                return max(said, key=lambda each: (each.paper.at, each.number)).paper.price
        return 0

    def _wrong(self, paper: Paper) -> bool:
        dates = [self.price(paper.site, paper.day - back) for back in range(8)]
        own = next((each for each in dates if each), 0)
        sites = {each.paper.site for each in self.files} - {paper.site}
        others = [price for price in (self._reported(site, paper.day) for site in sorted(sites)) if price]
        if not own or not others:
            return False
        slips = [(_slip(paper.price, own), _slip(paper.price, median(others)))]
        if slips[0][0] is not None and slips[0][0] == slips[0][1]:
            return True
        return _far(paper.price, [each for each in dates[1:] if each]) and _far(paper.price, others)


def _slip(price: int, usual: float) -> float | None:
    ratio = round(price / usual, 9)
    return next((slip for slip in SLIPS if abs(round(ratio / slip - 1, 9)) <= 0.05), None)


def _far(price: int, usual: list[int]) -> bool:
    if len(usual) < 3:
        return False
    logs = [math.log(each) for each in usual]
    middle = median(logs)
    spread = 1.4826 * max(median(abs(each - middle) for each in logs), 0.05)
    return round(abs(math.log(price) - middle) / spread, 9) > 8
