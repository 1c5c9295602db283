"""Which language is spoken."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from staplewatch.words import choose


@pytest.mark.parametrize(
    ("arguments", "environment", "wanted"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ([], {"LANG": "de_DE", "STAPLEWATCH_LANG": "zh"}, "zh"),
        (["alerts", "--lang", "zh"], {"LANG": "en_US"}, "zh"),
        (["alerts", "--lang=en"], {"LANG": "zh_CN"}, "en"),
    ],
)
def test_the_option_comes_before_the_environment(
    arguments: list[str], environment: Mapping[str, str], wanted: str
) -> None:
    assert choose(arguments, environment) == wanted
