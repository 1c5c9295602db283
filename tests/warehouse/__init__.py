"""The warehouse on both engines."""
