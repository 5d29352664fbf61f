"""Everything a training needs to go on as if it had not been interrupted, in one file.

Random numbers are drawn from the seed and the step's number, so that the step is all of their state.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from sxt.network import DoubleDecoder
from sxt.train.folder import load_tensors, module_tensors, save_tensors
from sxt.train.state import LoopState


def save_checkpoint(
    path: Path,
    network: DoubleDecoder,
    average: DoubleDecoder,
    optimiser: torch.optim.Optimizer,
    state: LoopState,
) -> None:
    """Write both networks, the optimiser's moments and the state, whole or not at all."""
    tensors = {**module_tensors(network, "network."), **module_tensors(average, "average.")}
    tensors |= {f"optimiser.{name}": value for name, value in optimiser_tensors(optimiser).items()}
    save_tensors(path, tensors, state.to_json())


def load_checkpoint(
    path: Path, network: DoubleDecoder, average: DoubleDecoder, optimiser: torch.optim.Optimizer
) -> LoopState:
    """Bring networks and optimiser to what `save_checkpoint` wrote, and return the state.

    Raises
    ------
    InputError
        Where the file is damaged.
    """
    tensors, values = load_tensors(path)
    network.load_state_dict(_under(tensors, "network."))
    average.load_state_dict(_under(tensors, "average."))
    restore_optimiser(optimiser, _under(tensors, "optimiser."))
    return LoopState.from_json(values)


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimiser's moments and step counts by name."""
    state = optimiser.state_dict()["state"]
    return {f"{index}.{name}": value for index, values in state.items() for name, value in values.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser the state that `optimiser_tensors` returned.

    The fused optimiser pairs numbers by their place in memory, so moments take the layout of their parameter.
    """
    parameters = [each for group in optimiser.param_groups for each in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split(".")
        parameter = parameters[int(index)]
        laid_out = (
            torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor.clone()
        )
        state.setdefault(int(index), {})[name] = laid_out
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
