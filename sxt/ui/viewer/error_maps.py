"""Volumes worked out when they are looked at: where a segmentation is right and wrong, and how two versions differ."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sxt.errors import InputError
from sxt.metrics.difference import BROKEN, FIXED, STILL_WRONG, UNKNOWN, map_difference
from sxt.metrics.pair import UNLABELLED
from sxt.tomogram import VoxelSize
from sxt.ui.viewer.volumes import SliceVolume, volume_of_array
from sxt.workspace.manifests import SegmentationManifest
from sxt.workspace.predictions import ThresholdedMask
from sxt.workspace.segmenting import PROBABILITY_FOLDER
from sxt.workspace.workspace import Workspace

MapKind = Literal["errors", "changes", "agreement"]
"""Right and wrong against labels; what a version fixed and broke; where two versions agree."""

NOTHING = 0
"""Right background, and labelled voxels that are not measured."""

TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE = 1, 2, 3
"""Codes of ``errors``; of ``agreement``: in both, only in the second version, only in the first."""

CHANGE_CODES = {FIXED: 1, BROKEN: 2, STILL_WRONG: 3}
"""Codes of ``changes``; what is right in both is nothing. Errors have the larger codes, which small images keep."""

HELD_OUT, EVERY = "held", "all"
SEPARATOR = "_"
N_PARTS: dict[MapKind, int] = {"errors": 1, "changes": 2, "agreement": 2}


@dataclass(frozen=True)
class MapPart:
    """A stored segmentation, and the threshold at which it is a mask."""

    segmentation_id: str
    threshold: float


@dataclass(frozen=True)
class MapRequest:
    """What is to be worked out.

    Parameters
    ----------
    parts : tuple of MapPart
        One segmentation for ``errors``, baseline and version otherwise.
    class_value : int
    hold_out_only : bool
        Only the slices held out, where there are any.
    """

    parts: tuple[MapPart, ...]
    class_value: int
    hold_out_only: bool = False

    def to_id(self) -> str:
        """Return it as a part of an address."""
        which = HELD_OUT if self.hold_out_only else EVERY
        parts = [text for each in self.parts for text in (each.segmentation_id, repr(each.threshold))]
        return SEPARATOR.join([str(self.class_value), which, *parts])


def parse_map_id(kind: MapKind, text: str) -> MapRequest:
    """Return what `MapRequest.to_id` made the text of.

    Raises
    ------
    InputError
        Where it has not that form.
    """
    words = text.split(SEPARATOR)
    try:
        value, which, *rest = words
        if which not in (HELD_OUT, EVERY) or len(rest) != 2 * N_PARTS[kind]:
            raise ValueError("not of that form")
        parts = tuple(MapPart(rest[at], float(rest[at + 1])) for at in range(0, len(rest), 2))
        if not 1 <= int(value) < UNLABELLED or not all(0 <= each.threshold < 1 for each in parts):
            raise ValueError("numbers out of range")
    except ValueError as error:
        raise InputError(f"{text[:60]!r} names no map of {kind}; open it from the page Metrics.") from error
    return MapRequest(parts, int(value), which == HELD_OUT)


def open_map(workspace: Workspace, kind: MapKind, item_id: str) -> SliceVolume:
    """Open a map as a volume (z, y, x) on the grid of its segmentations.

    Raises
    ------
    InputError
        Where a segmentation, its class or the labels are not there, or two segmentations cover different slices.
    """
    request = parse_map_id(kind, item_id)
    manifests = [workspace.segmentations.get(each.segmentation_id) for each in request.parts]
    first = manifests[0]
    if any((each.tomogram_id, each.shape, each.first_slice) != _grid(first) for each in manifests):
        raise InputError("The two segmentations cover different slices; segment the same slices with both.")
    masks = [
        _open_mask(workspace, each, part.threshold, request.class_value)
        for each, part in zip(manifests, request.parts, strict=True)
    ]
    if kind == "agreement":
        read = _reader_of_agreement(masks, request.class_value)
    else:
        read = _reader_against_labels(workspace, first, masks, request)
    array: Any = WorkedOutArray(first.shape, read)
    stamp = map_version(workspace, kind, request)
    return volume_of_array(f"{kind} {item_id}@{stamp}", array, _voxel_size(workspace, first))


def map_version(workspace: Workspace, kind: MapKind, request: MapRequest) -> str:
    """Return a text that is another one when segmentations or labels have changed."""
    stamps = [
        _stamp(workspace.segmentations.path(each.segmentation_id) / PROBABILITY_FOLDER / "zarr.json")
        for each in request.parts
    ]
    if kind != "agreement":
        tomogram_id = workspace.segmentations.get(request.parts[0].segmentation_id).tomogram_id
        stamps += labels_stamps(workspace, tomogram_id)
    return "-".join(f"{each:x}" for each in stamps)


def labels_stamps(workspace: Workspace, tomogram_id: str) -> tuple[int, int]:
    """Return when ledger and hold-out list of a tomogram's labels last changed, in ns; 0 where there is none."""
    folder = workspace.labels.path(tomogram_id)
    return _stamp(folder / "ledger.jsonl"), _stamp(folder / "holdout.json")


