"""`python -m processor` is `eventcluster`."""

from processor.cli import main

main()
