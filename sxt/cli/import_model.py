"""``python -m sxt import-model``: take in a model version that was exported as a ZIP."""

import argparse
from pathlib import Path
from typing import Any

from sxt.cli.models import add_models_dir_argument, own_models_dir
from sxt.errors import ModelError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "package", type=Path, metavar="FILE.zip", help="as export-model or the dashboard wrote it"
    )
    add_models_dir_argument(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    from sxt.models import SHIPPED_ROOT, install_package

    if not arguments.package.is_file():
        raise ModelError(f"{arguments.package} is not a file; give an exported model version.")
    folder = install_package(arguments.package, own_models_dir(arguments.models_dir), beside=SHIPPED_ROOT)
    return {"spec": f"{folder.parent.name}:{folder.name}", "folder": str(folder)}


def describe(result: dict[str, Any]) -> str:
    return f"Imported {result['spec']} to {result['folder']}."
