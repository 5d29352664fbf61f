"""The command line: ``python -m sxt COMMAND``."""

from sxt.cli.main import main

__all__ = ["main"]
