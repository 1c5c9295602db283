"""Indicators: pure functions and state, no I/O, no clock."""
