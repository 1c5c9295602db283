"""Scores of alerts: against what a simulation broke (``truth``), against labelled stock-outs (``labels``)."""
