"""Into Kafka: client, replay of real data, simulator."""
