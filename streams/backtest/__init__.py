"""Indicators and levels of past dates in one go, from all quotes at once.

The same rules as the live stream, on matrices (sites, dates) instead of event by event: pure, no
I/O. ``quotes.History`` holds the quotes, ``levels.evaluate`` gives every rule's level per subject
and date, ``episodes`` and ``comparison`` say what that means for whoever is woken.
"""
