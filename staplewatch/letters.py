"""Dead letters for people: where from, why, what to do, what became of them; and as a file."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from staplewatch.errors import CommandError
from staplewatch.output import as_json
from staplewatch.words import say

Row = Mapping[str, Any]

#: Of bytes that are no JSON, so many are shown; all of them are in the export.
SHOWN_BYTES: Final = 2_048
#: Of JSON, so many characters.
SHOWN_TEXT: Final = 20_000

_PLACE: Final = re.compile(
    r"(?P<topic>[^/@\s]+)/(?P<partition>\d{1,5})/(?P<offset>\d{1,18})(?:\.(?P<line>\d{1,9}))?(?:@(?P<epoch>\S+))?"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stood, or a receipt of a batch: ``TOPIC/PARTITION/OFFSET[.LINE][@EPOCH]``."""

    topic: str
    partition: int
    offset: int
    line: int | None = None
    epoch: str | None = None

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read a place; raises ``CommandError``."""
        found = _PLACE.fullmatch(text)
        if found is None:
            msg = say(
                f"{text!r} 不是记录位置：请写 主题/分区/位移，如 pos.sales/3/1042（或再加 .行、@批次）",
                f"{text!r} is no place of a record: write TOPIC/PARTITION/OFFSET[.LINE][@EPOCH], like pos.sales/3/1042",
            )
            raise CommandError(msg)
        line = None if found["line"] is None else int(found["line"])
        return cls(found["topic"], int(found["partition"]), int(found["offset"]), line, found["epoch"])


def place_of(row: Row) -> str:
    """Return a letter's place with its epoch, as ``show`` takes it."""
    line = f".{row['line']}" if row["lines"] else ""
    return f"{row['topic']}/{row['partition']}/{row['offset']}{line}@{row['epoch']}"


def value_of(row: Row) -> bytes:
    """Return the original bytes."""
    return base64.b64decode(row["value_base64"])


def fate(row: Row) -> str:
    """Return in a few words whether a letter was replayed and what became of it."""
    steps = row["replays"]
    if not steps:
        return ""
    read = [step for step in steps if step["step"] == "read"]
    return outcome(read[-1]["outcome"]) if read else say("已重发", "sent")


def outcome(name: str) -> str:
    """Return what became of a replayed record in words."""
    words = {
        "counted": say("已计入", "counted"),
        "repeat": say("此前已计入", "known before"),
        "dropped": say("不计（培训或取消）", "dropped (training or cancelled)"),
        "rejected": say("再次拒收", "rejected again"),
        "not_read": say("尚未读到", "not read yet"),
    }
    return words.get(name, name)


def advice(row: Row) -> str:
    """Return what to do about a letter."""
    stage, reason = row["stage"], row["reason"]
    if stage == "partition":
        return say(
            "数据本身没有错，只是发到了别的分区。重放会发到正确的分区："
            "staplewatch replay dead-letters --where \"stage = 'partition'\"",
            "The record is right, it only came to another partition. A replay sends it to the right one: "
            "staplewatch replay dead-letters --where \"stage = 'partition'\"",
        )
    if "not in the catalogue" in reason:
        return say(
            "商品编码未对应：用对照表重放（staplewatch replay dead-letters --mapping FILE.csv，"
            "列 sender,item,good[,unit]），"
            "或把商品加入目录 goods.csv、重启后再重放",
            "The item is not mapped: replay with a mapping table (staplewatch replay dead-letters --mapping FILE.csv, "
            "columns sender,item,good[,unit]), or add the good to the catalogue's goods.csv, restart, then replay",
        )
    if "no county of the catalogue" in reason:
        return say(
            "目录中没有此县：加入 regions.csv，重启后重放；若是填错，请企业更正后重发",
            "The catalogue has no such county: add it to regions.csv, restart, then replay; if it is a mistake, "
            "have the sender correct and send again",
        )
    if stage == "size":
        return say(
            "记录过大：请企业拆成几条再发", "The record is too large: have the sender split it and send it again"
        )  # fmt: skip
    if stage == "decode":
        return say(
            "字节不是有效的事件：请企业改正程序后按原 event_id 重发；重放原样只会再次被拒",
            "These bytes are no event: have the sender mend its program and send again with the same event_id; "
            "a replay of the same bytes would be rejected again",
        )
    return say(
        "请企业按原因更正后重发；有误的行更正后只补计该行",
        "Have the sender correct what the reason names and send again; lines that counted already count once",
    )


