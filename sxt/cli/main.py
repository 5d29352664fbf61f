"""Parse the command line, run one command, and turn its outcome into text and an exit code."""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sxt.errors import Cancelled, SxtError

EXIT_OK = 0
EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Command:
    """A command's name, its one-line help, and the module in ``sxt.cli`` that defines it.

    The module is imported only when the command is called, so that one command does not wait for the libraries
    of another. It has ``add_arguments(parser)``, ``run(arguments) -> dict`` with a JSON-able result, and
    ``describe(result) -> str``, the result as text for a person.
    """

    name: str
    help: str

    @property
    def module_name(self) -> str:
        return f"sxt.cli.{self.name.replace('-', '_')}"


COMMANDS = (
    Command("info", "Say what a file holds: format, shape, voxel size, and every doubt about it."),
    Command("segment", "Segment a tomogram with a model version."),
    Command("surface", "Reconstruct and measure 3D surfaces from a mask."),
    Command("evaluate", "Measure a segmentation against labels."),
    Command("compare", "Compare model versions on the same tomograms, with labels or without."),
    Command("simulate", "Simulate a tomogram of a cell with its labels."),
    Command("train", "Train a new model version from labelled slices and unlabelled tomograms."),
    Command("models", "List the model versions there are."),
    Command("import-weights", "Make a model version from published Keras weights."),
    Command("export-model", "Write a model version as one ZIP."),
    Command("import-model", "Take in a model version that was exported as a ZIP."),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 a fault named in one sentence, 130 interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = next((c for c in COMMANDS if words and c.name == words[0]), None)
    parser = _build_parser(command)
    arguments = parser.parse_args(words)
    module = importlib.import_module(command.module_name)  # type: ignore[union-attr]  # the parser demands one
    try:
        result: dict[str, Any] = module.run(arguments)
    except (KeyboardInterrupt, Cancelled):
        sys.stderr.write("Interrupted; nothing was written under its final name.\n")
        return EXIT_INTERRUPTED
    except SxtError as error:
        sys.stderr.write(f"Error: {error}\n")
        return EXIT_ERROR
    text = json.dumps(result, indent=2, allow_nan=False) if arguments.json else module.describe(result)
    sys.stdout.write(text.rstrip("\n") + "\n")
    return EXIT_OK


def _build_parser(command: Command | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sxt",
        description="Segment cryo soft X-ray tomograms, reconstruct 3D surfaces and measure them.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for each in COMMANDS:
        subparser = subparsers.add_parser(each.name, help=each.help, description=each.help)
        if each is command:
            importlib.import_module(each.module_name).add_arguments(subparser)
            subparser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser
