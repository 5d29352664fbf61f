"""``python -m sxt export-model``: write a model version as one ZIP."""

import argparse
from pathlib import Path
from typing import Any

from sxt.cli.models import add_models_dir_argument, model_roots
from sxt.errors import ResourceError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="NAME[:VERSION]", help="model version; the newest without a number")
    parser.add_argument(
        "--output", required=True, type=Path, metavar="FILE.zip", help="replaced where it is there"
    )
    add_models_dir_argument(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    from sxt.models import find_model, load_model, pack_model

    roots = model_roots(arguments.models_dir)
    model = load_model(arguments.model, root=roots)  # a damaged version is not passed on
    try:
        pack_model(find_model(model.spec, root=roots), arguments.output)
    except OSError as error:
        raise ResourceError(
            f"{arguments.output} cannot be written ({error.strerror}); give another place."
        ) from error
    return {"spec": model.spec, "sha256": model.sha256, "file": str(arguments.output)}


def describe(result: dict[str, Any]) -> str:
    return f"Wrote {result['spec']} to {result['file']}."
