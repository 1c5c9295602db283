"""Alerts: conditions, packs, the life of an alert and its words."""
