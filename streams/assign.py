"""Who reads what: a partition number goes to one worker for all topics, because its state does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

VERSION = 0


def share(partitions: Iterable[int], members: Iterable[tuple[str, str]]) -> dict[str, list[int]]:
    """Deal partition numbers round robin to ``(slot, member id)`` pairs, in the slots' order.

    Slots outlive member ids, so that a restarted worker gets the partitions it had.
    """
    ranked = [member for _, member in sorted(members)]
    dealt: dict[str, list[int]] = {member: [] for member in ranked}
    for place, partition in enumerate(sorted(set(partitions))):
        dealt[ranked[place % len(ranked)]].append(partition)
    return dealt


def run_of(metadata: bytes) -> str:
    """Return the run that a member's metadata names; empty while its group is being rebalanced."""
    if not metadata:
        return ""
    told = ConsumerProtocolMemberMetadata.decode(metadata)
    user_data: bytes = told.user_data or b""
    return user_data.decode(errors="replace").partition(" ")[2]


class Together(AbstractPartitionAssignor):  # type: ignore[misc]
    """Consumer group assignor that keeps equal partition numbers of all topics together."""

    name = "staplewatch-together"

    def __init__(self, slot: str, partitions: int, run: str = "") -> None:
        """``partitions`` is the number that every topic has."""
        self.slot = slot
        self.run = run
        self._partitions = partitions

    def metadata(self, topics: Iterable[str]) -> Any:
        """Return what this member tells the group: its topics, its slot, and which run of a worker it is.

        Not left to the client id: the coordinator keeps that of the first run that joined under a static id.
        """
        return ConsumerProtocolMemberMetadata(VERSION, sorted(topics), f"{self.slot} {self.run}".strip().encode())

    def assign(self, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        """Share out all partitions, as the group's leader.

        What the client knows of the cluster plays no part: just after a broker's restart it was nothing, and every
        worker of the group then waited for ever without partitions.
        """
        topics = sorted({topic for member in members.values() for topic in member.subscription})
        slots = [((member.user_data or b"").decode().partition(" ")[0], name) for name, member in members.items()]
        dealt = share(range(self._partitions), slots)
        return {
            name: ConsumerProtocolMemberAssignment(VERSION, [(topic, dealt[name]) for topic in topics], b"")
            for name in members
        }

    def on_assignment(self, assignment: Any) -> None:
        """Nothing is kept between generations."""
