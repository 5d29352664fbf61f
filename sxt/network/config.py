"""Sizes of the double-decoder network, checked when made, and the two JSON forms they are read from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sxt.errors import ModelError

MAX_WIDTH = 16384
"""No layer of a usable network is wider; a larger number is a damaged file."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the double-decoder network of Dyhr et al. 2023.

    Parameters
    ----------
    in_channels : int
        Neighbouring slices given as input channels; 1 is the published form.
    n_classes : int
        Foreground channels of the label decoder.
    stem_width : int
        Channels of the encoder's first bottleneck.
    stage_widths : tuple of int
        Channels of the encoder's stages from full resolution downwards; the decoders use them in reverse.
    neck_width : int
        Channels of each layer in each branch of the neck.
    neck_kernel_sizes : tuple of int
        Kernel size of each parallel branch of the neck.
    neck_depth : int
        Bottleneck and activation pairs in each branch.
    head_width : int
        Channels of the last bottleneck of both decoders and of their heads.
    kernel_size : int
        Kernel size outside the neck, odd and at least 3: a smaller one cannot double a grid.
    block_depth : int
        Bottlenecks in a residual block.
    n_encoder_blocks, n_image_blocks, n_label_blocks : int
        Residual blocks a stage.
    dropout : float
        Probability of dropping a value after each activation while training.

    Notes
    -----
    The defaults are the published configuration (doi 10.1073/pnas.2209938120): 76,541,230 parameters.
    """

    in_channels: int = 1
    n_classes: int = 1
    stem_width: int = 64
    stage_widths: tuple[int, ...] = (64, 128, 256, 512)
    neck_width: int = 1024
    neck_kernel_sizes: tuple[int, ...] = (1, 2, 3)
    neck_depth: int = 4
    head_width: int = 64
    kernel_size: int = 3
    block_depth: int = 2
    n_encoder_blocks: int = 1
    n_image_blocks: int = 1
    n_label_blocks: int = 2
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if not self.stage_widths or not self.neck_kernel_sizes:
            raise ModelError("The network needs at least one stage and one neck branch.")
        widths = (self.stem_width, *self.stage_widths, self.neck_width, self.head_width)
        if not all(2 <= width <= MAX_WIDTH and width % 2 == 0 for width in widths):
            raise ModelError(
                f"The layer widths {widths} are not usable; each is an even number up to {MAX_WIDTH}."
            )
        for name in (
            "in_channels",
            "n_classes",
            "neck_depth",
            "block_depth",
            "n_encoder_blocks",
            "n_image_blocks",
            "n_label_blocks",
        ):
            if not 1 <= getattr(self, name) <= 254:
                raise ModelError(f"{name} is {getattr(self, name)}; it must be between 1 and 254.")
        if self.in_channels % 2 == 0:
            raise ModelError(
                f"in_channels is {self.in_channels}; it must be odd, the slice and its neighbours."
            )
        if self.kernel_size % 2 == 0 or not 3 <= self.kernel_size <= 15:
            raise ModelError(f"kernel_size is {self.kernel_size}; it must be odd, from 3 to 15.")
        if not all(1 <= size <= 15 for size in self.neck_kernel_sizes):
            raise ModelError(
                f"neck_kernel_sizes are {self.neck_kernel_sizes}; each must be between 1 and 15."
            )
        if not 0.0 <= self.dropout < 1.0:
            raise ModelError(f"dropout is {self.dropout}; it must be at least 0 and less than 1.")

    @property
    def size_multiple(self) -> int:
        """Number that both sides of an input must be a multiple of, in pixels."""
        return int(2 ** len(self.stage_widths))

    def scaled(self, factor: float) -> "NetworkConfig":
        """Return the same network with every layer width multiplied by ``factor`` (even, at least 2)."""

        def scale(width: int) -> int:
            return max(2, 2 * round(width * factor / 2))

        return replace(
            self,
            stem_width=scale(self.stem_width),
            stage_widths=tuple(scale(width) for width in self.stage_widths),
            neck_width=scale(self.neck_width),
            head_width=scale(self.head_width),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as JSON-able values; `from_json` is its inverse."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "NetworkConfig":
        """Read this project's form, or the published form of Dyhr et al. as it is.

        Raises
        ------
        ModelError
            Where a field is unknown, missing, or of the wrong type, or asks for a form not built here.
        """
        if "decoder_label" in values:
            return _from_published(values)
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ModelError(f"The network configuration has unknown fields {sorted(unknown)}; remove them.")
        return cls(**{key: _checked(key, value) for key, value in values.items()})


_TUPLE_FIELDS = ("stage_widths", "neck_kernel_sizes")


def _checked(key: str, value: Any) -> Any:
    if key in _TUPLE_FIELDS and isinstance(value, list | tuple) and all(type(v) is int for v in value):
        return tuple(value)
    if key == "dropout" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if key not in _TUPLE_FIELDS and key != "dropout" and type(value) is int:
        return value
    raise ModelError(f"The network configuration's field {key} is {value!r}, which is not of its type.")


def _from_published(values: Mapping[str, Any]) -> NetworkConfig:
    """Translate the published JSON, whose parts are described one by one, into one `NetworkConfig`."""
    try:
        encoder, neck = values["encoder"], values["neck"]
        image, label = values["decoder_image"], values["decoder_label"]
        _refuse_what_is_not_built(values, encoder, neck, image, label)
        widths = tuple(encoder["n_filters"][1:])
        expected = (*reversed(widths), encoder["n_filters"][0])
        for name, part in (("decoder_image", image), ("decoder_label", label)):
            if tuple(part["n_filters"][:-1]) != expected[:-1]:
                raise ModelError(
                    f"{name} has n_filters {part['n_filters']}; here decoders mirror the encoder: {list(expected)}."
                )
        dropout = encoder["dropout"].get("rate", 0.0) if encoder["dropout"]["active"] else 0.0
        return NetworkConfig(
            stem_width=encoder["n_filters"][0],
            stage_widths=widths,
            neck_width=neck["n_filters"],
            neck_kernel_sizes=tuple(neck["kernel_sizes"]),
            neck_depth=neck["depth"],
            head_width=label["n_filters"][-1],
            kernel_size=encoder["kernel_sizes"][0],
            block_depth=encoder["block_depth"],
            n_encoder_blocks=encoder["n_blocks"],
            n_image_blocks=image["n_blocks"],
            n_label_blocks=label["n_blocks"],
            dropout=dropout,
        )
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ModelError(
            f"The published network configuration lacks or garbles the field {error}."
        ) from error


def _refuse_what_is_not_built(values: Mapping[str, Any], *parts: Mapping[str, Any]) -> None:
    encoder, _, image, label = parts
    if values.get("pooling") not in (None, "max"):
        raise ModelError(f"pooling is {values['pooling']!r}; only max pooling is built here.")
    if values.get("add_instead_of_concat_after_neck") or any(p.get("add_instead_of_concat") for p in parts):
        raise ModelError("The configuration adds instead of concatenating; only concatenation is built here.")
    for part in parts:
        if not part["batch_norm"]["active"] or part["activation"]["type"] != "relu":
            raise ModelError(
                "Only batch norm followed by relu is built here; the configuration asks for another form."
            )
    kernel_sizes = {size for part in (encoder, image, label) for size in part["kernel_sizes"]}
    if len(kernel_sizes) != 1 or len({part["block_depth"] for part in (encoder, image, label)}) != 1:
        raise ModelError(
            "Encoder and decoders differ in kernel size or block depth; here they share one of each."
        )
    if image["use_skip_connections"] or not label["use_skip_connections"]:
        raise ModelError(
            "Only an image decoder without and a label decoder with skip connections is built here."
        )
    if not len(encoder["n_filters"]) - 1 == encoder["n_stages"] == image["n_stages"] == label["n_stages"]:
        raise ModelError(
            "Encoder and decoders differ in their number of stages; here they mirror each other."
        )
