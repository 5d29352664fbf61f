"""How far predictions disagree on each slice of a tomogram, kept beside its labels to say what to label next."""

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sxt.errors import InputError
from sxt.files import atomic_path, write_text_atomically
from sxt.labels import LabelSet, Region, SliceKey, Suggestion, rank_slices
from sxt.labels.volume import ByteVolume

SCORES_FILE = "disagreement.json"
MAPS_PREFIX = "disagreement-"
TOKEN_BYTES = 4
Corner = tuple[int, int]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class ScoredSlice(BaseModel):
    """One slice along z: the mean disagreement of each class, and the squares where it is largest."""

    model_config = ConfigDict(frozen=True)

    z: int
    scores: tuple[Share, ...]
    regions: tuple[tuple[Corner, Corner], ...] = ()


class DisagreementScores(BaseModel):
    """What was compared, in words, and what came of it on the slices that were looked at.

    ``maps`` names the folder with the disagreement of each voxel, where it cannot be had from ``segmentations``.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    segmentations: tuple[str, ...] = ()
    slices: tuple[ScoredSlice, ...]
    maps: Annotated[str, StringConstraints(pattern=rf"^({MAPS_PREFIX}[0-9a-f]+)?$")] = ""

    def of_all(self, n_slices: int) -> np.ndarray:
        """Return scores (c, z) of all slices; those in between were not looked at and are interpolated."""
        at = [each.z for each in self.slices]
        known = np.array([each.scores for each in self.slices]).T  # (c, k)
        return np.stack([np.interp(np.arange(n_slices), at, row) for row in known])

    def regions_of(self, z: int) -> tuple[tuple[Corner, Corner], ...]:
        """Return the squares of a slice that are worth a look."""
        return next((each.regions for each in self.slices if each.z == z), ())


def corners(regions: Sequence[Region]) -> tuple[tuple[Corner, Corner], ...]:
    """Return regions as pairs of corners."""
    return tuple((each.start, each.stop) for each in regions)


def write_scores(labels: LabelSet, scores: DisagreementScores) -> None:
    """Keep scores beside the labels, in place of older ones and their maps."""
    with labels.lock():
        try:
            old = read_scores(labels)
        except InputError:
            old = None
        write_text_atomically(_path(labels), scores.model_dump_json())
        if old is not None and old.maps not in ("", scores.maps):
            shutil.rmtree(labels.folder / old.maps, ignore_errors=True)


@contextmanager
def new_maps(labels: LabelSet) -> Iterator[tuple[str, ByteVolume]]:
    """Give room for the disagreement of each voxel, 255 for the largest there can be, and its name in the scores.

    The maps are there once the block ends without an error.
    """
    name = f"{MAPS_PREFIX}{secrets.token_hex(TOKEN_BYTES)}"
    with atomic_path(labels.folder / name) as temporary:
        yield name, ByteVolume.create(temporary, labels.shape, fill_value=0, scratch=labels.scratch)


def read_map(labels: LabelSet, scores: DisagreementScores, z: int) -> np.ndarray:
    """Return the disagreement of each voxel of a slice along z, (y, x) uint8.

    Raises
    ------
    InputError
        Where it was not looked at, or not kept.
    """
    if not scores.maps or z not in {each.z for each in scores.slices}:
        raise InputError(f"Slice z {z} was not looked at when the slices were ranked; go to one that was.")
    return ByteVolume(labels.folder / scores.maps, scratch=labels.scratch).read_slice(SliceKey("z", z))


def read_scores(labels: LabelSet) -> DisagreementScores | None:
    """Return the scores kept beside the labels, or None where nothing was compared yet.

    Raises
    ------
    InputError
        Where they are damaged.
    """
    try:
        return DisagreementScores.model_validate_json(_path(labels).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise InputError(f"{_path(labels)} is damaged; rank the slices again.") from error


def suggest_slices(
    labels: LabelSet, scores: DisagreementScores, labelled: Sequence[int], *, n_wanted: int = 5
) -> tuple[Suggestion, ...]:
    """Return the slices to label next, best first; labelled and held-out ones are left out."""
    n_slices = labels.shape[0]
    return rank_slices(scores.of_all(n_slices), labelled, n_wanted=n_wanted, excluded=labels.hold_out.list())


def _path(labels: LabelSet) -> Path:
    return labels.folder / SCORES_FILE
