"""Every check finds what was planted, and nothing else."""
