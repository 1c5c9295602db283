"""Whether what is stored agrees with what was sent, and what is derived with what it is derived from.

``run`` makes every check and returns a report. Checks read only, and hold with workers running.
"""

from __future__ import annotations

from staplewatch.audit.report import Finding, Report, Summary, Text
from staplewatch.audit.running import run
from staplewatch.audit.scope import Subject, Tell

__all__ = ["Finding", "Report", "Subject", "Summary", "Tell", "Text", "run"]
