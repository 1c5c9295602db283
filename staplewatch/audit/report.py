"""What an audit found: one finding per disagreement, one summary per check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

#: Findings of one check that are listed; all of them are counted.
MOST_LISTED: Final = 100
ABSENT: Final = "-"


class Text(msgspec.Struct, frozen=True):
    """A sentence in both languages."""

    zh: str
    en: str


class Finding(msgspec.Struct, frozen=True):
    """One disagreement.

    ``place`` says where, ``expected`` and ``found`` are values or ``-`` for nothing, ``count`` is how
    many rows, records or keys the finding stands for, ``meaning`` what it means and what to do.
    """

    check: str
    problem: str
    place: str
    expected: str
    found: str
    meaning: Text
    count: int = 1


class Summary(msgspec.Struct, frozen=True):
    """What one check compared (``compared`` things of kind ``unit``) and how it ended.

    ``nothing``: there was nothing to compare; ``skipped``: it could not be made, ``notes`` say why.
    """

    check: str
    state: Literal["agrees", "disagrees", "nothing", "skipped"]
    compared: int
    unit: Text
    disagreements: int
    notes: list[Text] = []


class Report(msgspec.Struct, frozen=True):
    """Everything that one audit found, as of ``at`` (RFC 3339)."""

    at: str
    epoch: str
    summaries: list[Summary]
    findings: list[Finding]

    @property
    def agrees(self) -> bool:
        """Return whether nothing disagrees."""
        return not any(summary.disagreements for summary in self.summaries)


class Tally:
    """What one check has compared and found so far."""

    def __init__(self, check: str, unit: Text) -> None:
        self.check, self._unit = check, unit
        self.compared = 0
        self.disagreements = 0
        self.findings: list[Finding] = []
        self.notes: list[Text] = []
        self._skipped = False

    def wrong(self, problem: str, place: str, expected: object, found: object, count: int = 1) -> None:
        """Note a disagreement; ``None`` is written ``-``."""
        self.disagreements += count
        if len(self.findings) < MOST_LISTED:
            sides = (_side(expected), _side(found))
            self.findings.append(Finding(self.check, problem, place, sides[0], sides[1], MEANINGS[problem], count))

    def note(self, zh: str, en: str) -> None:
        """Note what is no disagreement but worth knowing."""
        self.notes.append(Text(zh, en))

    def skip(self, why: Text) -> None:
        """Note that the check, or a part of it, cannot be made."""
        self._skipped = True
        self.notes.append(why)

    def summary(self) -> Summary:
        """Return how the check ended."""
        state: Literal["agrees", "disagrees", "nothing", "skipped"] = "agrees"
        if self.disagreements:
            state = "disagrees"
        elif not self.compared:
            state = "skipped" if self._skipped else "nothing"
        hidden = self.disagreements - sum(finding.count for finding in self.findings)
        more = [Text(f"另有 {hidden:,} 处未列出", f"{hidden:,} more are not listed")] if hidden else []
        return Summary(self.check, state, self.compared, self._unit, self.disagreements, [*self.notes, *more])


def _side(value: object) -> str:
    return ABSENT if value is None else str(value)


def ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return ascending numbers as runs (first, last)."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number <= runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [(first, last) for first, last in runs]


def spot(topic: str, partition: int, first: int | None = None, last: int | None = None) -> str:
    """Return a place in a log: ``pos.sales/3``, ``pos.sales/3 @17`` or ``pos.sales/3 @17-20``."""
    where = f"{topic}/{partition}"
    if first is None:
        return where
    return f"{where} @{first}" if last in {None, first} else f"{where} @{first}-{last}"


def facts(row: dict[str, object], names: Sequence[str]) -> str:
    """Return some columns of a row as ``name=value``."""
    return " ".join(f"{name}={ABSENT if row[name] is None else row[name]}" for name in names)


#: What each problem means and what to do.
MEANINGS: Final = {
    "beyond": Text(
        "进度超出日志末尾：主题被重建或截断，新记录会被跳过。清除该进度或换用新的集群再重启",
        "progress lies beyond the log: the topic was made anew or cut, and new records will be skipped. "
        "Correct the progress row, or use another cluster, then restart the workers",
    ),
    "nowhere": Text(
        "进度所指的主题或分区不存在：--broker 与仓库是否配套，分区数是否改过",
        "progress of a topic or partition that does not exist: do --broker and --warehouse belong together, "
        "was the number of partitions changed?",
    ),
    "gone": Text(
        "记录在读取之前已被代理删除：延长保留时间，由发送方重发",
        "records were deleted by the broker before they were read: keep them longer, and have the senders send again",
    ),
    "lag": Text(
        "等待时间内未读到日志末尾：worker 是否在运行、是否就绪（/readyz）",
        "the log was not read to its end in time: do workers run, and what does /readyz say?",
    ),
    "short": Text(
        "日志在进度之前就结束了：主题被截断",
        "the log ends before the progress: the topic was cut",
    ),
    "lost": Text(
        "日志中有、仓库中没有：数据丢失。保留日志，把该分区的进度退回到此处并重启 worker 即可补回",
        "in the log but not stored: lost. Keep the log; setting the partition's progress back to here and restarting "
        "the workers brings it back",
    ),
    "invented": Text(
        "仓库中有、日志中没有（或不应接受）：多出的数据。确认目录与 --catalogue 一致后删除这些行",
        "stored but not in the log, or not to be accepted: too much. Make sure that --catalogue is the workers', "
        "then delete these rows",
    ),
    "different": Text(
        "内容与日志不同：行被改过，或目录不同。核对 --catalogue 后按日志更正",
        "stored otherwise than the log says: altered, or another catalogue. Check --catalogue, then correct the row",
    ),
    "repeat": Text(
        "重复标记与日志不符：该行会被多算或漏算",
        "flagged as a repeat or not, against the log: the line counts twice or not at all",
    ),
    "unburied": Text(
        "被拒收但不在死信表中：死信丢失，可从日志取回",
        "rejected but not in table dead_letters: a lost dead letter, the log still has it",
    ),
    "contents": Text(
        "同一主键的行内容不同，合并后留下哪一行不确定：按日志核对后删除错误的行",
        "rows of one key with different content: which one stays after a merge is chance. Compare with the log and "
        "delete the wrong one",
    ),
    "epoch": Text(
        "行属于未登记的代理：重建状态时次序不对。补上表 epochs 中的这一行",
        "rows of a broker that table epochs does not have: a rebuild takes them in the wrong order. Add its row",
    ),
    "sum_missing": Text(
        "已关闭的时段有销售却没有指标行：该分区无快照重建即可补写",
        "a closed bucket with sales has no row: a rebuild of the partition from raw rows writes it again",
    ),
    "sum_unfounded": Text(
        "指标行多于原始行：原始行丢失，或指标行被改过",
        "the row counts more than the raw rows hold: raw rows are lost, or the row was altered",
    ),
    "sum_different": Text(
        "指标与由原始行重算的不同：以原始行为准重建该分区",
        "the row differs from the recomputation from raw rows: rebuild the partition from them",
    ),
    "date_missing": Text(
        "已关闭的日期有报价却没有指标行：该分区无快照重建即可补写",
        "a closed date with quotes has no row: a rebuild of the partition from raw rows writes it again",
    ),
    "date_different": Text(
        "日期行的价格或报价点数与由报价重算的不同：以原始行为准重建该分区",
        "price or sites of a date differ from the recomputation from quotes: rebuild the partition from raw rows",
    ),
    "snapshot_beyond": Text(
        "快照超出进度：重建不会用它，但它记录了未入库的状态",
        "a snapshot beyond the progress: a rebuild will not use it, but it knows of rows that are not stored",
    ),
    "snapshot_position": Text(
        "快照的位置与其位移之和不符：删除该快照",
        "a snapshot whose position is not the sum of its offsets: delete it",
    ),
    "seq_gap": Text(
        "一次事件缺少变化记录：transitions 表不完整",
        "transitions of an episode are missing from table alert_transitions",
    ),
    "two_open": Text(
        "同一对象有两次未结束的事件：较早的一次不会再结束",
        "two open episodes of one subject: the older one will never be resolved",
    ),
    "alert_topic": Text(
        "仓库与主题 alerts 的最新状态不同：重启持有该分区的 worker，它会重新发布",
        "warehouse and topic alerts differ on the newest state: restart the worker of the partition, it publishes anew",
    ),
    "alert_rebuilt": Text(
        "由原始行重新推算的未结束预警与仓库不同：检查 --packs、--event-time、--inputs 是否与 worker 一致，否则重建",
        "open alerts worked out anew from raw rows differ: are --packs, --event-time and --inputs the workers'? "
        "If so, rebuild the partition",
    ),
    "letter_topic": Text(
        "死信表中有、主题 dead.letters 中没有：重放时以死信表为准",
        "in table dead_letters but not on topic dead.letters: replay from the table",
    ),
    "letter_table": Text(
        "主题 dead.letters 中有、死信表中没有：死信表丢行",
        "on topic dead.letters but not in table dead_letters: a row of the table is lost",
    ),
}
