"""Playing real data into Kafka at its own times, faster, or moved to now."""

from producers.replay.playback import Playback, Sink, Summary
from producers.replay.recording import Recording, ReplayError

__all__ = ["Playback", "Recording", "ReplayError", "Sink", "Summary"]
