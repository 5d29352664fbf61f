"""Settings of a segmentation, checked when made."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from sxt.errors import SettingsError
from sxt.tomogram import Absorbing

TestTimeAugmentation = Literal["none", "rot4", "d4"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
Blending = Literal["smooth", "mean"]
Normalisation = Literal["zscore", "robust"]

DEFAULT_OVERLAP_PX = 96
"""A margin of 32 px on both sides, beyond which tiles agree with a one-pass result, and a ramp of 32 px."""

MAX_TILE_PX = 8192

UNLIKE_TRAINING_DATA = (
    "This tomogram looks unlike the training data: label a few slices and fine-tune the model before you count on "
    "the result."
)
"""Noted where a tomogram lies outside what the model version was trained on."""


@dataclass(frozen=True)
class TileSettings:
    """How a slice is cut into tiles.

    Parameters
    ----------
    tile_px : int or None
        Side of a tile; None lets the device decide. Lowered to what the network and the slice allow.
    overlap_px : int
        Pixels that neighbouring tiles share at the least.
    blending : {"smooth", "mean"}
        ``smooth`` discards a third of the overlap at each tile's edge and ramps over the rest; ``mean`` averages
        whole tiles with equal weight, as the published inference does.
    """

    tile_px: int | None = None
    overlap_px: int = DEFAULT_OVERLAP_PX
    blending: Blending = "smooth"

    def __post_init__(self) -> None:
        if self.tile_px is not None and not 32 <= self.tile_px <= MAX_TILE_PX:
            raise SettingsError(f"The tile is {self.tile_px} px; use 32 to {MAX_TILE_PX}.")
        if self.overlap_px < 0:
            raise SettingsError(f"The overlap is {self.overlap_px} px; use 0 or more.")
        if self.tile_px is not None and self.overlap_px > self.tile_px // 2:
            raise SettingsError(
                f"The overlap {self.overlap_px} px exceeds half of the {self.tile_px} px tile; "
                f"use {self.tile_px // 2} or less."
            )
        _check_choice("blending", self.blending, Blending)


@dataclass(frozen=True)
class SegmentSettings:
    """Everything a user can choose about a segmentation.

    Parameters
    ----------
    first_slice, last_slice : int or None
        Slices ``first_slice`` to ``last_slice`` (exclusive) are segmented; None means from the start, to the end.
    tiles : TileSettings
        How slices are cut and put together again.
    tta : {"none", "rot4", "d4"}
        Test-time augmentation: averaged over four quarter turns, or over these and their mirror images.
    threshold : float or None
        Probability above which a pixel is foreground; None takes the model's.
    precision : {"auto", "fp32", "bf16", "fp16"}
        Arithmetic of the network; ``auto`` takes what is fast and safe on the device.
    absorbing_is : {"dark", "bright"} or None
        Grey value of absorbing structures; None takes the tomogram's own, else recognises it.
    normalisation : {"zscore", "robust"} or None
        How slices are normalised; None takes the model's.
    rescale : bool
        Whether a tomogram whose pixel size differs from the model's is brought to it for the network.
    slab_slices : int
        Slices read, segmented and stored at a time.
    """

    first_slice: int | None = None
    last_slice: int | None = None
    tiles: TileSettings = field(default_factory=TileSettings)
    tta: TestTimeAugmentation = "none"
    threshold: float | None = None
    precision: Precision = "auto"
    absorbing_is: Absorbing | None = None
    normalisation: Normalisation | None = None
    rescale: bool = True
    slab_slices: int = 4

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0.0 <= self.threshold < 1.0:
            raise SettingsError(f"The threshold is {self.threshold}; use a probability from 0 up to 1.")
        if self.slab_slices < 1:
            raise SettingsError(f"A slab has {self.slab_slices} slices; use 1 or more.")
        _check_choice("tta", self.tta, TestTimeAugmentation)
        _check_choice("precision", self.precision, Precision)
        if self.absorbing_is is not None:
            _check_choice("absorbing_is", self.absorbing_is, Absorbing)
        if self.normalisation is not None:
            _check_choice("normalisation", self.normalisation, Normalisation)

    @classmethod
    def paper(cls, *, first_slice: int | None = None, last_slice: int | None = None) -> "SegmentSettings":
        """Return the rule of Dyhr et al. 2023: tiles of 592 px every 400 px, plain mean, tanh above 0.

        Departing from it, tiles are spaced evenly instead of at a stride lowered until it divides the rest, and a
        slice smaller than a tile is padded.
        """
        return cls(
            first_slice=first_slice,
            last_slice=last_slice,
            tiles=TileSettings(tile_px=592, overlap_px=192, blending="mean"),
            threshold=0.5,
            normalisation="zscore",
            rescale=False,
        )

    def slice_range(self, n_slices: int) -> range:
        """Return the slices to segment of a tomogram with ``n_slices``; negative bounds count from the end."""
        bounds = slice(self.first_slice, self.last_slice).indices(n_slices)
        chosen = range(*bounds)
        asked_beyond = any(b is not None and abs(b) > n_slices for b in (self.first_slice, self.last_slice))
        if not chosen or asked_beyond:
            first = 0 if self.first_slice is None else self.first_slice
            last = n_slices if self.last_slice is None else self.last_slice
            raise SettingsError(f"There are no slices {first}:{last}; this tomogram has slices 0:{n_slices}.")
        return chosen

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON-able values."""
        return asdict(self)


def _check_choice(name: str, value: str, choices: Any) -> None:
    if value not in get_args(choices):
        raise SettingsError(f"{name} is {value!r}; choose one of {', '.join(get_args(choices))}.")
