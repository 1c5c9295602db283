"""Measurements on real servers; run by hand, never part of a timed test."""
