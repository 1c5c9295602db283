"""Measurements, not tests: ``make bench``, or one of them as a script (``python -m tests.bench.rebuild``)."""
