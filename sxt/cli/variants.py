"""Model versions with settings of their own, as ``compare`` takes them."""

import argparse
import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sxt.models import Model
    from sxt.segment import SegmentSettings


VARIANT_KEYS: dict[str, tuple[str, Any]] = {
    "tta": ("tta", str),
    "threshold": ("threshold", float),
    "tile": ("tile_px", int),
    "overlap": ("overlap_px", int),
    "precision": ("precision", str),
    "absorbing": ("absorbing_is", str),
}
"""Key of a variant to the name and type of the setting."""


@dataclass(frozen=True)
class Variant:
    """A version and how it segments, as given: ``membrane:1@tta=rot4,threshold=0.4``."""

    name: str
    spec: str
    changes: dict[str, Any]


def parse_variant(text: str) -> Variant:
    """Parse a version with settings of its own."""
    spec, at, rest = text.partition("@")
    pairs = [part.partition("=") for part in rest.split(",")] if at else []
    changes: dict[str, Any] = {}
    for key, equals, value in pairs:
        if key not in VARIANT_KEYS or not equals:
            raise argparse.ArgumentTypeError(
                f"{key!r} of {text!r} is not a setting; use {', '.join(VARIANT_KEYS)}, each as KEY=VALUE"
            )
        name, convert = VARIANT_KEYS[key]
        try:
            changes[name] = convert(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{value!r} is no value for {key}") from error
    return Variant(text, spec, changes)


def variant_settings(variant: Variant, slices: tuple[int, int] | None) -> "SegmentSettings":
    """Return the settings of a variant, over some slices or all."""
    from sxt.segment import SegmentSettings, TileSettings

    tile_names = {field.name for field in dataclasses.fields(TileSettings)}
    tiles = {name: value for name, value in variant.changes.items() if name in tile_names}
    others = {name: value for name, value in variant.changes.items() if name not in tile_names}
    first, last = slices or (None, None)
    return SegmentSettings(first_slice=first, last_slice=last, tiles=TileSettings(**tiles), **others)


def folder_name(model: "Model", settings: "SegmentSettings") -> str:
    """Return the name of the folder of a version's segmentations with some settings."""
    from sxt.workspace.predictions import IRRELEVANT_SETTINGS

    kept = {key: value for key, value in settings.to_json().items() if key not in IRRELEVANT_SETTINGS}
    digest = hashlib.sha256(repr(sorted(kept.items())).encode()).hexdigest()
    return f"{model.config.name}-{model.config.version}-{digest[:6]}"
