"""One round of pseudo-labels on disk, beside the human labels: what a model version proposed for some slices."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

import numpy as np

from sxt.errors import InputError, SettingsError
from sxt.labels.files import ScratchFolder, read_bytes, writing
from sxt.labels.packing import pack, unpack
from sxt.labels.values import UNLABELLED, Shape, SliceKey, check_label_slice, slice_box
from sxt.labels.volume import ByteVolume

ROUND_FILE = "round.json"
CLASSES_VOLUME = "classes.zarr"
CONFIDENCE_VOLUME = "confidence.zarr"
EDITS_FOLDER = "edits"
ROUND_SCRATCH = "scratch"


@dataclass(frozen=True)
class RoundInfo:
    """Where a round of pseudo-labels comes from.

    Parameters
    ----------
    number : int
        Counts from 1.
    when : datetime
    by : str
        Who asked for it.
    slices : tuple of int
        Along z, rising.
    confidences : tuple of float
        Mean confidence of each slice's labelled voxels, in [0, 1].
    model, model_sha256 : str
        ``name:version`` and the hash of its weights; empty where a person's labels were propagated.
    temperature : float
        What probabilities were calibrated with.
    note : str
        How it was made: thresholds, and the calibration's sentence.
    reverted_by : str or None
        Who reverted it; its volumes are gone then.
    """

    number: int
    when: datetime
    by: str
    slices: tuple[int, ...]
    confidences: tuple[float, ...]
    model: str = ""
    model_sha256: str = ""
    temperature: float = 1.0
    note: str = ""
    reverted_by: str | None = None

    @property
    def is_reverted(self) -> bool:
        return self.reverted_by is not None

    @property
    def source(self) -> str:
        """The model version, or what else it was made from."""
        return self.model or self.note

    def to_bytes(self) -> bytes:
        """Return the round as JSON."""
        return json.dumps({**asdict(self), "when": self.when.isoformat()}, indent=2).encode()


@dataclass(frozen=True)
class PseudoSlice:
    """Pseudo-labels of one slice (y, x): uint8 classes, 255 where uncertain, and uint8 confidence."""

    labels: np.ndarray
    confidence: np.ndarray

    @property
    def mean_confidence(self) -> float:
        """Mean confidence of the labelled voxels, in [0, 1]; 0 where there is none."""
        known = self.confidence[self.labels != UNLABELLED]
        return float(known.mean()) / 255.0 if known.size else 0.0


class RoundFolder:
    """The files of a round."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._scratch = ScratchFolder(path / ROUND_SCRATCH)

    def create(self, shape: Shape) -> None:
        """Make empty volumes."""
        ByteVolume.create(self.path / CLASSES_VOLUME, shape, fill_value=UNLABELLED, scratch=self._scratch)
        ByteVolume.create(self.path / CONFIDENCE_VOLUME, shape, fill_value=0, scratch=self._scratch)

    def write(self, z: int, pseudo: PseudoSlice) -> None:
        """Store a slice of a round in the making."""
        key = SliceKey("z", z)
        for name, values in ((CLASSES_VOLUME, pseudo.labels), (CONFIDENCE_VOLUME, pseudo.confidence)):
            volume = ByteVolume(self.path / name, scratch=self._scratch)
            shape = volume.shape[1:]
            if values.shape != shape or values.dtype != np.uint8:
                raise SettingsError(
                    f"Pseudo-labels of slice {key} are {values.shape} {values.dtype}, but slices are {shape} uint8."
                )
            volume.write_box(slice_box(volume.shape, key), values[None])

    def read(self, z: int) -> PseudoSlice:
        """Return a slice as the model gave it, or as a person edited it."""
        key = SliceKey("z", z)
        volume = ByteVolume(self.path / CLASSES_VOLUME, scratch=self._scratch)
        edited = read_bytes(self._edit_path(z))
        if edited is None:
            confidence = ByteVolume(self.path / CONFIDENCE_VOLUME, scratch=self._scratch)
            return PseudoSlice(volume.read_slice(key), confidence.read_slice(key))
        try:
            both = np.frombuffer(unpack(edited), np.uint8).reshape(2, *volume.shape[1:])  # (2, y, x)
        except ValueError as error:
            raise InputError(
                f"{self._edit_path(z)} is damaged ({error}); edit the slice again after removing it."
            ) from error
        return PseudoSlice(both[0].copy(), both[1].copy())

    def write_edit(self, z: int, labels: np.ndarray) -> PseudoSlice:
        """Store a slice as a person corrected it; what they changed is certain. Whole or not at all."""
        old = self.read(z)
        check_label_slice(labels, (old.labels.shape[0], old.labels.shape[1]))
        new = PseudoSlice(labels, np.where(labels == old.labels, old.confidence, np.uint8(255)))
        self._scratch.replace(self._edit_path(z), pack(np.stack([new.labels, new.confidence]).tobytes()))
        return new

    def read_info(self) -> RoundInfo | None:
        """Return where the round comes from; None where there is none."""
        content = read_bytes(self.path / ROUND_FILE)
        if content is None:
            return None
        try:
            stored = {key: value for key, value in json.loads(content).items() if key in _FIELDS}
            stored.update(
                when=datetime.fromisoformat(stored["when"]),
                slices=tuple(stored["slices"]),
                confidences=tuple(stored["confidences"]),
            )
            return RoundInfo(**stored)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                f"{self.path / ROUND_FILE} is damaged ({error}); restore it from a backup."
            ) from error

    def write_info(self, info: RoundInfo) -> None:
        """Replace what is known of the round."""
        self._scratch.replace(self.path / ROUND_FILE, info.to_bytes())

    def remove_volumes(self) -> None:
        """Delete the labels of a reverted round; what it was stays known."""
        with writing(self.path):
            for name in (CLASSES_VOLUME, CONFIDENCE_VOLUME, EDITS_FOLDER, ROUND_SCRATCH):
                shutil.rmtree(self.path / name, ignore_errors=True)

    def _edit_path(self, z: int) -> Path:
        return self.path / EDITS_FOLDER / str(z)


_FIELDS = frozenset(field.name for field in fields(RoundInfo))


def list_rounds(root: Path) -> Iterator[RoundInfo]:
    """Yield the rounds below a folder in the order they were made."""
    names = [each.name for each in root.iterdir()] if root.exists() else []
    for number in sorted(int(name) for name in names if name.isdecimal()):
        info = RoundFolder(root / str(number)).read_info()
        if info is not None:
            yield info
