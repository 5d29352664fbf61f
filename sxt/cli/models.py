"""``python -m sxt models``: list the model versions there are, and where the commands look for them.

``sxt.models`` brings torch and is imported only when a command runs, so that others can share the arguments here.
"""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sxt.errors import SettingsError

if TYPE_CHECKING:
    from sxt.models import ModelSummary

HEADER = ("model", "classes", "parameters", "pixel size", "Dice", "size", "")
DEFAULT_MARK = "default"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_models_dir_argument(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    from sxt.models import default_model, list_models

    roots = model_roots(arguments.models_dir)
    return {
        "default": default_model(roots),
        "roots": [str(root) for root in roots],
        "models": [_to_json(summary) for summary in list_models(roots)],
    }


def describe(result: dict[str, Any]) -> str:
    if not result["models"]:
        return f"There are no model versions in {' or '.join(result['roots'])}."
    sound = [each for each in result["models"] if not each["fault"]]
    faults = [f"{each['spec']} is not usable: {each['fault']}" for each in result["models"] if each["fault"]]
    table = [_table([HEADER, *(_row(each) for each in sound)])] if sound else []
    return "\n".join([*table, *faults])


def add_models_dir_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--models-dir``, which `model_roots` turns into the folders to look in."""
    parser.add_argument(
        "--models-dir",
        type=Path,
        metavar="DIR",
        help="folder of your own model versions, tried before the shipped ones (default: workspace/models)",
    )


def own_models_dir(models_dir: Path | None) -> Path:
    """Return the folder of the user's own model versions: the given one, else that of the workspace."""
    if models_dir is not None:
        return models_dir
    return Path(os.environ.get("SXT_WORKSPACE") or "workspace") / "models"


def model_roots(models_dir: Path | None) -> tuple[Path, ...]:
    """Return where to look for model versions: the user's own folder, then the shipped ones."""
    from sxt.models import SHIPPED_ROOT

    if models_dir is not None and not models_dir.is_dir():
        raise SettingsError(
            f"The models folder {models_dir} does not exist; give one that holds NAME/VERSION folders."
        )
    return (own_models_dir(models_dir), SHIPPED_ROOT)


def _to_json(summary: "ModelSummary") -> dict[str, Any]:
    config = summary.config
    return {
        "spec": summary.spec,
        "is_default": summary.is_default,
        "path": str(summary.path),
        "n_parameters": summary.n_parameters,
        "size_bytes": summary.size_bytes,
        "fault": summary.fault,
        "config": config.to_json() if config else None,
    }


def _row(model: dict[str, Any]) -> tuple[str, ...]:
    config = model["config"]
    pixel_size = config["pixel_size_nm"]
    dice = config["metrics"].get("dice")
    return (
        model["spec"],
        ", ".join(each["name"] for each in config["classes"]),
        _in_millions(model["n_parameters"]),
        "unknown" if pixel_size is None else f"{pixel_size:g} nm",
        "–" if dice is None else f"{dice:.3f}",
        _in_megabytes(model["size_bytes"]),
        DEFAULT_MARK if model["is_default"] else "",
    )


def _in_millions(count: int) -> str:
    return f"{count / 1e6:.3g} M" if count >= 1e5 else str(count)


def _in_megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.3g} MB"


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
