"""The commands, a module per family. Nothing heavy is imported until a command runs."""
