"""Dead letters in words, and the commands around them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from schemas import catalogue, topics
from staplewatch import cli, letters, rehearsal, resending, words
from staplewatch.errors import CommandError
from staplewatch.resending import Chooser, Rehearsal, Request
from streams.options import Options
from tests.streams import records

AT = records.moment("11-01 12:00")
RIGHT = records.chunk(topics.SALES, [records.receipt(AT, 1, ("potato", 2.0, 7.0))]).values[0] or b""


def row(value: bytes = RIGHT, offset: int = 7, **fields: Any) -> dict[str, Any]:
    return {
        "epoch": "e1", "topic": topics.SALES, "partition": 3, "offset": offset, "stage": "validate", "size": len(value),
        "line": 0, "lines": 0,
        "reason": "line 1: good '0017' is not in the catalogue: map the item, then replay", "error": "Rejected",
        "sender": "shop", "event_id": "r-1", "site": "s1", "region": "540402", "at": "2026-01-01T04:00:00Z",
        "key_base64": "", "value_base64": base64.b64encode(value).decode(), "headers": [], "replays": [],
    } | fields  # fmt: skip


SENT = {"attempt": 1, "step": "sent", "at": "2026-01-01T05:00:00Z", "sent_partition": 0}
READ = SENT | {
    "step": "read", "sent_epoch": "e2", "sent_offset": 99, "outcome": "counted", "lines": 2, "repeats": 1, "reason": ""
}  # fmt: skip


def test_everything_about_a_letter_in_words() -> None:
    told = "\n".join(letters.told(row(headers=[("trace", "Nw==")], replays=[SENT, READ]), "Asia/Shanghai"))
    for said in (
        "dead letter pos.sales/3/7@e1",
        "rejected at: 2026-01-01 12:00:00 +0800",
        "reason: line 1: good '0017' is not in the catalogue",
        "header trace: 7",
        '    "store": "s1",',
        "what to do: The item is not mapped: replay with a mapping table",
        "attempt 1: sent 2026-01-01 13:00:00 +0800 to pos.sales/0",
        "attempt 1: read 2026-01-01 13:00:00 +0800 at pos.sales/0/99@e2, counted, 2 new lines, 1 known before",
    ):
        assert said in told
    words.use("zh")
    assert "怎么办: 商品编码未对应" in "\n".join(letters.told(row(), "Asia/Shanghai"))


def test_bytes_that_are_no_json_are_dumped_and_long_ones_cut() -> None:
    first, *others = letters.readable(b"\x00\xffAB" * 1000)
    assert first == "00000000  00 ff 41 42 00 ff 41 42 00 ff 41 42 00 ff 41 42  ..AB..AB..AB..AB"
    assert others[-1] == "… (4,000 bytes in all)"
    assert next(iter(letters.readable(b"[" * 100_000))).startswith("00000000")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"stage": "partition"}, "A replay sends it to the right one"),
        ({"reason": "region '999999' is no county of the catalogue"}, "regions.csv"),
        ({"stage": "size", "reason": "9,000,000 bytes"}, "have the sender split it"),
        ({"stage": "decode", "reason": "truncated"}, "with the same event_id"),
        ({"reason": "line 1: amount is below 0"}, "Have the sender correct"),
    ],
)
def test_what_to_do_depends_on_what_was_wrong(fields: dict[str, Any], said: str) -> None:
    assert said in letters.advice(row(**fields))


def test_a_place_is_read_with_and_without_its_epoch() -> None:
    assert letters.Place.parse("pos.sales/3/1042") == letters.Place("pos.sales", 3, 1042)
    assert letters.Place.parse("pos.sales/3/1042@a-b/c").epoch == "a-b/c"
    for wrong in ("pos.sales", "pos.sales/x/1", "/1/2", "pos.sales/3/"):
        with pytest.raises(CommandError, match="is no place of a record"):
            letters.Place.parse(wrong)


class Archive:
    """Letters as the API gives them; what is rejected again comes behind them."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = list(rows)
        self.recorded: list[dict[str, Any]] = []

    def ask(self, what: str, parameters: Any) -> list[dict[str, Any]]:
        if what == "dead-letters/summary":
            return [{"letters": len(self.rows)}]
        runs = {each["run"] for each in self.recorded}
        assert parameters["run"] in runs
        return [{"outcome": "counted", "records": len(self.recorded), "reason": ""}]

    def letters(self, parameters: Any) -> Any:
        assert parameters["order"] == "oldest"
        for start in range(0, 100, 2):
            if page := self.rows[start : start + 2]:
                yield page

    def record(self, sent: list[dict[str, Any]]) -> None:
        self.recorded += sent

    def follow(self, what: str, parameters: Any) -> Any:
        raise NotImplementedError


