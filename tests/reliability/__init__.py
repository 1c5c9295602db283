"""Everything that can be killed is killed, and every number must be what it would have been without."""
