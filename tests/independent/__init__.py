"""RULES.md computed a second time, slowly and without product code, to compare with."""
