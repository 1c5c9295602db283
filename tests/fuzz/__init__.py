"""Hostile input: what the decoder makes of any bytes, held against a slow reference."""
