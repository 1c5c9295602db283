"""The language of the command: Chinese or English, chosen once per process like a locale."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final, Literal

Language = Literal["zh", "en"]

#: Looked at in this order; the first one that is set decides.
VARIABLES: Final = ("STAPLEWATCH_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def choose(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """Return the language of ``--lang``, or else of the environment; English when neither says."""
    for at, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--lang":
            value = value or next(iter(arguments[at + 1 : at + 2]), "")
            return "zh" if value.lower().startswith("zh") else "en"
    said = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"


def environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ


_current: list[Language] = [choose(sys.argv[1:], os.environ)]


def use(language: Language) -> None:
    """Speak ``language`` from now on."""
    _current[0] = language


def language() -> Language:
    """Return the language spoken."""
    return _current[0]


def say(zh: str, en: str) -> str:
    """Return the text in the language spoken."""
    return zh if _current[0] == "zh" else en
