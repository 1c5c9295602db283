"""The simulated region."""
