"""What runs in an instance, for those who ask about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serving.guard import Guard
    from streams.worker import Worker


@dataclass(slots=True)
class Parts:
    """The parts as they are at present; the web application asks from its own thread."""

    warehouse: str = ""
    durable: bool = True
    worker: Worker | None = None
    guard: Guard | None = None
    #: Why the instance has not started yet, by part.
    missing: dict[str, str] = field(default_factory=dict)
    #: Whether nothing works without the warehouse; the web application alone has live values.
    needs_warehouse: bool = True

    def status(self) -> dict[str, Any]:
        """Return details for /api/health: ``reasons`` why it is not ready, ``notes`` what is not well."""
        told: dict[str, Any] = {"warehouse": self.warehouse, "durable": self.durable}
        missing = self.missing.items()
        reasons = [reason for part, reason in missing if self.needs_warehouse or part != "warehouse"]
        notes: list[str] = []
        if self.worker is not None:
            health = self.worker.health
            reasons += health.ready()
            notes += health.notes
            told |= {**health.details, "totals": totals(self.worker)}
        if self.guard is not None and self.guard.reason:
            notes.append(f"stored values cannot be read, live ones go on: {self.guard.reason}")
        return {**told, "reasons": reasons, "notes": notes}


def totals(worker: Worker) -> dict[str, float]:
    """Return what the worker has counted since its start, summed over labels."""
    told: dict[str, float] = {}
    for metric in worker.metrics.registry.collect():
        if metric.type in {"counter", "gauge"}:
            told[metric.name.removeprefix("staplewatch_")] = sum(
                sample.value for sample in metric.samples if not sample.name.endswith("_created")
            )
    return told
