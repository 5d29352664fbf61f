"""One step of training: losses of all crops, gradients over all processes, memory that runs out, a loss that is NaN."""

import math

import torch
from torch import Tensor, nn

from sxt.errors import ResourceError, SxtError
from sxt.network import DoubleDecoder
from sxt.segment.device import Device
from sxt.train.batches import Batches
from sxt.train.crops import DROPOUT_STREAM, sample_rng
from sxt.train.objectives import Losses, Moment, Objective, StepPart
from sxt.train.parallel import Processes

NO_CPU_MEMORY = "can't allocate memory"
"""What torch's CPU allocator says in a plain RuntimeError."""


class DivergedError(SxtError):
    """The loss or its gradient is not a number any more."""


class Stepper:
    """Computes and takes steps.

    A step's crops go through the network some at a time; each part counts alike, is normalised by its own batch
    statistics, and the moving statistics advance by their mean. So a step does not depend on which process computes
    which part.

    Parameters
    ----------
    network, teacher : DoubleDecoder
        The teacher is the averaged network in evaluation mode.
    optimiser : torch.optim.Optimizer
    objective : Objective
    batches : Batches
    batch_crops : int
        Over all processes.
    max_gradient_norm : float
    device : Device
    seed : int
    processes : Processes
    """

    def __init__(
        self,
        network: DoubleDecoder,
        teacher: DoubleDecoder,
        optimiser: torch.optim.Optimizer,
        *,
        objective: Objective,
        batches: Batches,
        batch_crops: int,
        max_gradient_norm: float,
        device: Device,
        seed: int,
        processes: Processes,
    ) -> None:
        self.optimiser = optimiser
        self._network = network
        self._teacher = teacher
        self._objective = objective
        self._batches = batches
        self._batch_crops = max(batch_crops, processes.count)
        self._max_gradient_norm = max_gradient_norm
        self._device = device
        self._seed = seed
        self._processes = processes
        self._statistics = [
            buffer
            for name, buffer in network.named_buffers()
            if name.endswith(("running_mean", "running_var"))
        ]

    def first_crops_at_a_time(self, wanted: int | None) -> int:
        """Return how many crops to take together, so that every process has some."""
        share = max(1, self._batch_crops // self._processes.count)
        return share if wanted is None else min(wanted, share)

    def take(self, moment: Moment, *, learning_rate: float, crops_at_a_time: int) -> dict[str, float]:
        """Take a step and return the parts of its loss.

        Raises
        ------
        MemoryRanOut
            Where these crops do not fit together; nothing has changed.
        DivergedError
            Where the loss or the gradient is NaN or infinite; the weights are those of the step before.
        """
        before = [each.clone() for each in self._statistics]
        self.optimiser.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        error = self._try_accumulate(moment, crops_at_a_time, before, sums)
        if self._processes.is_any(error is not None, device=self._device.torch_device):
            self.optimiser.zero_grad(set_to_none=True)
            self._restore(before)
            raise MemoryRanOut from error
        gradients = [p.grad for p in self._network.parameters() if p.grad is not None]
        self._processes.add_up(gradients)
        names = sorted(sums)
        self._processes.add_up([sums[name] for name in names])
        norm = nn.utils.clip_grad_norm_(self._network.parameters(), self._max_gradient_norm)
        parts = {name: float(sums[name]) for name in names}
        if not (math.isfinite(parts["loss"]) and bool(torch.isfinite(norm))):
            self._restore(before)
            raise DivergedError(
                f"The loss is {parts['loss']:g} with a gradient of norm {float(norm):g} at step {moment.step + 1}; the "
                "last good checkpoint is kept: train with a lower learning rate, or look for damaged slices."
            )
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.step()
        return parts

    def _try_accumulate(
        self, moment: Moment, crops_at_a_time: int, before: list[Tensor], sums: dict[str, Tensor]
    ) -> Exception | None:
        """Add up gradients, losses and statistics of this process's parts; returns the error of a full memory."""
        try:
            self._accumulate(moment, crops_at_a_time, before, sums)
        except torch.OutOfMemoryError as error:
            if self._device.is_cuda:
                torch.cuda.empty_cache()
            return error
        except RuntimeError as error:
            if NO_CPU_MEMORY not in str(error):
                raise
            return error
        return None

    def _accumulate(
        self, moment: Moment, crops_at_a_time: int, before: list[Tensor], sums: dict[str, Tensor]
    ) -> None:
        samples = range(self._batch_crops)
        parts = [samples[start : start + crops_at_a_time] for start in samples[::crops_at_a_time]]
        mine = list(enumerate(parts))[self._processes.rank :: self._processes.count]
        totals = [torch.zeros_like(each) for each in before]
        for number, part in mine:
            self._restore(before)
            drawn = sample_rng(self._seed, DROPOUT_STREAM, moment.step, number).integers(2**62)
            torch.manual_seed(int(drawn))
            losses = self._losses(moment, part)
            (losses.total / len(parts)).backward()
            torch._foreach_add_(totals, self._statistics)
            for name, value in losses.parts.items():
                sums[name] = sums.get(name, torch.zeros_like(value)) + value / len(parts)
        self._processes.add_up(totals)
        self._restore([each / len(parts) for each in totals])

    def _losses(self, moment: Moment, samples: range) -> Losses:
        dtype = self._device.dtype
        with torch.autocast(self._device.torch_device.type, dtype=dtype, enabled=dtype != torch.float32):
            part = StepPart(self._network, self._teacher, self._batches, moment, samples)
            return self._objective.losses(part)

    def _restore(self, statistics: list[Tensor]) -> None:
        torch._foreach_copy_(self._statistics, statistics)


class MemoryRanOut(ResourceError):
    """The crops of a step do not fit into memory together."""

    def __init__(self) -> None:
        super().__init__("The memory does not hold the crops of a step; use fewer or smaller crops.")
