"""``python -m staplewatch``."""

from staplewatch.cli import main

main()
