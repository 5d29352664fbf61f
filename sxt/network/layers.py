"""Building blocks: bottleneck convolution, activation block, residual block, doubling transposed convolution."""

import torch
from torch import Tensor, nn
from torch.nn import functional

BATCH_NORM_EPS = 1e-3
"""Added to the variance (Keras' default, used by the published network)."""

BATCH_NORM_MOMENTUM = 0.01
"""Share of the new batch in the moving statistics; the published 0.99 in Keras' terms."""

FEW_CHANNELS = {torch.bfloat16: 64, torch.float32: 8}
"""Output channels up to which a CPU computes `DoublingConv` faster as an ordinary convolution, by type."""


class SamePadConv(nn.Conv2d):
    """Convolution with stride 1 whose output has the input's size.

    An even kernel is padded after the image, not before it, as Keras does.
    """

    def __init__(self, n_in: int, n_out: int, *, kernel_size: int, bias: bool) -> None:
        odd = kernel_size % 2 == 1
        super().__init__(n_in, n_out, kernel_size, bias=bias, padding=kernel_size // 2 if odd else 0)
        before, after = (kernel_size - 1) // 2, kernel_size // 2
        self._extra = None if odd else (before, after, before, after)

    def forward(self, x: Tensor) -> Tensor:
        if self._extra is not None:
            x = functional.pad(x, self._extra)
        return super().forward(x)


class Bottleneck(nn.Sequential):
    """Three convolutions in a row with no activation between: 1x1 to half, kxk half to half, 1x1 to all."""

    def __init__(self, n_in: int, n_out: int, *, kernel_size: int, bias: bool) -> None:
        half = max(1, n_out // 2)
        super().__init__(
            nn.Conv2d(n_in, half, 1, bias=bias),
            SamePadConv(half, half, kernel_size=kernel_size, bias=bias),
            nn.Conv2d(half, n_out, 1, bias=bias),
        )


class ActivationBlock(nn.Sequential):
    """Batch norm, ReLU, and dropout where asked for."""

    def __init__(self, width: int, *, dropout: float) -> None:
        super().__init__(
            nn.BatchNorm2d(width, eps=BATCH_NORM_EPS, momentum=BATCH_NORM_MOMENTUM),
            nn.ReLU(inplace=True),
            *([nn.Dropout(dropout)] if dropout > 0 else []),
        )


class ResidualBlock(nn.Module):
    """Bottlenecks with activations between; their result concatenated behind the block's input, then activated.

    The output has ``n_in + n_out`` channels.
    """

    def __init__(self, n_in: int, n_out: int, *, kernel_size: int, depth: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = [Bottleneck(n_in, n_out, kernel_size=kernel_size, bias=False)]
        for _ in range(depth - 1):
            layers.append(ActivationBlock(n_out, dropout=dropout))
            layers.append(Bottleneck(n_out, n_out, kernel_size=kernel_size, bias=False))
        self.body = nn.Sequential(*layers)
        self.activation = ActivationBlock(n_in + n_out, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(torch.cat([x, self.body(x)], dim=1))


class DoublingConv(nn.ConvTranspose2d):
    """Transposed convolution with stride 2 that doubles both sides exactly.

    Keras' "same" keeps the first ``2 n`` of the ``2 n + 1`` rows and columns that torch computes. A CPU computes
    few channels several times faster as an ordinary convolution that returns all four pixels of the doubled image at
    once.
    """

    def __init__(self, n_in: int, n_out: int, *, kernel_size: int) -> None:
        super().__init__(n_in, n_out, kernel_size, stride=2, bias=True)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if x.device.type == "cpu" and self.out_channels <= FEW_CHANNELS.get(_computed_in(x), 0):
            return self._in_fours(x)
        rows, columns = x.shape[-2] * 2, x.shape[-1] * 2
        return super().forward(x)[..., :rows, :columns]  # (b, n_out, 2 y, 2 x)

    def _in_fours(self, x: Tensor) -> Tensor:
        taps = (
            self.kernel_size[0] + 1
        ) // 2  # of the kernel that each of the four pixels sees, along an axis
        missing = 2 * taps - self.kernel_size[0]
        weight = functional.pad(self.weight, (0, missing, 0, missing))
        split = weight.unflatten(3, (taps, 2)).unflatten(2, (taps, 2))  # (n_in, n_out, taps, 2, taps, 2)
        kernels = (
            split.flip(2, 4).permute(1, 3, 5, 0, 2, 4).flatten(0, 2)
        )  # (n_out x 2 x 2, n_in, taps, taps)
        assert self.bias is not None
        before = (taps - 1, 0, taps - 1, 0)
        fours = functional.conv2d(functional.pad(x, before), kernels, self.bias.repeat_interleave(4))
        return functional.pixel_shuffle(fours, 2)


def _computed_in(x: Tensor) -> torch.dtype:
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
