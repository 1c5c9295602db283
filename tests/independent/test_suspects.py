"""The quarantine against a slow direct computation, for any sequence of quotes of one good in one county."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.indicators.pairs import Pairs
from streams.indicators.quotes import QuoteBook
from streams.indicators.suspects import Limits
from streams.quarantine import CONFIRMS, CORRECTS, UNCHECKED, Quarantine
from tests.independent.suspects import Desk, Paper, Said

SITES = "abcdef"
WORDS: dict[Said, int] = {"": UNCHECKED, "confirms": CONFIRMS, "corrects": CORRECTS}
#: What a usual price of 5 yuan is multiplied by: mostly 1, then slips, near slips, and what is merely absurd.
FACTORS = (1.0, 1.0, 1.0, 1.02, 0.97, 2.0, 1.93, 2.08, 0.5, 10.0, 9.6, 0.1, 100.0, 0.002, 1000.0, 3.7, 6.1, 0.2)


@st.composite
def papers(draw: st.DrawFn) -> list[Paper]:
    count = draw(st.integers(1, 60))
    found = []
    for number in range(count):
        day = 100 + number // 4 + draw(st.sampled_from([0, 0, 0, 0, -1, 1]))
        price = round(50_000 * draw(st.sampled_from(FACTORS)) * draw(st.sampled_from([1, 1, 1.01, 1.1])))
        said: Said = draw(st.sampled_from(["", "", "", "", "", "", "confirms", "corrects"]))
        # Times differ, but for some: then the one that came later counts.
        found.append(Paper(draw(st.sampled_from(SITES)), day, day * 86_400 + number // 2, price, said))
    return found


class Product:
    """The product's quarantine and book of one market with one county and one good."""

    def __init__(self) -> None:
        self.pairs = Pairs(1, 1)
        self.book = QuoteBook(self.pairs)
        self.quarantine = Quarantine(self.pairs, self.book, Limits(), 28)
        self.states: Counter[tuple[str, int, int, int, str]] = Counter()

    def pair(self, site: str) -> int:
        return int(self.pairs.of(np.array([self.pairs.site(site, 0)]), np.array([0]))[0])

    def take(self, paper: Paper) -> None:
        pair, price, said = (np.array([each]) for each in (self.pair(paper.site), paper.price, WORDS[paper.said]))
        for decision in self.quarantine.take(pair, paper.day, paper.at, price, said):
            quote = decision.quote
            site = self.pairs.names[self.pairs.table["site"][quote.pair]]
            key = (site, quote.day, quote.at, quote.price)
            if decision.state != "waiting":
                self.states[*key, "waiting"] -= 1
            self.states[*key, decision.state] += 1


@settings(max_examples=300, deadline=None)
@given(papers())
def test_equals_the_slow_computation(sent: list[Paper]) -> None:
    desk, product = Desk(), Product()
    for paper in sent:
        desk.take(paper)
        product.take(paper)
    expected = Counter(
        (each.paper.site, each.paper.day, each.paper.at, each.paper.price, each.state)
        for each in desk.files
        if each.state != "counts"
    )
    assert +product.states == expected
    for day in {paper.day for paper in sent}:
        prices = product.book.fresh(day)
        for site in {paper.site for paper in sent}:
            assert prices[product.pair(site)] == desk.price(site, day)


def test_the_generated_quotes_reach_every_state() -> None:
    """The comparison would be hollow if nothing were ever held back."""
    reached: set[str] = set()

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(papers())
    def collect(sent: list[Paper]) -> None:
        desk = Desk()
        for paper in sent:
            desk.take(paper)
        reached.update(each.state for each in desk.files)

    collect()
    assert reached == {"counts", "waiting", "confirmed", "corrected"}
