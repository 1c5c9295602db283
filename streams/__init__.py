"""Kafka to state to indicators to alerts."""
