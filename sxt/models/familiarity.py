"""What a model version was trained on, as a cloud of features; see `sxt.segment.familiarity`."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sxt.errors import ModelError


@dataclass(frozen=True)
class Familiarity:
    """Features of the training tomograms: their centre, how they scatter, and how far is too far.

    Parameters
    ----------
    names : tuple of str
        Of the features.
    centre : tuple of float
    whitening : tuple of tuple of float
        Matrix (n, n) that brings deviations from the centre to the unit sphere.
    limit : float
        Distance beyond which a tomogram is unlike the training data.
    taught : tuple of tuple of float
        Features of tomograms that a version was fine-tuned on; what is as near to one of them as the limit is known.
    """

    names: tuple[str, ...]
    centre: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]
    limit: float
    taught: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        n = len(self.names)
        shapes = [len(self.centre), len(self.whitening), *map(len, self.whitening), *map(len, self.taught)]
        numbers = [*self.centre, self.limit, *(v for row in (*self.whitening, *self.taught) for v in row)]
        if not n or any(length != n for length in shapes):
            raise ModelError(
                "The familiarity of a model version has features, centre and matrix of unlike sizes."
            )
        if not all(isinstance(v, int | float) and math.isfinite(v) for v in numbers) or self.limit <= 0:
            raise ModelError("The familiarity of a model version holds values that are not usable numbers.")

    def distance(self, features: np.ndarray) -> float:
        """Return how far features (n,) lie from those trained on, in deviations of these."""
        matrix = np.array(self.whitening)
        centres = np.array([self.centre, *self.taught])
        return float(np.linalg.norm((np.asarray(features) - centres) @ matrix.T, axis=1).min())

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able values; `from_json` is its inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Familiarity":
        """Read what `to_json` gives; raises `ModelError` where it is something else."""
        try:
            return cls(
                tuple(str(name) for name in values["names"]),
                tuple(float(v) for v in values["centre"]),
                tuple(tuple(float(v) for v in row) for row in values["whitening"]),
                float(values["limit"]),
                tuple(tuple(float(v) for v in row) for row in values.get("taught", ())),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"The familiarity of a model version cannot be read ({error!r}).") from error
