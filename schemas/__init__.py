"""The vocabulary: events, regions, goods, units, topics, tables. Imports nothing of ours."""
