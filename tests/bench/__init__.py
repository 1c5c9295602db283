"""Measurements: scripts that print figures, never tests that can fail for a slow machine."""
