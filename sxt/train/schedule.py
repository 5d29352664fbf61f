"""The learning rate over a stretch of training, and the weights averaged over its steps."""

import math

import torch
from torch import nn

FIRST_SHARE = 0.01
"""Of the peak, at the very beginning of a warm-up."""


def learning_rate_at(progress: float, *, peak: float, warm_up_share: float, final_share: float) -> float:
    """Return the learning rate at ``progress`` in [0, 1] of a stretch.

    It rises linearly over ``warm_up_share``, then falls along half a cosine to ``final_share`` of its peak.
    """
    if progress < warm_up_share:
        return peak * max(FIRST_SHARE, progress / warm_up_share)
    done = min(1.0, (progress - warm_up_share) / max(1e-9, 1 - warm_up_share))
    return peak * (final_share + (1 - final_share) * 0.5 * (1 + math.cos(math.pi * done)))


def ramp_at(progress: float, *, ramp_share: float) -> float:
    """Return the weight in [0, 1] of a loss that is phased in over the first ``ramp_share`` of a stretch.

    Notes
    -----
    exp(-5 (1 - t)^2), as Tarvainen & Valpola 2017 (arXiv 1703.01780).
    """
    t = min(1.0, progress / ramp_share) if ramp_share > 0 else 1.0
    return math.exp(-5 * (1 - t) ** 2)


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, *, decay: float, step: int) -> None:
    """Move ``average`` towards ``network``, moving statistics too; faster in the first steps.

    A ``decay`` of 0 copies the network.
    """
    decay = min(decay, (1 + step) / (10 + step)) if decay > 0 else 0.0
    averages, values = average.state_dict(), network.state_dict()
    floating = [key for key, value in values.items() if value.is_floating_point()]
    torch._foreach_lerp_([averages[key] for key in floating], [values[key] for key in floating], 1 - decay)
