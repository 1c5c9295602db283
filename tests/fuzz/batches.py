"""Arrow batches for the fuzzing: well-formed ones with hostile values, and the bytes of right ones changed."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import msgspec
import pyarrow as pa

from schemas import receipt_batch, topics
from schemas.events import Receipt
from streams.columns import listed
from streams.decode import Decoded
from streams.ipc import batches
from tests.fuzz.corpus import Input, deleted, doubled, event, flipped
from tests.fuzz.corpus import cut as cut_short
from tests.fuzz.held import Held, Tally, told

HEADERS: Final = [(receipt_batch.HEADER, receipt_batch.CONTENT_TYPE)]
NUMBERS: Final = (0, 1, -1, 2, 7, 255, 2**15, 2**31 - 1, -(2**31), 2**32 - 1, 2**40, 2**63 - 1)


def receipts(random: Random) -> list[Receipt]:
    """Return receipts that an encoder can encode: right, nearly, or wrong in a value."""
    found = []
    for _ in range(random.randrange(1, 5)):
        made = event(random, topics.SALES)
        made["sequence"] %= 2**53
        for name in ("store", "region", "event_id", "workstation"):
            if random.random() < 0.1:
                made[name] = random.choice(("", "x" * 201, "540102", "号"))
        for line in made["lines"]:
            if random.random() < 0.1:
                line[random.choice(("quantity", "amount"))] = random.choice((0, -1, 1e300, 0.0004))
        found.append(msgspec.convert(made, Receipt))
    return found


def overwritten(random: Random, value: bytes) -> bytes:
    """Put a number where one may stand: lengths, offsets and counts are 2, 4 or 8 bytes at a multiple of that."""
    size, form = random.choice(((2, "<H"), (4, "<I"), (8, "<Q")))
    place = random.randrange(len(value) // size) * size
    number = random.choice(NUMBERS) % 2 ** (8 * size)
    return value[:place] + struct.pack(form, number) + value[place + size :]


def compressed(random: Random, value: bytes) -> bytes:
    """Write it again with compressed buffers."""
    with pa.ipc.open_stream(value) as reader:
        table = reader.read_all()
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=random.choice(("lz4", "zstd")))
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


MUTATIONS: Final[dict[str, Callable[[Random, bytes], bytes]]] = {
    "bits": flipped,
    "number": overwritten,
    "deleted": deleted,
    "doubled": doubled,
    "cut": cut_short,
    "zipped": compressed,
}
KINDS: Final = ("valid", "valid", "number", "number", "number", *MUTATIONS)


def make(seed: int, number: int) -> Input:
    """Return batch ``number`` of a run."""
    random = Random(seed * 1_000_000_007 + number)
    kind, value = random.choice(KINDS), receipt_batch.encode(receipts(random))
    for _ in range(random.choice((1, 1, 2)) if kind in MUTATIONS else 0):
        value = MUTATIONS[kind](random, value) if value else value
    return Input(number, kind, topics.SALES, value)


def check(held: Held, inputs: Sequence[Input], tally: Tally) -> list[str]:
    """Return what is wrong with any of the batches: a crash, something that vanished, a letter without its bytes.

    Read in one chunk; a crash is looked for one by one.
    """
    try:
        decoded = held.decode(topics.SALES, [each.value for each in inputs], HEADERS)
    except BaseException as error:
        if len(inputs) == 1:
            return [told(inputs[0], f"crash: {error!r}")]
        middle = len(inputs) // 2
        return [*check(held, inputs[:middle], tally), *check(held, inputs[middle:], tally)]
    wrong = []
    for offset, tried in enumerate(inputs):
        problem = accounted(offset, tried, decoded, tally)
        if problem:
            wrong.append(told(tried, problem))
    return wrong


def accounted(offset: int, tried: Input, decoded: Decoded, tally: Tally) -> str:
    """Return what of a batch is neither in the rows nor in the dead letters, or in both."""
    letters = [each for each in decoded.dead if each.offset == offset]
    whole = [each for each in letters if not each.lines]
    places = zip(listed(decoded.columns["offset"]), listed(decoded.columns["line"]), strict=True)
    rows = [line for place, line in places if place == offset]
    if whole:
        tally.note(tried.kind, whole[0].stage)
        right = len(letters) == 1 and not rows and whole[0].value == tried.value
        return "" if right else f"refused whole, and yet {len(letters)} letters and {len(rows)} rows"
    tally.note(tried.kind, "in part" if rows and letters else letters[0].stage if letters else "accepted")
    return _lines(tried, rows, [(each.line, each.lines, each.value) for each in letters])


def _lines(tried: Input, rows: list[int], letters: list[tuple[int, int, bytes]]) -> str:
    """Compare with what pyarrow itself says is in the batch."""
    taken, first = set(rows), 0
    if len(taken) < len(rows):
        return "two rows have one place"
    refused = {line: (lines, value) for line, lines, value in letters}
    for batch in batches(tried.value):
        for sold, status in zip(_column(batch, "lines"), _column(batch, "status", "normal"), strict=True):
            size = max(1, len(sold or ()))
            mine = taken & set(range(first, first + size))
            taken -= mine
            lines, _ = refused.pop(first, (0, b""))
            dropped = status not in {None, "normal"}
            if lines not in {0, size} or not (lines or dropped or len(mine) == size):
                return f"of {size} lines from {first} there are {len(mine)} rows, and a letter of {lines}"
            first += size
    return f"out of nowhere: rows {sorted(taken)}, letters {refused}" if taken or refused else ""


def _column(batch: pa.RecordBatch, name: str, default: Any = None) -> list[Any]:
    if name not in batch.schema.names:
        return [default] * len(batch)
    found: list[Any] = batch.column(name).to_pylist()
    return found
