"""The vocabulary: catalogue, units, numbers, topics, events and their JSON Schemas."""