class Outlet:
    """A producer whose broker rejects everything again: a letter more in the archive for each record."""

    partitions = 4

    def __init__(self, archive: Archive) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.flushed = 0
        self._archive = archive

    def forward(self, *record: Any) -> None:
        self.sent.append(record)
        self._archive.rows.append(row(offset=1000 + len(self.sent)))

    def flush(self) -> None:
        self.flushed = len(self.sent)


class Quiet:
    """A progress bar that nobody sees."""

    def begin(self, title: str, lines: int | None) -> None: ...
    def advance(self, lines: int, at: int) -> None: ...
    def end(self) -> None: ...


def chooser(**asked: Any) -> Chooser:
    return Chooser(Request(**asked), catalogue.load(), 4, "Asia/Shanghai")


def test_each_letter_is_sent_once_and_what_comes_back_is_not_chased() -> None:
    archive = Archive(*(row(offset=number) for number in range(5)), row(offset=5, replays=[SENT]))
    outlet = Outlet(archive)
    summary = resending.resend(archive, outlet, chooser(), Quiet(), settle=1.0)
    assert summary.facts() == {
        "letters": 6, "sent": 5, "skipped": 1, "mapped": 0, "unreadable": 0, "became": {"counted": 5}
    }  # fmt: skip
    assert len(outlet.sent) == outlet.flushed == len(archive.recorded) == 5
    assert [each["offset"] for each in archive.recorded] == list(range(5))
    assert outlet.sent[0][:3] == (topics.SALES, 0, b"540400")


def test_where_limit_again_and_letters_that_cannot_be_sent() -> None:
    archive = Archive(row(offset=0), row(offset=1, value_base64="?"), row(offset=2, replays=[SENT]), row(offset=3))
    outlet = Outlet(archive)
    summary = resending.resend(archive, outlet, chooser(where="offset > 0", again=True), Quiet(), settle=0.0)
    assert (summary.letters, summary.sent, summary.skipped) == (3, 2, 0)
    assert [each["attempt"] for each in archive.recorded] == [2, 1]
    assert [line.split(":")[0] for line in resending.unreadable_lines(summary)] == ["pos.sales/3/1@e1"]
    archive = Archive(*(row(offset=number) for number in range(5)))
    assert resending.resend(archive, Outlet(archive), chooser(limit=3), Quiet(), settle=0.0).sent == 3


def test_a_rehearsal_runs_the_real_decoder_and_sends_nothing() -> None:
    archive = Archive(
        row(), row(RIGHT.replace(b"potato", b"0017"), 8), row(RIGHT[:-9], 9), row(b"{", 10, topic=topics.CLOCK)
    )
    trial = Rehearsal(rehearsal.decoding(catalogue.load(), Options(), 4))
    summary = resending.rehearse(archive, chooser(), trial, Quiet())
    assert summary.sent == 4
    assert trial.lines == 1
    found = {(each["topic"], each["stage"], each["reason"].split(" ")[0]) for each in trial.facts()["reasons"]}
    assert found == {
        (topics.SALES, "validate", "line"),
        (topics.SALES, "decode", "Input"),
        (topics.CLOCK, "decode", "Input"),
    }
    assert not archive.recorded


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dead-letters", "show", "pos.sales"], "'pos.sales' is no place of a record: write TOPIC/PARTITION/OFFSET"),
        (["dead-letters", "list", "--from", "soon"], "--from: 'soon' is no date or time"),
        (
            ["replay", "dead-letters", "--broker", "kafka://127.0.0.1:1", "--where", "stgae = 'x'"],
            'did you mean "stage"?',
        ),
        (["replay", "dead-letters", "--broker", "kafka://127.0.0.1:1", "--give-up-after", "0s"], "must be above 0"),
    ],
)
def test_errors_are_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code = cli.run_command(arguments)
    out, err = capsys.readouterr()
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


def test_show_as_json_holds_the_event_itself() -> None:
    assert letters.parsed(row())["value"] == json.loads(RIGHT)
    assert letters.parsed(row(b"\xff"))["value"] is None


def test_a_receipt_of_a_batch_has_its_line_in_its_place() -> None:
    one = row(line=120, lines=5)
    assert letters.place_of(one) == "pos.sales/3/7.120@e1"
    assert letters.Place.parse("pos.sales/3/7.120@e1") == letters.Place(topics.SALES, 3, 7, 120, "e1")
    assert "120-124" in "\n".join(letters.told(one, "Asia/Shanghai"))
