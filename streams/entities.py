"""Entities of the registry: checked when they come in."""

from __future__ import annotations

import re
from typing import Final

from schemas import opening
from schemas.registry import Enterprise, Site
from streams.fields import LONGEST_NAME, Fields, named, refuse

_CODE: Final = re.compile(r"[0-9]{6}")


def checked_entity(entity: Enterprise | Site, prefecture: int, fields: Fields) -> None:
    """Refuse an entity whose names, regions or opening hours cannot be."""
    named(code=entity.code, name_zh=entity.name_zh)
    for name in ("name_en", "contact.name", "contact.phone"):
        text = entity.name_en if name == "name_en" else getattr(entity.contact, name.removeprefix("contact."))
        if text:
            named(**{name: text})
    if isinstance(entity, Enterprise):
        _check_enterprise(entity)
    else:
        _check_site(entity, prefecture, fields)


def _check_enterprise(entity: Enterprise) -> None:
    wrong = next((code for code in entity.prefectures if not _CODE.fullmatch(code)), None)
    if wrong is not None or len(entity.prefectures) > LONGEST_NAME:
        refuse("validate", f"prefectures must be codes such as 540100, at most {LONGEST_NAME}")


def _check_site(entity: Site, prefecture: int, fields: Fields) -> None:
    named(enterprise=entity.enterprise)
    above, _ = fields.region(entity.county)
    if above != prefecture:
        refuse("validate", f"county {entity.county} lies in {above}, the change is for {prefecture}")
    if not entity.hours:
        return
    try:
        opening.parse(entity.hours)
    except opening.OpeningError as error:
        refuse("validate", f"hours {error.english}")
