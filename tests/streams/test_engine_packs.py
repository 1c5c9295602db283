"""A changed pack does not cost the state: alerts go on under the new conditions, or end where their rule is gone."""

from __future__ import annotations

from importlib.resources import files

import pytest

from schemas import topics
from schemas.events import Alert
from streams.alerts import packs
from streams.alerts.rulebook import Rulebook
from streams.engine import Engine
from streams.options import Options
from tests.streams import records
from tests.streams.records import BAYI, CATALOGUE, RULEBOOK

NOON = records.moment("10-20 12:00")
DAY = 86_400
LIVE = Options(hold=1.0, live_seconds=0.0)


def sales(at: int, price: float, number: int) -> list[object]:
    return [records.receipt(at + n, number + n, ("potato", 1, price), store=f"s{n % 3}") for n in range(12)]


@pytest.fixture(scope="module")
def firing() -> bytes:
    """Return the state of an engine that saw a week of potatoes at 4 CNY, then at 8: ``live-24h`` fires."""
    engine = records.engine(LIVE)
    for day in range(8, -1, -1):
        at, price = NOON - day * DAY, 4.0 if day else 8.0
        for part in range(3):
            events = sales(at + part * 60, price, 100 * part)
            chunk = records.chunk(topics.SALES, events, engine.offsets.get(topics.SALES, 0))  # type: ignore[arg-type]
            engine.apply(chunk, at + part * 60 + 20)
    alerts = engine.republish(NOON + 200).alerts
    assert {(alert.rule, alert.level) for alert in alerts if alert.state == "firing"} >= {("live-24h", "red")}
    return engine.snapshot().pack()


def changed(*names: str, replace: tuple[bytes, bytes] = (b"", b"")) -> Rulebook:
    """Return the packs ``names`` with their text altered."""
    found = files("streams.alerts").joinpath("packs")
    texts = {name: found.joinpath(f"{name}.toml").read_bytes().replace(*replace) for name in names}
    return Rulebook([packs.parse_pack(text, name) for name, text in texts.items()], CATALOGUE)


def restarted(state: bytes, rulebook: Rulebook) -> tuple[Engine, list[Alert]]:
    engine = records.engine(LIVE, rulebook=rulebook)
    engine.restore(state)
    return engine, engine.republish(NOON + 300).alerts


def test_a_changed_threshold_keeps_state_and_episode_and_decides_at_the_next_evaluation(firing: bytes) -> None:
    before = {alert.id for alert in restarted(firing, RULEBOOK)[1]}
    engine, alerts = restarted(firing, changed("live", "cover", replace=(b"1.00", b"9.00")))
    alert = next(each for each in alerts if each.rule == "live-24h" and each.region == str(BAYI))
    assert (alert.id in before, alert.state, alert.level) == (True, "firing", "red")
    versions = {rule.pack_version for rule in RULEBOOK.rules.values()}
    assert alert.pack_version not in versions
    assert engine.watermarks()[540400] == NOON + 131


def test_alerts_of_a_rule_that_is_gone_are_withdrawn_once_and_in_words(firing: bytes) -> None:
    engine, alerts = restarted(firing, changed("cover"))
    gone = [alert for alert in alerts if alert.rule == "live-24h"]
    assert {(alert.state, alert.level, alert.level_before, alert.reason) for alert in gone} == {
        ("resolved", "none", "red", "rule_removed")
    }
    alert = next(each for each in gone if each.region == str(BAYI))
    assert alert.text_zh.endswith("已撤销（原红色）：规则已停用")
    assert alert.text_en.endswith("withdrawn (was red): the rule is no longer in use")
    assert not [each for each in engine.republish(NOON + 301).alerts if each.rule == "live-24h"]
    engine.snapshot().pack()


def test_the_rows_of_withdrawn_alerts_are_stored(firing: bytes) -> None:
    engine = records.engine(LIVE, rulebook=changed("cover"))
    engine.restore(firing)
    outcome = engine.republish(NOON + 300)
    assert "rule_removed" in outcome.rows["alert_transitions"]["reason"]
