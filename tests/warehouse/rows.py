"""Small rows for the tables of the product."""

from __future__ import annotations

from collections.abc import Sequence

Columns = dict[str, Sequence[object]]


def columns(rows: Sequence[dict[str, object]]) -> Columns:
    """Turn rows into columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def sale(offset: int, line: int = 0, **other: object) -> dict[str, object]:
    """Return a row of ``sales``."""
    return {
        "epoch": "e1", "topic": "pos.sales", "partition": 2, "offset": offset, "line": line, "event_id": f"r{offset}",
        "sender": "chain", "site": "s1", "region": 540402, "prefecture": 540400, "good": "potato", "workstation": "1",
        "business_date": 17246, "sequence": offset, "line_number": line, "kind": "sale", "at": 1_490_000_000 + offset,
        "quantity": 1500, "amount": 60_000, "priced": 1, "unit_cost": None, "repeat": 0, "ingested": 1_490_000_100,
    } | other  # fmt: skip


def stock(offset: int, line: int = 0, **other: object) -> dict[str, object]:
    """Return a row of ``stock``."""
    return {
        "epoch": "e1", "topic": "inventory.levels", "partition": 2, "offset": offset, "line": line,
        "event_id": f"i{offset}", "sender": "chain", "site": "s1", "region": 540402, "prefecture": 540400,
        "good": "potato", "at": 1_490_000_000 + offset, "action": "OBSERVE", "step": "cycle_counting",
        "disposition": "sellable_accessible", "quantity": 12_000, "corrects": ["i0", "i'1"], "repeat": 0,
        "ingested": 1_490_000_100,
    } | other  # fmt: skip


def quote(offset: int, line: int = 0, **other: object) -> dict[str, object]:
    """Return a row of ``quotes``."""
    return {
        "epoch": "e1", "topic": "market.quotes", "partition": 2, "offset": offset, "line": line,
        "event_id": f"q{offset}", "sender": "bureau", "site": "m1", "region": 540402, "prefecture": 540400,
        "good": "potato", "kind": "retail", "business_date": 17246, "at": 1_490_000_000 + offset, "price": 41_000,
        "sales": None, "stock": None, "corrects": [], "confirms": [], "repeat": 0, "ingested": 1_490_000_100,
    } | other  # fmt: skip


def suspect(identity: str, **other: object) -> dict[str, object]:
    """Return a row of ``quote_suspects``."""
    return {
        "id": identity, "kind": "retail", "region": 540402, "site": "m1", "good": "potato", "business_date": 17246,
        "at": 1_490_000_000, "price": 410_000, "own_price": 41_000, "county_price": 40_000, "county_sites": 4,
        "slip": 10.0, "own_z": None, "county_z": 31.5, "state": "waiting", "decided": 1_490_000_060, "version": 1,
    } | other  # fmt: skip


def indicator(at: int, **other: object) -> dict[str, object]:
    """Return a row of ``indicators``; what is left out has the table's default."""
    return {
        "region": 540402, "good": "potato", "grain": "5m", "kind": "retail", "at": at, "date": 17246, "vwap": 4.1,
        "on_hand": None, "levels": "{}", "version": 1,
    } | other  # fmt: skip


def transition(identity: str, seq: int, **other: object) -> dict[str, object]:
    """Return a row of ``alert_transitions``."""
    return {
        "key": f"live|540402|{identity}", "id": identity, "seq": seq, "pack": "live", "pack_version": "1",
        "rule": "live", "level": "orange", "level_before": "none", "state": "firing", "region": 540402, "site": "",
        "good": "potato", "kind": "retail", "since": 1_490_000_000, "at": 1_490_000_000 + seq,
        "processed_at": 1_490_000_001, "reason": "condition", "indicators": "{}", "thresholds": "{}",
        "evidence": "{}", "text_zh": "土豆上涨", "text_en": "potato up", "stale": 0, "correction": 0,
        "as_of": "[1,2,3]", "version": 1,
    } | other  # fmt: skip


def dead_letter(offset: int, **other: object) -> dict[str, object]:
    """Return a row of ``dead_letters``."""
    return {
        "epoch": "e1", "topic": "pos.sales", "partition": 2, "offset": offset, "stage": "decode",
        "reason": "truncated", "error": "DecodeError", "key_base64": "", "value_base64": "eyI=", "headers": "[]",
        "at": 1_490_000_000 + offset, "sender": "", "event_id": "", "site": "", "region": "", "size": 3,
    } | other  # fmt: skip


def registered(offset: int, line: int = 0, **other: object) -> dict[str, object]:
    """Return a row of ``registry``."""
    return {
        "epoch": "e1", "topic": "registry.changes", "partition": 2, "offset": offset, "line": line,
        "event_id": f"v{offset}", "sender": "bureau", "prefecture": 540400, "kind": "site", "code": "s1",
        "at": 1_490_000_000 + offset, "entity": '{"code":"s1","name_zh":"八一店"}', "ingested": 1_490_000_100,
    } | other  # fmt: skip
