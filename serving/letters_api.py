"""Dead letters over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ValidationException
from litestar.params import Body, QueryParameter

from serving.access import NEEDS
from serving.answers import Answers
from serving.headers import NEXT
from serving.letters import BadPageError, DeadLetterRow, LetterFilter, Order, OutcomeRow, ReasonRow, SentRow

LARGEST_LIMIT: Final = 1_000_000
#: The end of ClickHouse's DateTime, 2106-02-07.
FAR: Final = 2**32 - 1

Topic = Annotated[str | None, QueryParameter(description="topic that the record came from")]
Partition = Annotated[int | None, QueryParameter(ge=0, le=65_535, description="partition that it came from")]
Offset = Annotated[int | None, QueryParameter(ge=0, le=2**63 - 1, description="its offset there")]
Line = Annotated[int | None, QueryParameter(ge=0, le=2**32 - 1, description="first line of a receipt of a batch")]
Epoch = Annotated[str | None, QueryParameter(description="id of the broker that it came from")]
Stage = Annotated[
    Literal["size", "decode", "validate", "partition"] | None, QueryParameter(description="where it was rejected")
]
Sender = Annotated[str | None, QueryParameter(description="its sender, as far as it could be read")]
Reason = Annotated[str | None, QueryParameter(description="text that the reason contains")]
Moment = Annotated[datetime | None, QueryParameter(description="rejected from or up to then; without offset: UTC")]
Replayed = Annotated[bool | None, QueryParameter(description="whether it was sent again")]
Limit = Annotated[int, QueryParameter(ge=1, le=LARGEST_LIMIT, description="rows at most")]
Begin = Annotated[str | None, QueryParameter(description=f"where to go on: header {NEXT} of the answer before")]
Direction = Annotated[Order, QueryParameter(description="newest or oldest first")]
Run = Annotated[str, QueryParameter(description="a run of the replay command")]


def _filter(
    topic: Topic = None,
    partition: Partition = None,
    offset: Offset = None,
    line: Line = None,
    epoch: Epoch = None,
    stage: Stage = None,
    sender: Sender = None,
    reason: Reason = None,
    since: Moment = None,
    until: Moment = None,
    replayed: Replayed = None,
) -> LetterFilter:
    return LetterFilter(
        topic=topic or "",
        partition=-1 if partition is None else partition,
        offset=-1 if offset is None else offset,
        line=-1 if line is None else line,
        epoch=epoch or "",
        stage=stage or "",
        sender=sender or "",
        reason=reason or "",
        since=_epoch(since, 0),
        until=_epoch(until, FAR),
        replayed=-1 if replayed is None else int(replayed),
    )


def _epoch(moment: datetime | None, default: int) -> int:
    if moment is None:
        return default
    return min(max(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()), 0), FAR)


FILTERED: Final = {"wanted": Provide(_filter, sync_to_thread=False)}


@get("/api/dead-letters", dependencies=FILTERED, summary="Rejected records", opt={NEEDS: "history"})
async def get_dead_letters(
    answers: NamedDependency[Answers],
    wanted: NamedDependency[LetterFilter],
    limit: Limit = 100,
    page: Begin = None,
    order: Direction = "newest",
) -> Response[list[DeadLetterRow]]:
    """Return the original bytes (base64), where they came from, why they were rejected, and their replays.

    A page has at most 1,000 records and 8 MiB; the header tells where the next one begins.
    """
    try:
        found = await answers.letters.page(wanted, limit, page or "", order)
    except BadPageError as error:
        raise ValidationException(str(error), extra=[{"key": "page", "message": str(error)}]) from error
    return Response(found.rows, headers={NEXT: found.next} if found.next else {})


@get("/api/dead-letters/summary", dependencies=FILTERED, summary="Rejected records by reason", opt={NEEDS: "history"})
async def get_summary(
    answers: NamedDependency[Answers],
    wanted: NamedDependency[LetterFilter],
    limit: Limit = 1_000,
) -> Response[list[ReasonRow]]:
    """Return counts, most first; numbers in a reason are taken for equal."""
    return Response(await answers.letters.summary(wanted, limit))


@get("/api/dead-letters/replays", summary="What became of what a replay sent", opt={NEEDS: "history"})
async def get_outcomes(answers: NamedDependency[Answers], run: Run) -> Response[list[OutcomeRow]]:
    """Return numbers of records by outcome; an empty outcome is "not read yet"."""
    return Response(await answers.letters.outcomes(run))


@post("/api/dead-letters/replays", summary="Note that letters were sent again", status_code=201, opt={NEEDS: "admin"})
async def post_replays(
    answers: NamedDependency[Answers], data: Annotated[list[SentRow], Body(description="what the broker acknowledged")]
) -> Response[dict[str, int]]:
    """Store it, so that a second replay leaves them out."""
    await answers.letters.record(data)
    return Response({"recorded": len(data)}, status_code=201)


HANDLERS: Final[list[Any]] = [get_dead_letters, get_summary, get_outcomes, post_replays]
