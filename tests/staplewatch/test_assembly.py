"""What is made of the settings: who may ask whom for substitutes."""

from __future__ import annotations

import pytest

from schemas import catalogue
from staplewatch import settings
from staplewatch.assembly import partner_regions
from staplewatch.errors import CommandError

KNOWN = catalogue.load()
LHASA, NYINGCHI, LHOKA = 540100, 540400, 540500


def partners(chosen: dict[str, tuple[str, ...]]) -> dict[int, list[int]]:
    found = partner_regions(settings.load(partners=chosen), KNOWN)
    return {code: found.of(code) for code in KNOWN.prefectures}


def test_without_a_choice_everybody_may_ask_all_others() -> None:
    found = partners({})
    assert found == {code: [each for each in KNOWN.prefectures if each != code] for code in KNOWN.prefectures}


def test_a_prefecture_asks_those_that_are_named_for_it_and_the_others_go_on_asking_all() -> None:
    found = partners({"540400": ("540100", "540500")})
    assert found[NYINGCHI] == [LHASA, LHOKA]
    assert found[LHASA] == [code for code in KNOWN.prefectures if code != LHASA]


def test_a_province_stands_for_its_prefectures_on_either_side() -> None:
    assert partners({"540400": ("540000",)}) == partners({})
    assert set(map(tuple, partners({"540000": ("540100",)}).values())) == {(LHASA,), ()}


@pytest.mark.parametrize(
    ("chosen", "unknown"), [({"540401": ("540100",)}, "540401"), ({"540400": ("540109",)}, "540109")]
)
def test_a_region_that_there_is_not_is_named(chosen: dict[str, tuple[str, ...]], unknown: str) -> None:
    with pytest.raises(CommandError, match=f"partners.*{unknown}"):
        partners(chosen)
