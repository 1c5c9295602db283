"""Exit codes of processes that hold records, for supervisors and people."""

from __future__ import annotations

#: Stopped, and everything that was read is stored.
STORED = 0
#: A part failed: start again.
FAILED = 1
#: Something must be mended first: an address, a password, a slot that another worker holds.
REFUSED = 2
#: A stop was asked for and did not end in time: ended by force.
HUNG = 70
#: Stopped, but something is not stored: it is read again after the next start.
UNSTORED = 75
#: No progress in spite of lag, or an event loop that stood still: start again.
STALLED = 76
