"""The double-decoder network: one encoder and neck, an image decoder and a label decoder."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from sxt.errors import SettingsError
from sxt.network.config import NetworkConfig
from sxt.network.layers import ActivationBlock, Bottleneck, DoublingConv, ResidualBlock


class DecoderOutputs(NamedTuple):
    """What the network returns for an input (b, c, y, x)."""

    image: Tensor
    """(b, 1, y, x): the slice as the image decoder redraws it."""
    label: Tensor
    """(b, n_classes, y, x) in [-1, 1]: foreground above 0."""


class Encoder(nn.Module):
    """Stem, then stages of residual blocks, each followed by 2x2 max pooling; skips are taken before pooling."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Bottleneck(config.in_channels, config.stem_width, kernel_size=config.kernel_size, bias=True),
            ActivationBlock(config.stem_width, dropout=config.dropout),
        )
        width = config.stem_width
        self.stages = nn.ModuleList()
        self.skip_widths: list[int] = []
        for stage_width in config.stage_widths:
            stage = _residual_stage(width, stage_width, n_blocks=config.n_encoder_blocks, config=config)
            self.stages.append(stage)
            width += config.n_encoder_blocks * stage_width
            self.skip_widths.append(width)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = self.stem(x)
        skips = []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
            x = self.pool(x)
        return x, skips


class Neck(nn.Module):
    """Parallel branches of different kernel sizes, concatenated."""

    def __init__(self, n_in: int, config: NetworkConfig) -> None:
        super().__init__()
        self.branches = nn.ModuleList()
        for kernel_size in config.neck_kernel_sizes:
            layers: list[nn.Module] = []
            width = n_in
            for _ in range(config.neck_depth):
                layers.append(Bottleneck(width, config.neck_width, kernel_size=kernel_size, bias=False))
                layers.append(ActivationBlock(config.neck_width, dropout=config.dropout))
                width = config.neck_width
            self.branches.append(nn.Sequential(*layers))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class Decoder(nn.Module):
    """Stages that double the size, with skips where ``skip_widths`` are given, down to ``head_width`` channels."""

    def __init__(self, n_in: int, config: NetworkConfig, *, n_blocks: int, skip_widths: list[int]) -> None:
        super().__init__()
        self.upsamplings = nn.ModuleList()
        self.stages = nn.ModuleList()
        width = n_in
        for index, stage_width in enumerate(reversed(config.stage_widths)):
            self.upsamplings.append(DoublingConv(width, stage_width, kernel_size=config.kernel_size))
            width = stage_width + (skip_widths[-1 - index] if skip_widths else 0)
            self.stages.append(_residual_stage(width, stage_width, n_blocks=n_blocks, config=config))
            width += n_blocks * stage_width
        self.last = nn.Sequential(
            Bottleneck(width, config.head_width, kernel_size=config.kernel_size, bias=False),
            ActivationBlock(config.head_width, dropout=config.dropout),
        )

    def forward(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        for index, (upsampling, stage) in enumerate(zip(self.upsamplings, self.stages, strict=True)):
            x = upsampling(x)
            if skips:
                x = torch.cat([skips[-1 - index], x], dim=1)
            x = stage(x)
        return self.last(x)


class DoubleDecoder(nn.Module):
    """The network of Dyhr et al. 2023 (doi 10.1073/pnas.2209938120).

    ``forward`` takes (b, in_channels, y, x) with both sides a multiple of ``config.size_multiple`` and returns
    `DecoderOutputs`; `label` returns the label alone and skips the image decoder.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        skip_widths = self.encoder.skip_widths
        self.neck = Neck(skip_widths[-1], config)
        neck_width = config.neck_width * len(config.neck_kernel_sizes)
        self.image_decoder = Decoder(neck_width, config, n_blocks=config.n_image_blocks, skip_widths=[])
        self.label_decoder = Decoder(
            neck_width, config, n_blocks=config.n_label_blocks, skip_widths=skip_widths
        )
        width = config.head_width

        def bottleneck(n_out: int) -> Bottleneck:
            return Bottleneck(width, n_out, kernel_size=config.kernel_size, bias=True)

        self.image_head = nn.Sequential(bottleneck(width), bottleneck(width), bottleneck(1))
        self.label_head = nn.Sequential(
            ActivationBlock(width, dropout=0.0)[0],
            bottleneck(width),
            nn.Conv2d(width, config.n_classes, 1),
        )

    def forward(self, x: Tensor) -> DecoderOutputs:
        neck, skips = self._encode(x)
        image = self.image_head(self.image_decoder(neck, []))
        return DecoderOutputs(image, torch.tanh(self._label_logit(neck, skips)))

    def label(self, x: Tensor) -> Tensor:
        """Return the label (b, n_classes, y, x) in [-1, 1] without computing the image."""
        return torch.tanh(self.label_logit(x))

    def label_logit(self, x: Tensor) -> Tensor:
        """Return what the label's tanh is taken of, (b, n_classes, y, x); twice it is the logit of foreground."""
        return self._label_logit(*self._encode(x))

    def image(self, x: Tensor) -> Tensor:
        """Return the slice as the image decoder redraws it (b, 1, y, x) without computing the label."""
        neck, _ = self._encode(x)
        return self.image_head(self.image_decoder(neck, []))

    def image_and_logit(self, x: Tensor, *, redrawn: slice = slice(None)) -> tuple[Tensor, Tensor]:
        """Return `image` of the part ``redrawn`` of the batch, and `label_logit` of all of it, of one pass."""
        neck, skips = self._encode(x)
        return self.image_head(self.image_decoder(neck[redrawn], [])), self._label_logit(neck, skips)

    def _label_logit(self, neck: Tensor, skips: list[Tensor]) -> Tensor:
        return self.label_head(self.label_decoder(neck, skips))

    def _encode(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        multiple = self.config.size_multiple
        if x.shape[-2] % multiple or x.shape[-1] % multiple:
            raise SettingsError(
                f"The network takes sides that are multiples of {multiple} px, not {x.shape[-2]} x {x.shape[-1]}."
            )
        x, skips = self.encoder(x)
        return self.neck(x), skips


def build_network(config: NetworkConfig) -> DoubleDecoder:
    """Return the network of ``config`` with freshly initialised weights, in training mode."""
    return DoubleDecoder(config)


def count_parameters(network: nn.Module) -> int:
    """Return the number of stored values, moving statistics included, as Keras counts them."""
    trainable = sum(p.numel() for p in network.parameters())
    statistics = sum(b.numel() for b in network.buffers() if b.is_floating_point())
    return trainable + statistics


def _residual_stage(n_in: int, width: int, *, n_blocks: int, config: NetworkConfig) -> nn.Sequential:
    blocks = [
        ResidualBlock(
            n_in + index * width,
            width,
            kernel_size=config.kernel_size,
            depth=config.block_depth,
            dropout=config.dropout,
        )
        for index in range(n_blocks)
    ]
    return nn.Sequential(*blocks)
