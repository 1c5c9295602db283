"""Mirrors streams/backtest."""
