"""Several processes that train one network together, each on its share of every step."""

import contextlib
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

LONGEST_WAIT = datetime.timedelta(hours=3)
"""One process measures and makes pseudo-labels while the others wait."""


@dataclass(frozen=True)
class Processes:
    """This process, ``rank`` of ``count``; alone unless made by `join_processes`."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it is the one that measures and writes."""
        return self.rank == 0

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors of one dtype and device by their sums over all processes."""
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([each.detach().reshape(-1) for each in tensors])
        torch.distributed.all_reduce(flat)
        for each, total in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            each.copy_(total.reshape(each.shape))

    def share(self, values: Sequence[float], *, device: torch.device) -> list[float]:
        """Return the numbers of the first process, the same in all."""
        if self.count == 1:
            return list(values)
        tensor = torch.tensor(list(values), dtype=torch.float64, device=device)
        torch.distributed.broadcast(tensor, 0)
        return [float(value) for value in tensor.tolist()]

    def is_any(self, flag: bool, *, device: torch.device) -> bool:
        """Return whether the flag is set in any process."""
        if self.count == 1:
            return flag
        tensor = torch.tensor([float(flag)], device=device)
        torch.distributed.all_reduce(tensor)
        return bool(tensor.item() > 0)

    def wait(self) -> None:
        """Return when all processes have come here."""
        if self.count > 1:
            torch.distributed.barrier()


@contextlib.contextmanager
def join_processes(rank: int, count: int, *, device: torch.device) -> Iterator[Processes]:
    """Connect with the other processes that ``torchrun`` started; alone there is nothing to connect with.

    Parameters
    ----------
    rank, count : int
        As ``torchrun`` numbers them.
    device : torch.device
        Gradients travel by NCCL between GPUs and by gloo between CPUs.
    """
    if count == 1:
        yield Processes()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    torch.distributed.init_process_group(backend, rank=rank, world_size=count, timeout=LONGEST_WAIT)
    try:
        yield Processes(rank, count)
    finally:
        torch.distributed.destroy_process_group()
