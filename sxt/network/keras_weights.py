"""Import of weights that Keras 2 saved for the published network (HDF5, ``save_weights``).

Keras numbers its automatic layer names by what else was built in the same process, so tensors are matched by the
named top-level layer, their role (kernel, bias, gamma, ...) and their order, never by those numbers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sxt.errors import ModelError
from sxt.network.config import NetworkConfig
from sxt.network.double_decoder import DoubleDecoder, build_network

ROLES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""Keras' name of a tensor's role, and torch's."""


def load_keras_weights(path: Path, config: NetworkConfig) -> DoubleDecoder:
    """Build the network of ``config`` with the weights of a Keras HDF5 file, in evaluation mode.

    Raises
    ------
    ModelError
        Where the file is no such file, or a layer differs from the configuration; the message names the layer.
    """
    import h5py

    network = build_network(config)
    try:
        with h5py.File(path, "r") as file:
            _copy_layers(file, network)
    except OSError as error:
        raise ModelError(f"{path} is not a readable HDF5 weights file ({error}).") from error
    return network.eval()


def _copy_layers(file: Any, network: DoubleDecoder) -> None:
    layers = dict(_keras_layers(network))
    present = _text_list(file.attrs.get("layer_names", []))
    if not present:
        raise ModelError(f"{file.filename} holds no Keras layers; it was not written by save_weights.")
    weighted = [name for name in present if len(file[name].attrs.get("weight_names", []))]
    if missing := sorted(set(layers) - set(weighted)):
        raise ModelError(
            f"The weights file has no layer {missing[0]!r}; it does not match the configuration."
        )
    if extra := sorted(set(weighted) - set(layers)):
        raise ModelError(f"The weights file has a layer {extra[0]!r} that the configuration does not have.")
    for name, module in layers.items():
        _copy_layer(name, file[name], module)


def _keras_layers(network: DoubleDecoder) -> Iterator[tuple[str, nn.Module]]:
    """Pair each top-level layer name of the published network with the module it fills."""
    yield "encoder", network.encoder
    for index, branch in enumerate(network.neck.branches):
        yield f"mid_branch_{index}", branch
    yield "image_decoder", network.image_decoder
    for index, bottleneck in enumerate(network.image_head):
        yield f"image_decoder_final_convolution_{index}", bottleneck
    yield "label_decoder", network.label_decoder
    yield "label_decoder_final_batchnorm", network.label_head[0]
    yield "label_decoder_final_convolution_1", network.label_head[1]
    yield "label_decoder_final_convolution_2", network.label_head[2]


def _copy_layer(name: str, group: Any, module: nn.Module) -> None:
    weight_names = _text_list(group.attrs["weight_names"])
    for role in ROLES:
        found = [weight_name for weight_name in weight_names if _role(weight_name) == role]
        targets = list(_targets(module, role))
        if len(found) != len(targets):
            raise ModelError(
                f"Layer {name!r} of the weights file has {len(found)} tensors of the kind {role!r}, "
                f"but the configuration needs {len(targets)}; choose the configuration it was trained with."
            )
        for weight_name, target in zip(found, targets, strict=True):
            _copy_tensor(weight_name, np.asarray(group[weight_name]), target)
    if unknown := [weight_name for weight_name in weight_names if _role(weight_name) not in ROLES]:
        raise ModelError(
            f"Layer {name!r} of the weights file has a tensor {unknown[0]!r} of an unknown kind."
        )


def _copy_tensor(weight_name: str, values: np.ndarray, target: Tensor) -> None:
    if values.ndim == 4:
        values = values.transpose(3, 2, 0, 1)  # (kh, kw, in, out) -> (out, in, kh, kw); transposed ones alike
    if values.shape != tuple(target.shape):
        raise ModelError(
            f"Tensor {weight_name!r} of the weights file has shape {values.shape}, "
            f"but the configuration needs {tuple(target.shape)}; choose the configuration it was trained with."
        )
    if not np.isfinite(values).all():
        raise ModelError(f"Tensor {weight_name!r} of the weights file holds NaN or infinite values.")
    with torch.no_grad():
        target.copy_(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)))


def _targets(module: nn.Module, role: str) -> Iterator[Tensor]:
    """Yield the tensors of ``module`` that play a Keras role, in Keras' order: transposed convolutions first."""
    if role in ("kernel", "bias"):
        kinds: tuple[type[nn.Module], ...] = (nn.ConvTranspose2d, nn.Conv2d)
    else:
        kinds = (nn.BatchNorm2d,)
    for kind in kinds:
        for layer in module.modules():
            if isinstance(layer, kind) and (tensor := getattr(layer, ROLES[role])) is not None:
                yield tensor


def _role(weight_name: str) -> str:
    return weight_name.rsplit("/", 1)[-1].split(":")[0]


def _text_list(names: Any) -> list[str]:
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]
