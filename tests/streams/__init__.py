"""The stream, without Kafka or a warehouse where a test does not need them."""
