"""What ends a worker, so that its supervisor starts another one."""

from __future__ import annotations


class WorkerFailedError(RuntimeError):
    """The worker met what only a restart can mend; its supervisor should start it again."""


class WorkerStalledError(WorkerFailedError):
    """Records wait and are not read, for minutes, and nothing that is known of explains it."""