class WorkedOutArray:
    """Codes (z, y, x) uint8 that are worked out slab by slab when they are read."""

    dtype = np.dtype(np.uint8)

    def __init__(self, shape: tuple[int, int, int], read: Callable[[int, int], np.ndarray]) -> None:
        self.shape = shape
        self._read = read

    def __getitem__(self, region: tuple[slice, slice, slice]) -> np.ndarray:
        z, y, x = region
        start, stop, _ = z.indices(self.shape[0])
        return self._read(start, stop)[:, y, x]


def map_errors(prediction: np.ndarray, truth: np.ndarray, value: int) -> np.ndarray:
    """Return the code of each voxel of a class, uint8; 255, unlabelled, stays what it is."""
    codes = np.array([[NOTHING, FALSE_NEGATIVE], [FALSE_POSITIVE, TRUE_POSITIVE]], np.uint8)
    found = codes[(prediction == value).astype(np.intp), (truth == value).astype(np.intp)]
    return np.where(truth == UNLABELLED, np.uint8(UNLABELLED), found)


def map_changes(baseline: np.ndarray, candidate: np.ndarray, truth: np.ndarray, value: int) -> np.ndarray:
    """Return the code of each voxel, uint8: fixed, broken or still wrong of a class, nothing, or 255, unlabelled."""
    table = np.zeros(5, np.uint8)
    table[UNKNOWN] = UNLABELLED
    for code, shown in CHANGE_CODES.items():
        table[code] = shown
    found: np.ndarray = table[map_difference(baseline, candidate, truth, value)]
    return found


def _reader_against_labels(
    workspace: Workspace, manifest: SegmentationManifest, masks: list[ThresholdedMask], request: MapRequest
) -> Callable[[int, int], np.ndarray]:
    labels = workspace.find_labels(manifest.tomogram_id)
    if labels is None:
        raise InputError(f"The tomogram of {manifest.name!r} has no labels any more.")
    held_out = frozenset(labels.hold_out.list()) if request.hold_out_only else frozenset()

    def read(start: int, stop: int) -> np.ndarray:
        first = manifest.first_slice + start
        truth = labels.volume[first : first + stop - start]
        predicted = [each[start:stop] for each in masks]
        if len(predicted) == 1:
            found = map_errors(predicted[0], truth, request.class_value)
        else:
            found = map_changes(predicted[0], predicted[1], truth, request.class_value)
        if held_out:
            is_left_out = np.array([first + k not in held_out for k in range(len(truth))])
            found[is_left_out[:, None, None] & (truth != UNLABELLED)] = NOTHING
        return found

    return read


def _reader_of_agreement(masks: list[ThresholdedMask], value: int) -> Callable[[int, int], np.ndarray]:
    def read(start: int, stop: int) -> np.ndarray:
        baseline, candidate = (each[start:stop] == value for each in masks)
        return map_errors(candidate.astype(np.uint8), baseline.astype(np.uint8), 1)

    return read


def _open_mask(
    workspace: Workspace, manifest: SegmentationManifest, threshold: float, value: int
) -> ThresholdedMask:
    values = tuple(each.value for each in manifest.classes)
    if value not in values:
        raise InputError(f"{manifest.name!r} has no class {value}; it has {', '.join(map(str, values))}.")
    probability = workspace.open_probability(manifest.id)
    return ThresholdedMask(probability, threshold=threshold, class_values=values)


def _grid(manifest: SegmentationManifest) -> tuple[str, tuple[int, int, int], int]:
    return manifest.tomogram_id, manifest.shape, manifest.first_slice


def _voxel_size(workspace: Workspace, manifest: SegmentationManifest) -> VoxelSize | None:
    return workspace.voxel_size_of(manifest)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
