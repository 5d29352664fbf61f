"""``python -m sxt import-weights``: make a model version from published Keras weights."""

import argparse
import json
from pathlib import Path
from typing import Any

from sxt.cli.models import add_models_dir_argument, own_models_dir
from sxt.errors import ModelError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "weights", type=Path, metavar="WEIGHTS.h5", help="Keras 2 weights file (HDF5, save_weights)"
    )
    parser.add_argument(
        "--config", required=True, type=Path, metavar="CONFIG.json", help="its network configuration"
    )
    parser.add_argument("--name", required=True, help="name of the model; the next free version is taken")
    add_models_dir_argument(parser)
    parser.add_argument(
        "--pixel-nm", type=float, help="pixel size of its training data; nothing is rescaled without"
    )
    parser.add_argument("--class-name", default="membrane", help="what its foreground is (default: membrane)")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    import torch

    from sxt.models import install_keras_weights
    from sxt.network import NetworkConfig, build_network, count_parameters

    network_config = NetworkConfig.from_json(_read_json(arguments.config))
    folder = install_keras_weights(
        arguments.weights,
        network_config,
        own_models_dir(arguments.models_dir),
        name=arguments.name,
        class_name=arguments.class_name,
        pixel_size_nm=arguments.pixel_nm,
    )
    with torch.device("meta"):
        n_parameters = count_parameters(build_network(network_config))
    return {
        "spec": f"{folder.parent.name}:{folder.name}",
        "folder": str(folder),
        "parameters": n_parameters,
    }


def describe(result: dict[str, Any]) -> str:
    return f"Wrote {result['spec']} with {result['parameters']:,} parameters to {result['folder']}."


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}); give the configuration's path."
        ) from error
    except ValueError as error:
        raise ModelError(f"{path} is not JSON ({error}); give the configuration of the weights.") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path} holds no network configuration; it must be a JSON object.")
    return values
