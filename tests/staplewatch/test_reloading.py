"""Packs of the settings made into rules and records: per region, refused with what to do, and on SIGHUP."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from structlog.testing import capture_logs

from schemas import catalogue
from schemas.ruling import RulesChange
from staplewatch import assembly, reloading, settings
from staplewatch.errors import CommandError
from staplewatch.instance import Instance, Ownership
from staplewatch.reloading import Reloading
from streams import ruling
from streams.alerts.rulebook import NATION

KNOWN = catalogue.load()


def chosen(*regional: str, packs: str = "live,cover", **given: Any) -> settings.Settings:
    return settings.load(packs=packs, region_packs=list(regional), **given)


def made(wanted: settings.Settings) -> RulesChange:
    return reloading.make(wanted, KNOWN, sender="test", by="tsering", note="")


def test_rules_of_a_region_and_their_record_are_the_same() -> None:
    wanted = chosen("540100=live,urumqi-2007", "540102=cover", quarantine="off")
    rules = assembly.load_rules(wanted, KNOWN)
    assert {code: [pack.name for pack in each] for code, each in rules.chosen.items()} == {
        NATION: ["live", "cover"],
        540100: ["live", "urumqi-2007"],
        540102: ["cover"],
    }
    read = ruling.compose(ruling.packs_of(made(wanted)), KNOWN, quarantine=False)
    assert read.fingerprint == rules.fingerprint


def test_where_quotes_are_held_back_every_region_is_told_of_it() -> None:
    rules = assembly.load_rules(chosen("540100=live"), KNOWN)
    assert {rule.ref for rule in rules.on("quote")} == {"suspect", "suspect:wholesale"}
    assert rules.at("suspect", 540102) is rules.at("suspect", 540402) is not None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("540109=live", r"no region 540109; did you mean 54010\d"),
        ("540100=liv", r'--region-packs 540100: .*did you mean "live"'),
        ("540100=live,live", r'"live-24h" of region 540100 is also in pack "live"'),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(given: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        assembly.load_rules(chosen(given), KNOWN)


def test_without_a_choice_the_running_instance_s_packs_are_read_again(tmp_path: Path) -> None:
    ownership = Ownership(tmp_path)
    ownership.publish(Instance(1, "", "", "", packs=("feed",), region_packs={"540100": ("cover",)}))
    found = reloading.wanted(settings.load(data=tmp_path))
    assert (found.packs, found.region_packs) == (("feed",), {"540100": ("cover",)})
    assert reloading.wanted(chosen(data=tmp_path)).packs == ("live", "cover")
    ownership.release()
    assert reloading.wanted(settings.load(data=tmp_path)).packs == settings.load().packs


def test_packs_in_force_without_a_change_are_those_of_the_settings(tmp_path: Path) -> None:
    wanted = chosen("540100=urumqi-2007", data=tmp_path)
    rows = reloading.in_force(wanted, "540103")
    assert [(row["region"], row["pack"], row["since"]) for row in rows] == [("540100", "urumqi-2007", None)]
    assert [row["pack"] for row in reloading.in_force(wanted, "540402")] == ["live", "cover"]
    with pytest.raises(CommandError, match="no region 5401"):
        reloading.in_force(wanted, "5401")


class Sent:
    """A worker that keeps what it is to send."""

    options = SimpleNamespace(slot=3)

    def __init__(self) -> None:
        self.changes: asyncio.Queue[RulesChange] = asyncio.Queue()

    async def send_rules(self, change: RulesChange) -> None:
        await self.changes.put(change)


async def test_sighup_sends_the_packs_as_the_settings_name_them_then(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, wanted = Sent(), [chosen()]
    monkeypatch.setattr(reloading, "has_terminal", lambda: False)
    reloads = Reloading(lambda: wanted[0], KNOWN, lambda: worker)  # type: ignore[arg-type, return-value]
    reloads.attach()
    try:
        wanted[0] = chosen(packs="feed")
        os.kill(os.getpid(), signal.SIGHUP)
        change = await asyncio.wait_for(worker.changes.get(), 30)
        assert (change.sender, [pack.name for pack in change.packs]) == ("worker-3", ["feed"])
        wanted[0] = chosen(packs="nothing")
        await reloads.reload()
        assert worker.changes.empty(), "what is refused is not sent"
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)


class Recorded:
    """A warehouse that holds these changes."""

    def __init__(self, *changes: RulesChange) -> None:
        self._rows = [{"change": msgspec.json.encode(each).decode()} for each in changes]

    def query(self, name: str, parameters: object) -> pa.Table:
        assert (name, parameters) == ("rule_changes", {"limit": 1})
        return pa.Table.from_pylist(self._rows, schema=pa.schema([("change", pa.string())]))


@pytest.mark.parametrize(("recorded", "lines"), [((), 0), ((made(chosen()),), 0), ((made(chosen(packs="feed")),), 1)])
def test_a_start_tells_where_other_rules_are_in_force_than_the_settings_choose(
    recorded: tuple[RulesChange, ...], lines: int
) -> None:
    rules = assembly.load_rules(chosen(), KNOWN)
    with capture_logs() as told:
        reloading.remind(Recorded(*recorded), rules, KNOWN, quarantine=True)  # type: ignore[arg-type]
    assert [(each["log_level"], each["by"]) for each in told] == [("warning", "tsering")] * lines
