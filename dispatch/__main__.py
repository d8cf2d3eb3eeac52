"""`python -m dispatch` is the console script."""

from dispatch.cli import main

main()
