"""Response headers of the API."""

from __future__ import annotations

from typing import Final

#: What the next question gives as ``after`` to hear only of changes.
CURSOR: Final = "Staplewatch-Cursor"
#: Names what was away when the answer was made: ``warehouse``.
INCOMPLETE: Final = "Staplewatch-Incomplete"
#: Where the next page begins: the next question's ``page``. Absent on the last page.
NEXT: Final = "Staplewatch-Next"
