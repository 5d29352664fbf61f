"""``python -m sxt import-weights``: make a model version from published Keras weights."""

import argparse
import datetime
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
    from sxt.files import sha256_of_file
    from sxt.models import ModelClass, ModelConfig, next_version, save_model
    from sxt.network import NetworkConfig, count_parameters
    from sxt.network.keras_weights import load_keras_weights

    models_dir = own_models_dir(arguments.models_dir)
    network_config = NetworkConfig.from_json(_read_json(arguments.config))
    network = load_keras_weights(arguments.weights, network_config)
    config = ModelConfig(
        name=arguments.name,
        version=next_version(arguments.name, root=models_dir),
        network=network_config,
        classes=(ModelClass(1, arguments.class_name, "#E69F00"),),
        created=datetime.date.today().isoformat(),
        pixel_size_nm=arguments.pixel_nm,
        normalisation="zscore",
        description="Imported from published Keras weights.",
        source=f"{arguments.weights.name}, sha256 {sha256_of_file(arguments.weights)}",
    )
    folder = save_model(models_dir, config, network, precision="fp32")
    return {"spec": config.spec, "folder": str(folder), "parameters": count_parameters(network)}


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
