"""Optimisers: Muon, whose kernels step along the orthogonal factor of their averaged gradient, and AdamW."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from sxt.train.settings import OptimiserName

OPTIMISERS: Mapping[OptimiserName, str] = {"muon": "Muon", "adamw": "AdamW"}
"""What people call them."""

MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration; they push singular values to 0.7 to 1.2 in `ITERATIONS` steps."""
ITERATIONS = 5
MATCHED_SCALE = 0.2
"""Times the square root of a kernel's longer side: the root mean square of a step is then about that of Adam's."""
ADAM_BETAS, ADAM_EPS = (0.9, 0.999), 1e-8
FEWEST_ROWS_BF16 = 32
"""Smaller matrices gain nothing from bf16."""


def make_optimiser(
    network: nn.Module, name: OptimiserName, *, learning_rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Return the optimiser of a network's parameters."""
    if name == "muon":
        return Muon(network, learning_rate=learning_rate, weight_decay=weight_decay)
    return torch.optim.AdamW(
        network.parameters(),
        lr=learning_rate,
        weight_decay=weight_decay,  # without any, AdamW is Adam
        fused=True,
    )


class Muon(torch.optim.Optimizer):
    """Steps of equal size along all directions of a kernel's gradient, whatever their singular values.

    A kernel is a matrix, (n_out, n_in x y x x), that its layer multiplies with. Where convolutions follow each other
    without an activation between, as in each `Bottleneck`, a few directions dominate the gradient, and Adam learns the
    others slowly.

    Parameters
    ----------
    network : nn.Module
    learning_rate : float
        Of about the size that Adam takes.
    weight_decay : float
        Decoupled, of kernels alone.

    Notes
    -----
    Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the scale of the steps is that of
    Liu et al. 2025 (arXiv 2502.16982). Departure: kernels with a single output, which have one direction, are left to
    Adam, with biases and batch norms.
    """

    def __init__(self, network: nn.Module, *, learning_rate: float, weight_decay: float) -> None:
        transposed = {id(each.weight) for each in network.modules() if isinstance(each, nn.ConvTranspose2d)}
        groups: dict[str, list[Tensor]] = {"kernels": [], "transposed": [], "rest": []}
        for parameter in network.parameters():
            out_axis = 1 if id(parameter) in transposed else 0
            is_kernel = parameter.ndim == 4 and parameter.shape[out_axis] > 1
            kind = ("transposed" if out_axis else "kernels") if is_kernel else "rest"
            groups[kind].append(parameter)
        super().__init__(
            [{"params": parameters, "kind": kind} for kind, parameters in groups.items() if parameters],
            {"lr": learning_rate, "weight_decay": weight_decay},
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take a step along the gradients; parameters without one stay."""
        assert closure is None
        for group in self.param_groups:
            parameters = [each for each in group["params"] if each.grad is not None]
            if not parameters:
                continue
            if group["kind"] == "rest":
                self._step_as_adam(parameters, group)
            else:
                self._step_kernels(parameters, group)

    def _step_kernels(self, kernels: list[Tensor], group: dict[str, Any]) -> None:
        gradients = [_gradient(each) for each in kernels]
        momenta = [self._state_of(each, "momentum") for each in kernels]
        torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
        directions = torch._foreach_lerp(gradients, momenta, MOMENTUM)  # Nesterov's
        torch._foreach_mul_(kernels, 1 - group["lr"] * group["weight_decay"])
        alike = defaultdict(list)
        for kernel, direction in zip(kernels, directions, strict=True):
            alike[kernel.shape].append((kernel, direction))
        for pairs in alike.values():
            stacked = torch.stack(
                [_as_matrix(each, group["kind"]) for _, each in pairs]
            )  # (k, n_out, inputs)
            rate = group["lr"] * MATCHED_SCALE * max(stacked.shape[1:]) ** 0.5
            for (kernel, _), step in zip(pairs, orthogonalise(stacked), strict=True):
                kernel.sub_(_as_kernel(step, kernel.shape, group["kind"]), alpha=rate)

    def _step_as_adam(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        adamw(
            parameters,
            [_gradient(each) for each in parameters],
            [self._state_of(each, "exp_avg") for each in parameters],
            [self._state_of(each, "exp_avg_sq") for each in parameters],
            [],
            [self._state_of(each, "step", is_number=True) for each in parameters],
            fused=True,
            amsgrad=False,
            beta1=ADAM_BETAS[0],
            beta2=ADAM_BETAS[1],
            lr=group["lr"],
            weight_decay=0.0,
            eps=ADAM_EPS,
            maximize=False,
        )

    def _state_of(self, parameter: Tensor, name: str, *, is_number: bool = False) -> Tensor:
        state = self.state[parameter]
        if name not in state:
            state[name] = (
                torch.zeros((), device=parameter.device) if is_number else torch.zeros_like(parameter)
            )
        found: Tensor = state[name]
        return found


def orthogonalise(matrices: Tensor) -> Tensor:
    """Return (k, rows, columns) with about the same singular vectors and all singular values near 1.

    Wide and tall matrices alike; the result is computed in bf16 where that pays.
    """
    a, b, c = NEWTON_SCHULZ
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if is_tall else matrices
    x = x.bfloat16() if x.shape[1] >= FEWEST_ROWS_BF16 else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if is_tall else x).to(matrices.dtype)


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def _as_matrix(kernel: Tensor, kind: str) -> Tensor:
    """Return a kernel as the matrix (n_out, y x x x n_in), in which channels-last kernels lie in memory."""
    outputs_first = kernel.transpose(0, 1) if kind == "transposed" else kernel
    return outputs_first.permute(0, 2, 3, 1).flatten(1)


def _as_kernel(matrix: Tensor, shape: torch.Size, kind: str) -> Tensor:
    """Return what `_as_matrix` made a matrix of."""
    n_in = shape[0] if kind == "transposed" else shape[1]
    outputs_first = matrix.unflatten(1, (*shape[2:], n_in)).permute(0, 3, 1, 2)
    return outputs_first.transpose(0, 1) if kind == "transposed" else outputs_first