def told(row: Row, zone: str) -> Iterator[str]:
    """Yield the lines that tell everything about a letter; times are civil time of ``zone``."""
    value = value_of(row)
    yield f"{say('死信', 'dead letter')} {place_of(row)}"
    for name, text in _facts(row, value, ZoneInfo(zone)):
        yield f"  {name}: {text}"
    yield f"{say('原始字节', 'original bytes')}:"
    yield from (f"  {line}" for line in readable(value))
    yield f"{say('怎么办', 'what to do')}: {advice(row)}"
    yield f"{say('重放', 'replays')}:" + ("" if row["replays"] else f" {say('无', 'none')}")
    yield from (f"  {_step(step, row['topic'], ZoneInfo(zone))}" for step in row["replays"])


def _facts(row: Row, value: bytes, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    yield say("拒收时刻", "rejected at"), _moment(row["at"], zone)
    yield say("环节", "stage"), row["stage"]
    yield say("原因", "reason"), f"{row['reason']} ({row['error']})"
    named = (
        (say("发送方", "sender"), row["sender"]),
        (say("事件编号", "event id"), row["event_id"]),
        (say("网点", "site"), row["site"]),
        (say("地区", "region"), row["region"]),
    )
    yield from ((name, text) for name, text in named if text)
    yield say("键", "key"), _short(base64.b64decode(row["key_base64"] or ""))
    for name, text in row["headers"]:
        yield f"{say('头', 'header')} {name}", _short(base64.b64decode(text))
    yield say("大小", "size"), f"{len(value):,} B"
    if row["lines"]:
        last = row["line"] + row["lines"] - 1
        yield (
            say("批内行", "lines in its batch"),
            say(f"{row['line']}–{last}（自 0 计）", f"{row['line']}-{last}, counted from 0"),
        )


def _step(step: Row, topic: str, zone: ZoneInfo) -> str:
    number, at = step["attempt"], _moment(step["at"], zone)
    if step["step"] == "sent":
        return say(
            f"第 {number} 次：{at} 发往 {topic}/{step['sent_partition']}",
            f"attempt {number}: sent {at} to {topic}/{step['sent_partition']}",
        )
    where = f"{topic}/{step['sent_partition']}/{step['sent_offset']}@{step['sent_epoch']}"
    reason = f": {step['reason']}" if step["reason"] else ""
    return say(
        f"第 {number} 次：{at} 在 {where} 读到，{outcome(step['outcome'])}，"
        f"新计 {step['lines']} 行，重复 {step['repeats']} 行{reason}",
        f"attempt {number}: read {at} at {where}, {outcome(step['outcome'])}, "
        f"{step['lines']} new lines, {step['repeats']} known before{reason}",
    )


def readable(value: bytes) -> Iterator[str]:
    """Yield the lines of a value: indented JSON where it is JSON, else a hex dump."""
    try:
        text = msgspec.json.format(msgspec.json.encode(msgspec.json.decode(value)), indent=2).decode()
    except (ValueError, RecursionError):
        yield from _dump(value)
        return
    yield from text[:SHOWN_TEXT].splitlines()
    if len(text) > SHOWN_TEXT:
        yield say(f"…（共 {len(text):,} 字符）", f"… ({len(text):,} characters in all)")


def _dump(value: bytes) -> Iterator[str]:
    for start in range(0, min(len(value), SHOWN_BYTES), 16):
        part = value[start : start + 16]
        plain = "".join(chr(each) if 32 <= each < 127 else "." for each in part)
        yield f"{start:08x}  {part.hex(' '):<47}  {plain}"
    if len(value) > SHOWN_BYTES:
        yield say(f"…（共 {len(value):,} 字节）", f"… ({len(value):,} bytes in all)")


def shortened(text: str, most: int = 24) -> str:
    """Return a name fit for a column."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _short(data: bytes) -> str:
    text = data.decode(errors="backslashreplace")
    return (text if len(text) <= 200 else text[:200] + "…") or "-"


def _moment(text: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S %z}"


def parsed(row: Row) -> dict[str, Any]:
    """Return the row with its value as JSON (null where it is none) and what to do."""
    try:
        value = msgspec.json.decode(value_of(row))
    except (ValueError, RecursionError):
        value = None
    return {**row, "value": value, "advice": advice(row)}


def export(pages: Iterable[Iterable[Row]], out: IO[str]) -> Iterator[Row]:
    """Write letters as JSON lines, and yield each once it is written."""
    for page in pages:
        for row in page:
            out.write(as_json(row) + "\n")
            yield row


def partial_file(file: Path) -> Path:
    """Return where a file is written until it is whole."""
    return file.with_name(f".{file.name}.part")
