"""Records of topic ``pos.sales`` in either encoding, in the order of their offsets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas import receipt_batch
from schemas.catalogue import Catalogue
from streams import batches, native, receipts
from streams.batches import Odd, Unread
from streams.chunk import Chunk
from streams.fields import Fields
from streams.indicators.civil import Civil
from streams.options import Options
from streams.receipts import Receipts

#: Fewer records are decoded in less time than it takes to wake a thread for it.
WORTH_A_THREAD: Final = 500


class Reader:
    """Reads the sales of one partition."""

    def __init__(
        self, catalogue: Catalogue, partition: int, partitions: int, fields: Fields, civil: Civil, options: Options
    ) -> None:
        self._json: receipts.Reader | native.Reader = receipts.Reader(catalogue, partition, partitions, fields, options)
        if options.native:
            counties = receipts.counties_of(catalogue, partition, partitions)
            self._json = native.Reader(catalogue, counties, fields, self._json, options.max_record_bytes)
        self._arrow = batches.Reader(catalogue, partition, partitions, fields, civil, options)

    def ahead(self, chunk: Chunk) -> None:
        """Begin with a chunk before its turn, where that pays."""
        reader = self._json
        if isinstance(reader, native.Reader) and len(chunk) >= WORTH_A_THREAD and not any(chunk.headers):
            chunk.begun = reader.begin(chunk)

    def parts(self, chunk: Chunk, start: int) -> Iterator[Receipts | int | Odd | Unread]:
        """Yield what the records from ``start`` on hold, in order.

        Receipts that are right come in bulk; else the index of a JSON record to look at, or what
        ``batches.Reader`` says.
        """
        marked = enumerate(chunk.headers[start:], start) if any(chunk.headers) else ()
        for index, headers in marked:
            if headers and receipt_batch.is_batch(headers):
                yield from self._json.parts(chunk, start, index)
                yield from self._arrow.parts(index, chunk.values[index])
                start = index + 1
        yield from self._json.parts(chunk, start, len(chunk))
