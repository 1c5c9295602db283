"""Whether quotes are held back, and the rules that come with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas import catalogue
from staplewatch import assembly, settings
from streams.alerts import packs

KNOWN = catalogue.load()


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ({}, True),
        ({"event_time": True}, False),
        ({"quarantine": "off"}, False),
        ({"event_time": True, "quarantine": "on"}, True),
    ],
)
def test_live_quotes_are_held_back_and_in_event_time_mode_only_if_asked(given: dict[str, Any], held: bool) -> None:
    chosen = settings.load(**given)
    assert assembly.engine_options(chosen).quarantine is held
    told = {rule.ref for rule in assembly.load_rules(chosen, KNOWN).on("quote")}
    assert told == ({"suspect", "suspect:wholesale"} if held else set())


def test_a_pack_of_ones_own_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(packs.locate("suspect").read_text("utf-8").replace("blue =", "yellow ="), "utf-8")
    chosen = settings.load(packs=f"live,{own}")
    found = assembly.load_rules(chosen, KNOWN)
    assert {rule.ref: list(rule.levels) for rule in found.on("quote")} == {"suspect": [2], "suspect:wholesale": [1]}


def test_a_pack_on_quotes_that_is_named_where_nothing_is_held_back_tells_nothing() -> None:
    found = assembly.load_rules(settings.load(quarantine="off", packs="suspect"), KNOWN)
    assert [rule.ref for rule in found.on("quote")] == ["suspect"]
