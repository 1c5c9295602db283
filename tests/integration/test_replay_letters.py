"""Rejected records are mended and sent again: the sums are what they would have been, however often it is done."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from producers.client import Producer
from schemas import topics
from tests import services
from tests.integration.running import Running, rows_of, staplewatch, stored, up
from tests.integration.test_broken_input import NYINGCHI, receipt, text

pytestmark = pytest.mark.services

#: Of each way of being broken.
EACH = 50
GOOD = 300


def line(number: int, good: str, quantity: int = 1) -> dict[str, Any]:
    return {"line": number, "good": good, "quantity": quantity, "unit": "kg", "amount": 4.0 * quantity}


def sends(producer: Producer) -> Iterator[tuple[int, bytes]]:
    """Yield (partition, record): good ones, and among them fifty that are broken in each of four ways."""
    right = topics.partition_of(NYINGCHI, producer.partitions)
    wrong = (right + 1) % producer.partitions
    for number in range(GOOD):
        yield right, text(receipt(number))
        if number < EACH:
            yield right, text(receipt(1000 + number, lines=[line(1, "0017", 2), line(2, "potato")]))
            yield right, text(receipt(2000 + number, lines=[line(1, "tomato", 3)]))
            yield wrong, text(receipt(3000 + number, lines=[line(1, "eggs", 4)]))
            yield right, text(receipt(4000 + number))[:-25]


#: Kilograms by good as they would have been; what was cut off cannot be known.
WOULD_BE = {"potato": GOOD + EACH, "chinese-cabbage": 2 * EACH, "tomato": 3 * EACH, "eggs": 4 * EACH}


def without(good: str, directory: Path) -> Path:
    """Return a copy of the default catalogue that lacks a good."""
    directory.mkdir()
    for file in files("schemas").joinpath("data").iterdir():
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [each for each in lines if not each.startswith(f"{good},")]
        (directory / file.name).write_text("".join(kept), encoding="utf-8")
    return directory


def replayed(instance: Running, *options: str | Path) -> dict[str, Any]:
    """Replay dead letters and return the command's summary."""
    summary: dict[str, Any] = instance.replay("dead-letters", *options, "--settle", "60s")
    return summary


def letters(instance: Running, *options: str) -> list[dict[str, Any]]:
    return rows_of("dead-letters", "list", "--data", instance.data, "--limit", "1000", *options)


def first_run(instance: Running, mapping: Path) -> None:
    """Send everything, then mend what a mapping and the right partition mend."""
    with Producer(instance.broker) as producer:
        for partition, value in sends(producer):
            producer.forward(topics.SALES, partition, b"540400", value, [("trace", b"7")])
    instance.read({topics.SALES: GOOD + 4 * EACH})
    stored_rows = partial(instance.metric, "staplewatch_rows_total", table="dead_letters")
    services.wait_until(lambda: stored_rows() == 4 * EACH, 60, "all dead letters stored")
    planned = replayed(instance, "--mapping", mapping, "--dry-run")
    assert (planned["would_send"], planned["lines"], planned["rejected_again"]) == (4 * EACH, 3 * EACH, 2 * EACH)
    assert {reason["stage"] for reason in planned["reasons"]} == {"decode", "validate"}
    mended = replayed(instance, "--where", "stage = 'partition'")
    assert (mended["sent"], mended["became"]) == (EACH, {"counted": EACH})
    mapped = replayed(instance, "--where", "reason like '%0017%'", "--mapping", mapping)
    assert (mapped["sent"], mapped["mapped"], mapped["became"]) == (EACH, EACH, {"counted": EACH})
    assert replayed(instance, "--where", "reason like '%0017%' or stage = 'partition'")["sent"] == 0
    assert instance.metric("staplewatch_counts_total", what="replayed_counted") == 2 * EACH
    shown = letters(instance, "--replayed", "yes")
    assert len(shown) == 2 * EACH
    assert {row["replays"][-1]["lines"] for row in shown} == {1}
    assert {tuple(map(tuple, row["headers"])) for row in shown} == {(("trace", "Nw=="),)}


def second_run(instance: Running) -> None:
    """Replay what a catalogue with the missing good mends, then everything once more."""
    mended = replayed(instance, "--where", "reason like '%tomato%'", "--limit", "20")
    assert (mended["sent"], mended["became"]) == (20, {"counted": 20})
    rest = replayed(instance, "--where", "sender = 'shop' and reason like '%tomato%'")
    assert (rest["sent"], rest["skipped"], rest["became"]) == (EACH - 20, 20, {"counted": EACH - 20})
    again = replayed(instance, "--again")
    assert again["sent"] == again["letters"] == 4 * EACH
    assert again["became"] == {"repeat": 2 * EACH, "rejected": 2 * EACH}  # cut off, or by an item code
    assert replayed(instance)["sent"] == 2 * EACH  # the new letters of those
    row = letters(instance, "--stage", "validate", "--replayed", "yes")[0]
    place = f"{row['topic']}/{row['partition']}/{row['offset']}@{row['epoch']}"
    told = staplewatch("dead-letters", "show", place, "--data", instance.data).stdout
    assert "what to do: The item is not mapped" in told
    assert "rejected again, 0 new lines, 1 known before: line 1: good '0017'" in told


def exported(instance: Running, file: Path) -> None:
    """Export all of them, oldest first."""
    done = staplewatch("dead-letters", "export", "--data", instance.data, "--out", file, "--format", "json")
    rows = [json.loads(each) for each in file.read_text(encoding="utf-8").splitlines()]
    assert json.loads(done.stdout)["letters"] == len(rows) == len(letters(instance))
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert not list(file.parent.glob(".*.part"))


def sums(url: str) -> dict[str, float]:
    """Return the kilograms that count, by good."""
    found: Counter[str] = Counter()
    for row in stored(url, "sales_since"):
        found[row["good"]] += 0 if row["repeat"] else row["quantity"]
    return {good: quantity / 1000 for good, quantity in found.items()}


def check(tmp_path: Path, *options: str) -> None:
    mapping = tmp_path / "items.csv"
    with mapping.open("w", encoding="utf-8", newline="") as sheet:
        csv.writer(sheet).writerows([("sender", "item", "good"), ("shop", "0017", "chinese-cabbage")])
    short = without("tomato", tmp_path / "short")
    with up(tmp_path / "data", "--catalogue", str(short), *options) as instance:
        first_run(instance, mapping)
        instance.stop()
    with up(tmp_path / "data", *options) as instance:
        second_run(instance)
        exported(instance, tmp_path / "letters.jsonl")
        instance.stop()


def test_on_the_embedded_engines(tmp_path: Path) -> None:
    check(tmp_path)
    assert sums(f"chdb://{tmp_path}/data/warehouse") == WOULD_BE


@pytest.mark.soak
def test_on_kafka_and_clickhouse_server(tmp_path: Path, clickhouse: str) -> None:
    url = f"{clickhouse.rpartition('/')[0]}/replay_letters"
    with services.kafka_server(tmp_path / "kafka") as servers:
        check(tmp_path, "--broker", f"kafka://{servers}", "--warehouse", url)
    assert sums(url) == WOULD_BE
