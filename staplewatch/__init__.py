"""The command: settings, one-machine launcher, doctor."""
