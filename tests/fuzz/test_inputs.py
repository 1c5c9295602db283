"""Hostile input: no crash, and each record is accepted with equal meaning or a dead letter with its bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from streams.columns import listed
from tests.fuzz import cases, clocks
from tests.fuzz.corpus import Input, make
from tests.fuzz.held import Held, Tally, outcome
from tests.fuzz.shapes import SHAPES

SEED = 20_220_808
CHUNK = 256
#: More failures than this tell nothing new.
ENOUGH = 10
CASES = cases.FOUND | cases.KNOWN


def chunks(inputs: Sequence[Input]) -> Iterator[Sequence[Input]]:
    """Yield the inputs by topic, in chunks as a fetch brings them."""
    for topic in topics.CONSUMED:
        mine = [each for each in inputs if each.topic == topic]
        yield from (mine[start : start + CHUNK] for start in range(0, len(mine), CHUNK))


def wrong(held: Held, inputs: Sequence[Input], tally: Tally) -> list[str]:
    """Return what went wrong with any of the inputs."""
    found: list[str] = []
    for chunk in chunks(inputs):
        found += clocks.check(chunk, tally) if chunk[0].topic == topics.CLOCK else held.check(chunk, tally)
    return found


def fuzz(seed: int, count: int) -> Tally:
    """Try ``count`` inputs; the failures say how to make them again."""
    held, tally = Held(), Tally()
    problems: list[str] = []
    for start in range(0, count, 10_000):
        inputs = [make(seed, number) for number in range(start, min(count, start + 10_000))]
        problems += wrong(held, inputs, tally)
        if len(problems) >= ENOUGH:
            break
    listed = "\n".join(problems[:ENOUGH])
    assert not problems, f"seed {seed}, {len(problems)} problem(s); add them to tests/fuzz/cases.py\n{listed}"
    assert sum(tally.counts.values()) == count
    return tally


def test_twenty_thousand_inputs() -> None:
    tally = fuzz(SEED, 20_000)
    outcomes = {name for _, name in tally.counts}
    assert outcomes == {"accepted", "in part", "dropped", "decode", "validate", "partition"}
    assert sum(n for (_, name), n in tally.counts.items() if name in {"accepted", "in part"}) > 2_000


@pytest.mark.soak
def test_a_million_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    tally = fuzz(SEED + 1, 1_000_000)
    with capsys.disabled():
        print(f"\n{tally}")


@pytest.mark.soak
def test_a_receipt_of_a_hundred_thousand_lines() -> None:
    tally = Tally()
    assert wrong(Held(), [Input(0, "case", topics.SALES, cases.many(100_000))], tally) == []
    assert list(tally.counts) == [("case", "accepted")]


@pytest.mark.parametrize("name", CASES)
def test_named_cases(name: str) -> None:
    topic, value, expected = CASES[name]
    tried, tally = Input(0, "case", topic, value), Tally()
    assert wrong(Held(), [tried], tally) == []
    assert list(tally.counts) == [("case", expected)]


def test_what_is_absent_is_a_dead_letter() -> None:
    decoded = Held().decode(topics.SALES, [None, cases.sale(), b""])
    assert [(letter.offset, letter.stage, letter.value) for letter in decoded.dead] == [
        (0, "decode", b""),
        (2, "decode", b""),
    ]
    assert decoded.dead[0].headers == (("h", b"\xfe"), ("h", b"")), "Kafka's headers may be null"
    assert listed(decoded.columns["offset"]) == [1]
    assert clocks.effect(None) == "decode"


# -- hypothesis: any JSON in any field

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
EVENTS = {
    topics.SALES: cases.RECEIPT,
    topics.STOCK: cases.STOCK,
    topics.QUOTES: cases.QUOTE,
    topics.REGISTRY: cases.REGISTRY,
    topics.CLOCK: cases.CLOCK,
}


@st.composite
def documents(draw: st.DrawFn) -> Input:
    """Return an event of which some fields, and some of a line's, are any JSON."""
    topic = draw(st.sampled_from(topics.CONSUMED))
    event = {**EVENTS[topic], **draw(st.dictionaries(st.sampled_from(sorted(EVENTS[topic])), JSON, max_size=2))}
    if isinstance(event.get("lines"), list) and EVENTS[topic].get("lines") == event["lines"]:
        names = sorted(event["lines"][0])
        event["lines"] = [{**event["lines"][0], **draw(st.dictionaries(st.sampled_from(names), JSON, max_size=2))}]
    return Input(0, "hypothesis", topic, json.dumps(event, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace"))


HELD = Held()


@settings(max_examples=400, deadline=None, derandomize=True)
@given(documents() | st.builds(Input, st.just(0), st.just("bytes"), st.sampled_from(topics.CONSUMED), st.binary()))
def test_any_json_in_any_field(tried: Input) -> None:
    assert wrong(HELD, [tried], Tally()) == []


@pytest.mark.soak
@settings(max_examples=10_000, deadline=None)
@given(documents())
def test_any_json_in_any_field_for_long(tried: Input) -> None:
    assert wrong(HELD, [tried], Tally()) == []


# -- the harness itself


def test_the_reference_knows_every_input_topic() -> None:
    assert set(SHAPES) == set(topics.CONSUMED)


def test_a_wrong_row_is_told_with_seed_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.decode.QUANTITY", 1_001)
    with pytest.raises(AssertionError, match=r"seed 5, .*\n(.|\n)*input \d+ \(\w+, [a-z.]+\): (.|\n)*base64: "):
        fuzz(5, 500)


def test_a_crash_is_one_input_not_its_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    def are_names(texts: list[str]) -> bool:
        assert "crash" not in texts
        return True

    monkeypatch.setattr("streams.receipts.are_names", are_names)
    values = [cases.sale(), cases.sale(event_id="crash"), cases.sale(sequence=8)]
    tally = Tally()
    found = wrong(Held(), [Input(number, "case", topics.SALES, value) for number, value in enumerate(values)], tally)
    assert len(found) == 1
    assert found[0].startswith("input 1 (case, pos.sales): crash: AssertionError")
    assert tally.counts == {("case", "accepted"): 2}


def test_inputs_can_be_made_again() -> None:
    assert [make(3, number) for number in range(50)] == [make(3, number) for number in range(50)]
    assert make(3, 1) != make(4, 1)


def test_outcomes_are_told_apart() -> None:
    assert outcome(None, None) == "dropped"
    assert outcome(None, [{}]) == "accepted"
