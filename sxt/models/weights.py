"""Weights on disk: one safetensors file, half precision by default, checked when written and read."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from sxt.errors import ModelError, SettingsError
from sxt.files import let_read

Precision = Literal["fp16", "fp32"]
"""How weights are stored; they are computed with as float32 either way."""

_DTYPES: dict[str, torch.dtype] = {"fp16": torch.float16, "fp32": torch.float32}
MAX_NAMED_TENSORS = 3
"""A message names this many tensors and counts the rest."""


def write_weights(path: Path, network: nn.Module, *, precision: Precision = "fp16") -> None:
    """Write a network's parameters and buffers as safetensors; whole numbers keep their type.

    Biases and batch-norm statistics, a small part of the whole, stay float32: a variance may exceed what float16 holds.

    Raises
    ------
    ModelError
        Where a tensor holds NaN or infinity, or numbers beyond the range of the precision.
    """
    from safetensors.torch import save_file

    if precision not in _DTYPES:
        raise SettingsError(f"The precision {precision!r} is unknown; use one of {', '.join(_DTYPES)}.")
    tensors = network.state_dict()
    _refuse_non_finite(tensors, what="The weights")
    stored = {name: _to_stored(tensor, _DTYPES[precision]) for name, tensor in tensors.items()}
    _refuse_non_finite(stored, what=f"The weights exceed the range of {precision}; store them as fp32: they")
    save_file(stored, path, metadata={"format": "pt"})
    let_read(path)


def read_weights(path: Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Read a safetensors file that holds tensors of the names and shapes of ``expected``, in its dtypes.

    Raises
    ------
    ModelError
        Where the file is not safetensors, a tensor is missing, unknown or of another shape, or holds NaN.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{path} cannot be read as safetensors ({error}); install the model version again."
        ) from error
    _refuse_mismatch(tensors, expected, path=path)
    _refuse_non_finite(tensors, what=f"The weights in {path}")
    # Copied: what load_file returns may be a view of the file, which others may replace.
    return {name: tensor.to(expected[name].dtype, copy=True) for name, tensor in tensors.items()}


def count_stored_parameters(path: Path) -> int:
    """Return how many floating-point numbers a safetensors file holds, read from its header alone."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as stored:
            slices = [stored.get_slice(name) for name in stored.keys()]  # noqa: SIM118  # not a mapping
            return sum(math.prod(each.get_shape()) for each in slices if "F" in each.get_dtype())
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{path} cannot be read as safetensors ({error}); install the model version again."
        ) from error


def _to_stored(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    wanted = dtype if tensor.is_floating_point() and tensor.ndim > 1 else tensor.dtype
    return tensor.detach().to(device="cpu", dtype=wanted, copy=True, memory_format=torch.contiguous_format)


def _refuse_non_finite(tensors: Mapping[str, Tensor], *, what: str) -> None:
    bad = [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    if bad:
        raise ModelError(
            f"{what} hold NaN or infinity in {_name_some(bad)}; train or install the model version again."
        )


def _refuse_mismatch(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], *, path: Path) -> None:
    missing = [name for name in expected if name not in tensors]
    unknown = [name for name in tensors if name not in expected]
    reshaped = [
        f"{name} ({tuple(tensors[name].shape)} instead of {tuple(expected[name].shape)})"
        for name in expected
        if name in tensors and tensors[name].shape != expected[name].shape
    ]
    faults = (("lacks", missing), ("has unknown", unknown), ("has of another shape", reshaped))
    said = [f"{verb} {_name_some(names)}" for verb, names in faults if names]
    if said:
        raise ModelError(
            f"{path} does not match the network in its config.json: it {', and '.join(said)}; "
            "use the weights and the configuration of one version."
        )


def _name_some(names: list[str]) -> str:
    rest = len(names) - MAX_NAMED_TENSORS
    return ", ".join(names[:MAX_NAMED_TENSORS]) + (f" and {rest} more" if rest > 0 else "")
